"""What a customer means to buy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tiny_shop.catalogue import Catalogue, Product
from tiny_shop.money import Money, total


@dataclass(frozen=True, slots=True)
class CartLine:
    """A product and how many pieces of it."""

    product: Product
    quantity: int

    @property
    def price(self) -> Money:
        return self.product.price * self.quantity


class Cart:
    """Lines in the order in which the products were first added."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._quantities: dict[str, int] = {}

    def add(self, sku: str, quantity: int = 1) -> None:
        """Add pieces of a product; UnknownProduct when the catalogue does not have it."""
        if quantity < 1:
            raise ValueError("a quantity is at least 1")
        product = self._catalogue.find(sku)
        self._quantities[product.sku] = self._quantities.get(product.sku, 0) + quantity

    def remove(self, sku: str) -> None:
        """Take a product out, however many pieces there were; it need not be there."""
        self._quantities.pop(sku, None)

    def lines(self) -> Iterator[CartLine]:
        """Yield a line for each product."""
        for sku, quantity in self._quantities.items():
            yield CartLine(self._catalogue.find(sku), quantity)

    @property
    def subtotal(self) -> Money:
        """What the lines cost before any pricing rule."""
        return total(line.price for line in self.lines())

    @property
    def is_empty(self) -> bool:
        return not self._quantities

    def clear(self) -> None:
        self._quantities.clear()
