"""Sell through FastStar Pay's checkout sessions.

::

    from faststar import FastStar

    client = FastStar()  # FASTSTAR_API_KEY
    created = client.checkout.sessions.create(
        mode="payment",
        presentation="iframe",
        line_items=[{"price_id": "price_xxx", "quantity": 1}],
        success_url="https://yoursite.com/success",
        cancel_url="https://yoursite.com/cancel",
    )
    created.url  # for the buyer's browser

Amounts are ints in the currency's smallest unit: 999 is 9.99 USD. Everything that fails raises a
`FastStarError` that names the place of the mistake, ``line_items[2].quantity``, and what to do.
Fulfil on the webhook ``payment.succeeded`` (see `Webhook`), and on nothing else.
"""

from __future__ import annotations

from ._client import Catalog, Checkout, FastStar, Page, Prices, Products, Sessions
from ._errors import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    FastStarError,
    InternalError,
    NotFoundError,
    PaymentError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    SignatureVerificationError,
    UnexpectedResponseError,
    ValidationError,
)
from ._faststar import (
    CreatedSession,
    Event,
    LineItem,
    Payment,
    Price,
    Product,
    Quote,
    QuoteLine,
    QuoteTax,
    Session,
    __version__,
)
from ._hooks import RequestInfo, ResponseInfo
from ._offline import (
    CashierUrl,
    Money,
    TaxRate,
    check_cashier_url,
    check_session,
    quote,
    quote_session,
    return_outcome,
    tax_rate,
)
from ._payment_check import PaymentCheck, check_payment
from ._webhook import Webhook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._async_client import (
        AsyncCatalog,
        AsyncCheckout,
        AsyncFastStar,
        AsyncPage,
        AsyncPages,
        AsyncPrices,
        AsyncProducts,
        AsyncSessions,
    )

__all__ = [
    "APIConnectionError",
    "APITimeoutError",
    "AsyncCatalog",
    "AsyncCheckout",
    "AsyncFastStar",
    "AsyncPage",
    "AsyncPages",
    "AsyncPrices",
    "AsyncProducts",
    "AsyncSessions",
    "AuthenticationError",
    "CashierUrl",
    "Catalog",
    "Checkout",
    "ConfigurationError",
    "ConflictError",
    "CreatedSession",
    "Event",
    "FastStar",
    "FastStarError",
    "InternalError",
    "LineItem",
    "Money",
    "NotFoundError",
    "Page",
    "Payment",
    "PaymentCheck",
    "PaymentError",
    "PermissionDeniedError",
    "Price",
    "Prices",
    "Product",
    "Products",
    "Quote",
    "QuoteLine",
    "QuoteTax",
    "RateLimitError",
    "RequestInfo",
    "ResponseInfo",
    "ServerError",
    "Session",
    "Sessions",
    "SignatureVerificationError",
    "TaxRate",
    "UnexpectedResponseError",
    "ValidationError",
    "Webhook",
    "__version__",
    "check_cashier_url",
    "check_payment",
    "check_session",
    "quote",
    "quote_session",
    "return_outcome",
    "tax_rate",
]


def __getattr__(name: str) -> object:
    # asyncio takes longer to import than all the rest, so only who asks for it waits for it.
    if name in __all__:
        from . import _async_client

        value: object = getattr(_async_client, name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
