"""The types of what calls are given: ``from faststar.types import LineItemParams``.

The fields have the wire's names. Amounts are ints in the currency's smallest unit: 999 is 9.99 USD.
``None`` for an optional field is the same as leaving it out.

What you write is closed, so that a type checker finds a typing error: to send a value that this
version does not know, ``cast`` it. What comes back is open: any other text may come.
"""

from __future__ import annotations

import datetime

from ._typing import (
    Any,
    Callable,
    Iterable,
    Literal,
    Mapping,
    Optional,
    Sequence,
    TypedDict,
    Union,
)

#: What a client takes as ``event_hooks``: functions of a `faststar.RequestInfo` and of a
#: `faststar.ResponseInfo`.
EventHooks = Mapping[Literal["request", "response"], Iterable[Callable[[Any], object]]]

#: What a merchant is: ``"mor"`` sells through FastStar as the Merchant of Record.
MerchantKind = Literal["direct", "mor"]
#: What a session is for.
Mode = Literal["payment", "subscription", "setup"]
#: How the buyer sees the cashier: an overlay, or a redirect of the whole page.
Presentation = Literal["iframe", "link"]
#: Where a session is in its life.
SessionStatus = Union[Literal["open", "complete", "expired"], str]
#: Whether a session's money has come.
PaymentStatus = Union[Literal["unpaid", "paid", "no_payment_required"], str]
#: Whether a price is charged once or again and again.
PriceType = Literal["one_time", "recurring"]
#: The unit of a recurring price's period.
Interval = Literal["day", "week", "month", "year"]
#: Whether a price contains the tax or the tax comes on top.
Behaviour = Literal["inclusive", "exclusive"]
#: What is rounded to whole units, and which way a tie goes.
Rounding = Literal[
    "per_line_half_up", "per_rate_half_up", "per_line_half_even", "per_rate_half_even"
]
#: What a payment is to an order.
PaymentVerdict = Literal[
    "paid", "underpaid", "overpaid", "other_currency", "unknown_order", "session_needed"
]
#: What can happen, as far as this version knows.
KnownEventType = Literal[
    "payment.succeeded",
    "payment.failed",
    "payment.canceled",
    "payment.refunded",
    "refund.succeeded",
    "subscription.created",
    "subscription.updated",
    "subscription.canceled",
    "invoice.paid",
    "invoice.payment_failed",
    "dispute.created",
    "dispute.updated",
    "dispute.closed",
    "settlement.succeeded",
]
#: What happened, in an event that came.
EventType = Union[KnownEventType, str]
#: A date: a `datetime.date`, or a text such as ``2026-11-22``.
Day = Union[datetime.date, str]
#: Which way a buyer came back.
Outcome = Literal["success", "cancel", "other"]
#: The raw body of a request.
Body = Union[bytes, bytearray, memoryview, str]
#: A header's value: a text, bytes, or the list of them that some frameworks give.
HeaderValue = Union[str, bytes, Sequence[Union[str, bytes]], None]
#: A webhook secret, or several while one is replaced.
Secrets = Union[str, bytes, Iterable[Union[str, bytes]]]


class LineItemParams(TypedDict, total=False):
    """What a session sells: a price or a product of the catalog, or an ad hoc amount.

    A Merchant of Record references the catalog; ad hoc amounts are for Direct merchants only.
    """

    price_id: Optional[str]
    product_id: Optional[str]
    quantity: Optional[int]
    ad_hoc_amount: Optional[int]
    ad_hoc_currency: Optional[str]
    description: Optional[str]


class _SessionRequired(TypedDict):
    mode: Mode
    presentation: Presentation


class CreateSessionParams(_SessionRequired, total=False):
    """The fields of a new session."""

    line_items: Optional[Sequence[LineItemParams]]
    customer_email: Optional[str]
    success_url: Optional[str]
    cancel_url: Optional[str]
    buyer_country: Optional[str]
    client_reference_id: Optional[str]


class _ProductRequired(TypedDict):
    name: str


class CreateProductParams(_ProductRequired, total=False):
    """The fields of a new product."""

    description: Optional[str]
    tax_category: Optional[str]
    images: Optional[Sequence[str]]
    metadata: Optional[Mapping[str, str]]


class _PriceRequired(TypedDict):
    product_id: str
    currency: str
    unit_amount: int


class CreatePriceParams(_PriceRequired, total=False):
    """The fields of a new price; ``recurring`` needs a ``recurring_interval``."""

    type: Optional[PriceType]
    recurring_interval: Optional[Interval]
    recurring_interval_count: Optional[int]
    trial_period_days: Optional[int]


class _CartLineRequired(TypedDict):
    unit_amount: int
    quantity: int


class CartLineParams(_CartLineRequired, total=False):
    """A line of a cart for `faststar.quote`; the rate is looked up where none is given."""

    tax_rate_ppm: Optional[int]
    tax_category: Optional[str]
    currency: Optional[str]


class _CartRequired(TypedDict):
    currency: str
    lines: Sequence[CartLineParams]


class CartParams(_CartRequired, total=False):
    """A cart for `faststar.quote`.

    ``country`` is ISO 3166-1 alpha-2 and not needed where each line has a rate; ``region`` is the
    part of ISO 3166-2 after the hyphen, ``CA`` of ``US-CA``; ``behaviour`` is the place's own where
    it is not given, ``rounding`` is ``per_line_half_up``, ``as_of`` is today.
    """

    country: Optional[str]
    region: Optional[str]
    behaviour: Optional[Behaviour]
    rounding: Optional[Rounding]
    as_of: Optional[Day]
