"""Finding products."""

import pytest

from tiny_shop.catalogue import Catalogue
from tiny_shop.errors import UnknownProduct


def test_a_product_is_found_by_its_number(catalogue: Catalogue) -> None:
    assert catalogue.find("CUP-1").name == "Cup"


def test_an_unknown_number_says_which_one(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownProduct, match="no product with the number NOPE"):
        catalogue.find("NOPE")


@pytest.mark.parametrize(("words", "found"), [("tea", 2), ("TEA pot", 1), ("coffee", 0)])
def test_search_needs_every_word(catalogue: Catalogue, words: str, found: int) -> None:
    assert len(catalogue.search(words)) == found


def test_tagged_products_keep_their_order(catalogue: Catalogue) -> None:
    assert [product.sku for product in catalogue.tagged("tea")] == ["TEA-1", "TEA-2", "POT-1"]
