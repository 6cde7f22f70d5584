"""Everything that can go wrong in the shop, as one family of exceptions."""


class ShopError(Exception):
    """The base of every error that the shop raises on purpose."""


class UnknownProduct(ShopError):
    """A product was asked for that the catalogue does not have."""

    def __init__(self, sku: str) -> None:
        super().__init__(f"no product with the number {sku}")
        self.sku = sku


class OutOfStock(ShopError):
    """More pieces were asked for than there are."""

    def __init__(self, sku: str, wanted: int, available: int) -> None:
        super().__init__(f"{wanted} of {sku} wanted, {available} available")
        self.sku = sku
        self.wanted = wanted
        self.available = available


class EmptyCart(ShopError):
    """An order was placed for a cart without lines."""


class PaymentError(ShopError):
    """A payment did not go through."""


class PaymentDeclined(PaymentError):
    """The provider refused the payment for good; trying again will not help."""


class ProviderUnreachable(PaymentError):
    """The provider did not answer; the payment may be tried again."""
