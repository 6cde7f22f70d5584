"""From a cart to a paid order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count

from tiny_shop.cart import Cart, CartLine
from tiny_shop.errors import EmptyCart
from tiny_shop.inventory import Inventory
from tiny_shop.notifications import Listener
from tiny_shop.payments import PaymentProvider, Receipt, collect
from tiny_shop.pricing import PricingRule, Quote, quote


@dataclass(frozen=True, slots=True)
class Order:
    """A cart as it was when it was paid for."""

    number: str
    day: date
    lines: tuple[CartLine, ...]
    quote: Quote
    receipt: Receipt


@dataclass
class OrderService:
    """Places orders: reserves the pieces, takes the money, tells the listeners.

    When any step fails, no piece is taken and the cart stays as it was.
    """

    inventory: Inventory
    provider: PaymentProvider
    rules: Sequence[PricingRule] = ()
    listeners: list[Listener] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=lambda: count(1), init=False, repr=False)

    def subscribe(self, listener: Listener) -> None:
        """Have a function called with every order that is placed."""
        self.listeners.append(listener)

    async def place(self, cart: Cart, day: date) -> Order:
        """Turn a cart into an order and empty it."""
        if cart.is_empty:
            raise EmptyCart("there is nothing in the cart")
        number = f"{day:%Y%m%d}-{next(self._numbers):04d}"
        priced = quote(cart, self.rules)
        with self.inventory.reserved(cart):
            receipt = await collect(self.provider, number, priced.total)
        order = Order(number, day, tuple(cart.lines()), priced, receipt)
        cart.clear()
        self._announce(order)
        return order

    def _announce(self, order: Order) -> None:
        for listener in self.listeners:
            listener(order)
