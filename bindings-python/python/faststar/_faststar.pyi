"""The native half of the package. Results are immutable, comparable, hashable and picklable."""

import asyncio
import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, final

from typing_extensions import Self

from .types import (
    Behaviour,
    EventType,
    Interval,
    Mode,
    Outcome,
    PaymentStatus,
    Presentation,
    PriceType,
    Rounding,
    SessionStatus,
)

__all__ = [
    "Bridge",
    "Client",
    "CreatedSession",
    "Cursors",
    "Event",
    "LineItem",
    "Page",
    "Payment",
    "Price",
    "Product",
    "Quote",
    "QuoteLine",
    "QuoteTax",
    "Session",
    "Started",
    "__version__",
    "apply_rule",
    "check_cashier_url",
    "check_payment",
    "check_session",
    "currency_decimals",
    "format_money",
    "parse_money",
    "quote_cart",
    "quote_session",
    "return_outcome",
    "sign_webhook",
    "tax_rate",
    "verify_webhook",
]

__version__: str

_T_co = TypeVar("_T_co", covariant=True)

class _Result:
    @property
    def request_id(self) -> str | None:
        """The ``X-Request-Id`` of the answer that it came in. Quote it to support."""
    @property
    def _status(self) -> int | None: ...
    @property
    def _attempts(self) -> int | None: ...
    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Makes one from its fields, as on the wire: for a test, or what `to_dict` gave.

        Raises:
            ValidationError: A field is missing or of another type; `param` names the place.
        """
    def to_dict(self) -> dict[str, Any]:
        """Gives all fields as on the wire, secrets and those unknown to this version too."""
    def to_json(self) -> str:
        """Gives what `to_dict` gives, as a JSON text with every digit of every number."""
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class LineItem(_Result):
    """A line of a session."""

    @property
    def price_id(self) -> str | None:
        """The price of the catalog, ``price_…``."""
    @property
    def product_id(self) -> str | None:
        """The product of the catalog, ``prod_…``, with its default price."""
    @property
    def quantity(self) -> int:
        """How many."""
    @property
    def ad_hoc_amount(self) -> int | None:
        """The price of one in the smallest unit, where the line is not from the catalog."""
    @property
    def ad_hoc_currency(self) -> str | None:
        """The currency of `ad_hoc_amount`."""
    @property
    def description(self) -> str | None:
        """The text that the cashier shows."""

@final
class Session(_Result):
    """A checkout session. Amounts are in the currency's smallest unit.

    The fields from `payment_status` on are answered by the sandbox and not documented for the live
    platform, so they may be ``None``.
    """

    @property
    def id(self) -> str:
        """The id, ``cs_…``."""
    @property
    def status(self) -> SessionStatus:
        """Where it is in its life."""
    @property
    def amount_subtotal(self) -> int:
        """The sum of the lines."""
    @property
    def amount_tax(self) -> int:
        """The tax: inside the subtotal in tax-inclusive regions, on top of it elsewhere."""
    @property
    def amount_total(self) -> int:
        """What the buyer pays."""
    @property
    def currency(self) -> str:
        """The currency, ISO 4217."""
    @property
    def session_token(self) -> str | None:
        """Opens the cashier for the buyer; a secret, so ``repr`` leaves it out."""
    @property
    def expires_at(self) -> datetime.datetime | None:
        """When it expires unless it is completed, in UTC."""
    @property
    def payment_status(self) -> PaymentStatus | None:
        """Whether the money has come."""
    @property
    def mode(self) -> Mode | str | None:
        """What it is for."""
    @property
    def presentation(self) -> Presentation | str | None:
        """How the buyer sees the cashier."""
    @property
    def line_items(self) -> tuple[LineItem, ...]:
        """What it sells."""
    @property
    def customer_email(self) -> str | None:
        """The buyer's e-mail address."""
    @property
    def success_url(self) -> str | None:
        """Where the buyer lands after success."""
    @property
    def cancel_url(self) -> str | None:
        """Where the buyer lands after giving up."""
    @property
    def buyer_country(self) -> str | None:
        """The buyer's country, with its region where it has one: ``US-CA``."""
    @property
    def rate_known(self) -> bool | None:
        """``False`` where the sandbox has no tax rate for `buyer_country`: the tax is 0 for want of
        one. ``None`` where it is not told, as on the live platform."""
    @property
    def client_reference_id(self) -> str | None:
        """Your own order number."""

