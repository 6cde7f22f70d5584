"""What most tests need: a catalogue, a cart over it and a stock."""

import pytest

from tiny_shop.cart import Cart
from tiny_shop.catalogue import Catalogue, sample_catalogue
from tiny_shop.inventory import Inventory


@pytest.fixture
def catalogue() -> Catalogue:
    return sample_catalogue()


@pytest.fixture
def cart(catalogue: Catalogue) -> Cart:
    return Cart(catalogue)


@pytest.fixture
def inventory() -> Inventory:
    return Inventory({"TEA-1": 10, "TEA-2": 2, "CUP-1": 5, "POT-1": 1})
