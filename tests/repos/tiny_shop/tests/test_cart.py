"""Putting things into the cart and taking them out."""

import pytest

from tiny_shop.cart import Cart
from tiny_shop.money import ZERO, Money


def test_adding_twice_makes_one_line(cart: Cart) -> None:
    cart.add("TEA-1")
    cart.add("TEA-1", 2)
    (line,) = cart.lines()
    assert line.quantity == 3
    assert line.price == Money.of("13.50")


def test_removing_takes_all_pieces(cart: Cart) -> None:
    cart.add("CUP-1", 4)
    cart.remove("CUP-1")
    assert cart.is_empty
    assert cart.subtotal == ZERO


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_below_one_is_refused(cart: Cart, quantity: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        cart.add("CUP-1", quantity)