@final
class CreatedSession(_Result):
    """The answer to a session's creation: the session, and where the buyer pays."""

    @property
    def session(self) -> Session:
        """The session."""
    @property
    def url(self) -> str:
        """The hosted cashier page, for the buyer's browser. It holds the session token, so keep it
        out of logs; ``repr`` leaves it out."""
    @property
    def session_token(self) -> str:
        """The token in `url`."""

@final
class Product(_Result):
    """A product of the catalog."""

    @property
    def id(self) -> str:
        """The id, ``prod_…``."""
    @property
    def name(self) -> str:
        """The name that a buyer sees."""
    @property
    def description(self) -> str | None:
        """More about it."""
    @property
    def tax_category(self) -> str | None:
        """The category that decides its tax rate."""
    @property
    def images(self) -> tuple[str, ...]:
        """URLs of pictures."""
    @property
    def metadata(self) -> dict[str, str]:
        """Your own texts by key; a new dict each time."""
    @property
    def default_price_id(self) -> str | None:
        """The price that a line item with only this product uses, where the server says it."""

@final
class Price(_Result):
    """A price of a product."""

    @property
    def id(self) -> str:
        """The id, ``price_…``."""
    @property
    def product_id(self) -> str:
        """The product that it is a price of."""
    @property
    def currency(self) -> str:
        """The currency, ISO 4217."""
    @property
    def unit_amount(self) -> int:
        """The price of one, in the smallest unit."""
    @property
    def type(self) -> PriceType | str:
        """One-time or recurring."""
    @property
    def recurring_interval(self) -> Interval | str | None:
        """The unit of the period of a recurring price."""
    @property
    def recurring_interval_count(self) -> int | None:
        """How many units one period has; 1 where it is ``None``."""
    @property
    def trial_period_days(self) -> int | None:
        """Days before the first charge of a subscription."""

@final
class Quote(_Result):
    """What a cart or a session comes to, in the currency's smallest unit."""

    @property
    def currency(self) -> str:
        """The currency."""
    @property
    def subtotal(self) -> int:
        """The sum of the lines."""
    @property
    def tax(self) -> int:
        """The tax: inside the subtotal if inclusive, on top of it if exclusive."""
    @property
    def total(self) -> int:
        """What the buyer pays."""
    @property
    def behaviour(self) -> Behaviour | None:
        """Whether the prices contain the tax; ``None`` while no place is known."""
    @property
    def rounding(self) -> Rounding:
        """How the tax was rounded."""
    @property
    def lines(self) -> tuple[QuoteLine, ...]:
        """Each line's figures."""
    @property
    def taxes(self) -> tuple[QuoteTax, ...]:
        """Each distinct rate's figures, the lowest rate first."""
    @property
    def estimated(self) -> bool:
        """Whether a rate of the bundled table went into it. FastStar computes the binding tax."""
    @property
    def rate_known(self) -> bool:
        """``False`` where the bundled table has no rate for the place: those lines' tax is 0 for
        want of one. FastStar computes the binding tax."""
    @property
    def rates_as_of(self) -> datetime.date | None:
        """The date of the oldest figure of the table that went into it, where it has one."""

@final
class QuoteLine(_Result):
    """What a line comes to."""

    @property
    def unit_amount(self) -> int:
        """The price of one."""
    @property
    def quantity(self) -> int:
        """How many."""
    @property
    def amount(self) -> int:
        """Unit amount times quantity."""
    @property
    def tax(self) -> int | None:
        """The line's tax; ``None`` where the rounding is per rate."""
    @property
    def rate_ppm(self) -> int:
        """The tax rate in parts per million: 190000 is 19 %."""
    @property
    def tax_name(self) -> str | None:
        """What the tax is called, where the rate is from the table."""
    @property
    def description(self) -> str | None:
        """The text that the cashier shows."""

@final
class QuoteTax(_Result):
    """What the lines of one tax rate come to."""

    @property
    def rate_ppm(self) -> int:
        """The rate in parts per million."""
    @property
    def amount(self) -> int:
        """The sum of its lines."""
    @property
    def tax(self) -> int:
        """Their tax."""

@final
class Payment(_Result):
    """The payment that a ``payment.*`` event is about."""

    @property
    def payment_id(self) -> str:
        """The payment's id, ``pi_…``."""
    @property
    def amount(self) -> int:
        """The amount in the currency's smallest unit."""
    @property
    def currency(self) -> str:
        """The currency, ISO 4217."""
    @property
    def status(self) -> str:
        """The payment's status, such as ``succeeded``."""
    @property
    def client_reference_id(self) -> str | None:
        """Your own order number, where the server says it."""
    @property
    def checkout_session_id(self) -> str | None:
        """The session that was paid, where the server says it."""

