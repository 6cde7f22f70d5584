"""A small shop in plain Python: what is sold, what it costs and how it is paid."""

from tiny_shop.cart import Cart
from tiny_shop.catalogue import Catalogue, Product
from tiny_shop.money import Money
from tiny_shop.orders import Order, OrderService

__all__ = ["Cart", "Catalogue", "Money", "Order", "OrderService", "Product"]
