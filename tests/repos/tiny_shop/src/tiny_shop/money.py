"""Amounts of money, exact to the cent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True, order=True, slots=True)
class Money:
    """An amount in euros. Amounts are rounded half up, once, when they are made."""

    amount: Decimal

    @classmethod
    def of(cls, amount: str | int | Decimal) -> Money:
        """Make an amount from text, a whole number or a decimal."""
        return cls(Decimal(amount).quantize(CENT, rounding=ROUND_HALF_UP))

    @property
    def is_zero(self) -> bool:
        return self.amount == 0

    def percent(self, rate: int | Decimal) -> Money:
        """Return `rate` per cent of this amount."""
        return Money.of(self.amount * Decimal(rate) / 100)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + other.amount)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - other.amount)

    def __mul__(self, count: int) -> Money:
        return Money(self.amount * count)

    def __str__(self) -> str:
        return f"{self.amount:.2f} €"


ZERO = Money.of(0)


def total(amounts: Iterable[Money]) -> Money:
    """Add up any number of amounts; none at all make zero."""
    result = ZERO
    for amount in amounts:
        result = result + amount
    return result
