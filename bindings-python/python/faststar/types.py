"""The types of what calls are given: ``from faststar.types import LineItemParams``.

The fields have the wire's names. Amounts are ints in the currency's smallest unit: 999 is 9.99 USD.
Where a type lists texts, any other text is taken too: FastStar may know more than this version.
"""

from __future__ import annotations

import datetime
from typing import Literal, TypedDict, Union

#: What a session is for.
Mode = Union[Literal["payment", "subscription", "setup"], str]
#: How the buyer sees the cashier: an overlay, or a redirect of the whole page.
Presentation = Union[Literal["iframe", "link"], str]
#: Where a session is in its life.
SessionStatus = Union[Literal["open", "complete", "expired"], str]
#: Whether a session's money has come.
PaymentStatus = Union[Literal["unpaid", "paid", "no_payment_required"], str]
#: Whether a price is charged once or again and again.
PriceType = Union[Literal["one_time", "recurring"], str]
#: The unit of a recurring price's period.
Interval = Union[Literal["day", "week", "month", "year"], str]
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
#: What happened, in an event.
EventType = Union[
    Literal[
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
    ],
    str,
]


class LineItemParams(TypedDict, total=False):
    """What a session sells: a price or a product of the catalog, or an ad hoc amount.

    A Merchant of Record references the catalog; ad hoc amounts are for Direct merchants only.
    """

    price_id: str
    product_id: str
    quantity: int
    ad_hoc_amount: int
    ad_hoc_currency: str
    description: str


class _SessionRequired(TypedDict):
    mode: Mode
    presentation: Presentation


class CreateSessionParams(_SessionRequired, total=False):
    """The fields of a new session."""

    line_items: list[LineItemParams]
    customer_email: str
    success_url: str
    cancel_url: str
    buyer_country: str
    client_reference_id: str


class _ProductRequired(TypedDict):
    name: str


class CreateProductParams(_ProductRequired, total=False):
    """The fields of a new product."""

    description: str
    tax_category: str
    images: list[str]
    metadata: dict[str, str]


class _PriceRequired(TypedDict):
    product_id: str
    currency: str
    unit_amount: int


class CreatePriceParams(_PriceRequired, total=False):
    """The fields of a new price; ``recurring`` needs a ``recurring_interval``."""

    type: PriceType
    recurring_interval: Interval
    recurring_interval_count: int
    trial_period_days: int


class _CartLineRequired(TypedDict):
    unit_amount: int
    quantity: int


class CartLineParams(_CartLineRequired, total=False):
    """A line of a cart for `faststar.quote`; the rate is looked up where none is given."""

    tax_rate_ppm: int
    tax_category: str
    currency: str


class _CartRequired(TypedDict):
    currency: str
    lines: list[CartLineParams]


class CartParams(_CartRequired, total=False):
    """A cart for `faststar.quote`.

    ``country`` is ISO 3166-1 alpha-2 and not needed where each line has a rate; ``region`` is the
    part of ISO 3166-2 after the hyphen, ``CA`` of ``US-CA``; ``behaviour`` is the place's own where
    it is not given, ``rounding`` is ``per_line_half_up``, ``as_of`` is today.
    """

    country: str
    region: str
    behaviour: Behaviour
    rounding: Rounding
    as_of: Union[datetime.date, str]
