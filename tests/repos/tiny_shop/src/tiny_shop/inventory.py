"""How many pieces of each product there are, and who has them reserved."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tiny_shop.cart import Cart
from tiny_shop.errors import OutOfStock


class Inventory:
    """Pieces in stock by product number."""

    def __init__(self, stock: Mapping[str, int]) -> None:
        self._stock = dict(stock)

    def available(self, sku: str) -> int:
        """Return how many pieces can still be sold; none of a product that was never stocked."""
        return self._stock.get(sku, 0)

    def restock(self, sku: str, quantity: int) -> None:
        self._stock[sku] = self.available(sku) + quantity

    def take(self, sku: str, quantity: int) -> None:
        """Take pieces out of the stock, or raise OutOfStock and take none."""
        available = self.available(sku)
        if quantity > available:
            raise OutOfStock(sku, quantity, available)
        self._stock[sku] = available - quantity

    @contextmanager
    def reserved(self, cart: Cart) -> Iterator[None]:
        """Hold a cart's pieces while the block runs; they go back when it raises."""
        taken: list[tuple[str, int]] = []
        try:
            for line in cart.lines():
                self.take(line.product.sku, line.quantity)
                taken.append((line.product.sku, line.quantity))
            yield
        except BaseException:
            for sku, quantity in taken:
                self.restock(sku, quantity)
            raise

    # FIXME: two threads that reserve the same piece at once can both succeed.
    def low(self, threshold: int = 3) -> list[str]:
        """Return the numbers of the products that are running out, sorted."""
        return sorted(sku for sku, pieces in self._stock.items() if pieces < threshold)
