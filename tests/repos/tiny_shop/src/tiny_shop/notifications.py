"""Telling customers what happens to their orders."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiny_shop.orders import Order

Listener = Callable[["Order"], None]


@dataclass(slots=True)
class Outbox:
    """Messages that wait to be sent."""

    messages: list[str] = field(default_factory=list)

    def order_placed(self, order: Order) -> None:
        """Queue the confirmation of an order."""
        self.messages.append(f"Order {order.number} over {order.quote.total} is confirmed.")

    # TODO: send messages in batches once there are more than a few.
    async def drain(self) -> AsyncIterator[str]:
        """Yield the waiting messages, oldest first, and forget each as it goes."""
        while self.messages:
            yield self.messages.pop(0)


async def send_all(outbox: Outbox, send: Callable[[str], None]) -> int:
    """Send every waiting message and return how many there were."""
    count = 0
    async for message in outbox.drain():
        send(message)
        count += 1
    return count