@final
class Event:
    """What a webhook tells. Take it from `Webhook.verify`."""

    @property
    def id(self) -> str:
        """The id, ``evt_…``. A redelivery has the same: remember it to act once."""
    @property
    def type(self) -> EventType:
        """What happened."""
    @property
    def created(self) -> int:
        """When, in unix seconds; 0 where the platform did not tell."""
    @property
    def livemode(self) -> bool:
        """Whether it is about real money."""
    @property
    def api_version(self) -> str:
        """The API version that wrote it; empty where the platform did not tell."""
    @property
    def fulfils(self) -> bool:
        """Whether to fulfil the order: true for ``payment.succeeded`` alone."""
    @property
    def data(self) -> Any:
        """What it is about, as plain Python with every digit of its integers; read anew each time.

        Raises:
            ValidationError: It nests deeper, or has an integer of more digits, than Python reads.
        """
    @property
    def data_json(self) -> str:
        """What it is about, as the JSON text that was signed."""
    @property
    def payment(self) -> Payment:
        """What it is about, read as a payment.

        Raises:
            ValidationError: It is not about a payment.
        """
    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Makes an event from its fields, as on the wire: for a test, or what `to_dict` gave.

        Raises:
            ValidationError: ``id`` or ``type`` is missing, or a field is of another type.
        """
    @staticmethod
    def parse(body: bytes | bytearray | memoryview | str) -> Event:
        """Reads an event without verifying it: one that you verified and stored.

        Raises:
            ValidationError: ``malformed_json``.
        """
    def to_dict(self) -> dict[str, Any]:
        """Gives all fields as on the wire."""
    def to_json(self) -> str:
        """Gives all fields as a JSON text, which `parse` reads."""
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class Page(Generic[_T_co]):
    @property
    def items(self) -> tuple[_T_co, ...]: ...
    @property
    def next_cursor(self) -> str | None: ...
    @property
    def request_id(self) -> str | None: ...
    @property
    def _status(self) -> int | None: ...
    @property
    def _attempts(self) -> int | None: ...

@final
class Client:
    def __new__(
        cls,
        api_key: str | None,
        base_url: str | None,
        timeout: float | None,
        max_retries: int | None,
        merchant: str | None,
        user_agent: str,
    ) -> Self: ...
    def send(self, operation: str, argument: object, options: Mapping[str, object]) -> Any: ...
    def start(
        self,
        operation: str,
        argument: object,
        options: Mapping[str, object],
        bridge: Bridge,
        future: asyncio.Future[Any],
    ) -> Started: ...

@final
class Started:
    def cancel(self) -> None: ...

@final
class Bridge:
    def __new__(cls, event_loop: asyncio.AbstractEventLoop) -> Self: ...

@final
class Cursors:
    def __new__(cls, start: str | None = None) -> Self: ...
    def follow(self, next: str | None) -> str | None: ...

def verify_webhook(
    body: object,
    header: object,
    secret: object,
    *,
    event_id: object = None,
    tolerance: object = None,
    now: object = None,
) -> Event: ...
def sign_webhook(body: object, secret: object, *, timestamp: object = None) -> str: ...
def quote_cart(cart: Mapping[str, object]) -> Quote: ...
def quote_session(
    request: Mapping[str, Any],
    products: Sequence[object],
    prices: Sequence[object],
    options: Mapping[str, object],
) -> Quote: ...
def check_session(
    request: Mapping[str, Any] | bytes, merchant: str | None, strict: bool
) -> dict[str, Any]: ...
def check_payment(
    event: Event, order: Mapping[str, object] | None, session: Session | Mapping[str, Any] | None
) -> dict[str, Any]: ...
def tax_rate(place: str, category: str | None, on: str | None) -> dict[str, Any]: ...
def format_money(amount: int, currency: str) -> str: ...
def parse_money(given: str) -> tuple[int, str]: ...
def currency_decimals(currency: str) -> tuple[str, int]: ...
def apply_rule(rule: str, input: object) -> dict[str, Any]: ...
def check_cashier_url(url: str, allow_origins: Sequence[str]) -> tuple[str, str | None, str]: ...
def return_outcome(success_url: str, cancel_url: str, came_back_to: str) -> Outcome: ...
