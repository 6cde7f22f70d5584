"""The products on sale and how to find them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tiny_shop.errors import UnknownProduct
from tiny_shop.money import Money


@dataclass(frozen=True, slots=True)
class Product:
    """One thing on sale. `sku` is the number that identifies it everywhere in the shop."""

    sku: str
    name: str
    price: Money
    tags: frozenset[str] = field(default_factory=frozenset)


class Catalogue:
    """All products by their number."""

    def __init__(self, products: Iterable[Product] = ()) -> None:
        self._products: dict[str, Product] = {}
        for product in products:
            self.add(product)

    def add(self, product: Product) -> None:
        """Put a product on sale; an earlier one with the same number is replaced."""
        self._products[product.sku] = product

    def find(self, sku: str) -> Product:
        """Return the product with this number, or raise UnknownProduct."""
        try:
            return self._products[sku]
        except KeyError:
            raise UnknownProduct(sku) from None

    def tagged(self, tag: str) -> Iterator[Product]:
        """Yield the products that carry a tag, in the order in which they were added."""
        for product in self._products.values():
            if tag in product.tags:
                yield product

    # TODO: search should ignore accents, so that "creme" finds "Crème".
    def search(self, words: str) -> list[Product]:
        """Return the products whose names contain every word, whatever the case."""
        wanted = words.lower().split()
        return [p for p in self._products.values() if all(w in p.name.lower() for w in wanted)]

    def __len__(self) -> int:
        return len(self._products)

    def __contains__(self, sku: str) -> bool:
        return sku in self._products


def sample_catalogue() -> Catalogue:
    """A catalogue to try things out with."""
    tea = frozenset({"tea"})
    return Catalogue(
        [
            Product("TEA-1", "Crème de thé 🍵", Money.of("4.50"), tea),
            Product("TEA-2", "Green tea", Money.of("3.20"), tea),
            Product("CUP-1", "Cup", Money.of("12.00"), frozenset({"kitchen"})),
            Product("POT-1", "Tea pot", Money.of("38.90"), frozenset({"kitchen", "tea"})),
        ]
    )
