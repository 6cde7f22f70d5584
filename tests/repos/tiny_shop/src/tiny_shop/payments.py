"""Taking money: one protocol, and two providers that follow it."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from tiny_shop.errors import PaymentDeclined, ProviderUnreachable
from tiny_shop.money import Money
from tiny_shop.retry import retry


class PaymentStatus(Enum):
    PAID = "paid"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider's word that a payment was taken or is on its way."""

    reference: str
    amount: Money
    status: PaymentStatus


class PaymentProvider(Protocol):
    """Whoever takes the customer's money."""

    async def charge(self, order_number: str, amount: Money) -> Receipt:
        """Take an amount for an order. PaymentDeclined or ProviderUnreachable when it fails."""
        ...


class CardProvider:
    """Charges a card at once, up to a limit."""

    def __init__(self, limit: Money) -> None:
        self.limit = limit

    async def charge(self, order_number: str, amount: Money) -> Receipt:
        if amount > self.limit:
            raise PaymentDeclined(f"{amount} is over the card's limit of {self.limit}")
        return Receipt(f"card-{order_number}", amount, PaymentStatus.PAID)


class InvoiceProvider:
    """Sends an invoice; the money arrives later."""

    def __init__(self, *, days: int = 14) -> None:
        self.days = days

    async def charge(self, order_number: str, amount: Money) -> Receipt:
        return Receipt(f"invoice-{order_number}-{self.days}", amount, PaymentStatus.PENDING)


@retry(attempts=3, on=ProviderUnreachable)
async def collect(provider: PaymentProvider, order_number: str, amount: Money) -> Receipt:
    """Charge an amount through a provider, trying again while it can't be reached."""
    return await provider.charge(order_number, amount)


def describe(receipt: Receipt) -> str:
    """Say in one line what became of a payment."""
    match receipt.status:
        case PaymentStatus.PAID:
            return f"{receipt.amount} paid ({receipt.reference})"
        case PaymentStatus.PENDING:
            return f"{receipt.amount} due ({receipt.reference})"
