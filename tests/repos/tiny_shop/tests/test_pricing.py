"""Discounts and shipping."""

from tiny_shop.cart import Cart
from tiny_shop.money import ZERO, Money
from tiny_shop.pricing import (
    FREE_SHIPPING_FROM,
    SHIPPING,
    BuyTwoGetOneFree,
    PercentOff,
    Voucher,
    quote,
    shipping_for,
)


def test_percent_off_counts_only_tagged_products(cart: Cart) -> None:
    cart.add("TEA-2", 5)
    cart.add("CUP-1")
    assert PercentOff("tea", 10).discount(cart) == Money.of("1.60")


def test_every_third_piece_is_free(cart: Cart) -> None:
    cart.add("TEA-1", 7)
    assert BuyTwoGetOneFree("TEA-1").discount(cart) == Money.of("9.00")


def test_a_voucher_never_exceeds_the_cart(cart: Cart) -> None:
    cart.add("TEA-2")
    priced = quote(cart, [Voucher("WELCOME", Money.of(10))])
    assert priced.discount == Money.of("3.20")
    assert priced.total == SHIPPING


def test_shipping_is_free_from_the_threshold_on() -> None:
    assert shipping_for(FREE_SHIPPING_FROM) == ZERO


def test_shipping_costs_below_the_threshold() -> None:
    assert shipping_for(Money.of("49.99")) == SHIPPING
