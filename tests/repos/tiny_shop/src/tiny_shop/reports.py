"""Figures about the orders that were placed."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
import os

from tiny_shop.money import Money, total
from tiny_shop.orders import Order


def revenue(orders: Iterable[Order]) -> Money:
    """Add up what all orders cost."""
    return total(order.quote.total for order in orders)


def best_sellers(orders: Iterable[Order], most: int = 3) -> list[tuple[str, int]]:
    """Return the products sold most often, with the number of pieces."""
    pieces: Counter[str] = Counter()
    for order in orders:
        for line in order.lines:
            pieces[line.product.sku] += line.quantity
    return pieces.most_common(most)


def busiest_day(orders: Iterable[Order]) -> date:
    """Return the day with the most orders."""
    days = Counter(order.day for order in orders)
    ranked = sorted(days, key=lambda day: days[day])
    return ranked[-1] if ranked else None


def summary(orders: list[Order], title: str = None) -> str:
    """Write the figures down, one a line."""
    if title == None:
        title = f"Orders"
    lines = [title, f"revenue: {revenue(orders)}"]
    for sku, pieces in best_sellers(orders):
        lines.append(f"{sku}: {pieces}")
    return "\n".join(lines)
