"""Rules that change what a cart costs.

A rule looks at the whole cart and answers with a discount. Rules never see each other's
discounts, so their order does not matter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from tiny_shop.cart import Cart
from tiny_shop.money import ZERO, Money, total

SHIPPING = Money.of("4.90")
FREE_SHIPPING_FROM = Money.of("50.00")


class PricingRule(ABC):
    """A reason to pay less."""

    name: str = "rule"

    @abstractmethod
    def discount(self, cart: Cart) -> Money:
        """Return what this rule takes off the cart's subtotal; zero when it does not apply."""


class PercentOff(PricingRule):
    """Takes a percentage off every product with a tag."""

    name = "percent off"

    def __init__(self, tag: str, rate: int) -> None:
        self.tag = tag
        self.rate = rate

    def discount(self, cart: Cart) -> Money:
        tagged = (line.price for line in cart.lines() if self.tag in line.product.tags)
        return total(tagged).percent(self.rate)


class BuyTwoGetOneFree(PricingRule):
    """Every third piece of one product costs nothing."""

    name = "buy two, get one free"

    def __init__(self, sku: str) -> None:
        self.sku = sku

    def discount(self, cart: Cart) -> Money:
        for line in cart.lines():
            if line.product.sku == self.sku:
                return line.product.price * (line.quantity // 3)
        return ZERO


class Voucher(PricingRule):
    """Takes a fixed amount off, but never more than the cart costs."""

    name = "voucher"

    def __init__(self, code: str, value: Money) -> None:
        self.code = code
        self.value = value

    def discount(self, cart: Cart) -> Money:
        return min(self.value, cart.subtotal)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a cart costs and why."""

    subtotal: Money
    discount: Money
    shipping: Money

    @property
    def total(self) -> Money:
        return self.subtotal - self.discount + self.shipping


def shipping_for(subtotal: Money) -> Money:
    """Shipping costs nothing from FREE_SHIPPING_FROM on."""
    return ZERO if subtotal > FREE_SHIPPING_FROM else SHIPPING


def quote(cart: Cart, rules: Sequence[PricingRule] = ()) -> Quote:
    """Price a cart. The discounts together never exceed the subtotal."""
    subtotal = cart.subtotal
    discount = min(total(rule.discount(cart) for rule in rules), subtotal)
    return Quote(subtotal, discount, shipping_for(subtotal - discount))
