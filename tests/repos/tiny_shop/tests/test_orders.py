"""Placing orders, paid and declined."""

import asyncio
from datetime import date

import pytest

from tiny_shop.cart import Cart
from tiny_shop.errors import EmptyCart, OutOfStock, PaymentDeclined
from tiny_shop.inventory import Inventory
from tiny_shop.money import Money
from tiny_shop.notifications import Outbox, send_all
from tiny_shop.orders import OrderService
from tiny_shop.payments import CardProvider, InvoiceProvider, PaymentStatus, describe

DAY = date(2024, 5, 17)


@pytest.fixture
def service(inventory: Inventory) -> OrderService:
    return OrderService(inventory, CardProvider(limit=Money.of(100)))


def test_a_paid_order_empties_the_cart(service: OrderService, cart: Cart) -> None:
    cart.add("CUP-1", 2)
    order = asyncio.run(service.place(cart, DAY))
    assert order.number == "20240517-0001"
    assert describe(order.receipt) == "28.90 € paid (card-20240517-0001)"
    assert cart.is_empty


def test_a_declined_payment_puts_the_pieces_back(service: OrderService, cart: Cart) -> None:
    cart.add("CUP-1", 5)
    cart.add("POT-1")
    service.provider = CardProvider(limit=Money.of(1))
    with pytest.raises(PaymentDeclined):
        asyncio.run(service.place(cart, DAY))
    assert service.inventory.available("CUP-1") == 5
    assert not cart.is_empty


def test_an_empty_cart_is_refused(service: OrderService, cart: Cart) -> None:
    with pytest.raises(EmptyCart):
        asyncio.run(service.place(cart, DAY))


def test_too_many_pieces_are_refused(service: OrderService, cart: Cart) -> None:
    cart.add("TEA-2", 3)
    with pytest.raises(OutOfStock) as caught:
        asyncio.run(service.place(cart, DAY))
    assert (caught.value.wanted, caught.value.available) == (3, 2)


def test_an_invoice_is_pending(service: OrderService, cart: Cart) -> None:
    cart.add("TEA-1")
    service.provider = InvoiceProvider()
    order = asyncio.run(service.place(cart, DAY))
    assert order.receipt.status is PaymentStatus.PENDING


def test_customers_are_told(service: OrderService, cart: Cart) -> None:
    outbox = Outbox()
    service.subscribe(outbox.order_placed)
    cart.add("TEA-1")
    asyncio.run(service.place(cart, DAY))
    sent: list[str] = []
    assert asyncio.run(send_all(outbox, sent.append)) == 1
    assert sent == ["Order 20240517-0001 over 9.40 € is confirmed."]


@pytest.mark.skip(reason="needs an account with a real provider")
def test_a_real_card_is_charged(service: OrderService, cart: Cart) -> None:
    cart.add("TEA-1")
    asyncio.run(service.place(cart, DAY))
