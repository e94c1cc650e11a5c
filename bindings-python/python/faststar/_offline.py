"""What needs no server: quotes, rates, amounts, checks."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

from . import _faststar
from ._errors import ValidationError
from ._faststar import Price, Product, Quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import _typing as t
    from . import types
else:
    from ._lazy import t, types


def quote(**cart: t.Unpack[types.CartParams]) -> Quote:
    """Computes what a cart comes to, offline, by the code that the sandbox prices with.

    ::

        quote(currency="EUR", lines=[{"unit_amount": 4900, "quantity": 1}], country="DE").tax  # 782

    The tax is an estimate from a bundled table of national and statewide standard rates, as of
    `Quote.rates_as_of`: no local US tax, registrations, exemptions or B2B reverse charge. FastStar
    computes the binding tax. Not tax advice. A place without a rate in the table is no error: its
    tax is 0 and `Quote.rate_known` false.

    Args:
        **cart: ``currency``, ``lines`` and where they matter the others, see
            `faststar.types.CartParams`.

    Raises:
        ValidationError: `param` names the place: ``lines[0].unit_amount``.
    """
    return _faststar.quote_cart({**cart, "as_of": _iso(cart.get("as_of"))})


def quote_session(
    request: types.CreateSessionParams,
    *,
    products: t.Iterable[t.Union[Product, t.Mapping[str, t.Any]]] = (),
    prices: t.Iterable[t.Union[Price, t.Mapping[str, t.Any]]] = (),
    merchant: t.Optional[types.MerchantKind] = None,
    default_currency: t.Optional[str] = None,
    rounding: t.Optional[types.Rounding] = None,
    on: t.Optional[types.Day] = None,
) -> Quote:
    """Computes what a session would come to, offline; see `quote` for what the tax is.

    Args:
        request: What `Sessions.create` would be given.
        products: The products that its line items reference, and those of its prices.
        prices: The prices that its line items reference.
        merchant: What the merchant is, for the rules of a Merchant of Record.
        default_currency: The currency of ad hoc amounts that name none; USD.
        rounding: How the tax is rounded; ``per_line_half_up``.
        on: The date whose rates hold; today.

    Raises:
        ValidationError: What the sandbox would refuse, with its code and path.
        NotFoundError: A price or a product that is not among those given.
    """
    options = {
        "merchant": merchant,
        "default_currency": default_currency,
        "rounding": rounding,
        "on": _iso(on),
    }
    return _faststar.quote_session(
        request, _listed(products, "products"), _listed(prices, "prices"), options
    )


def check_session(
    request: t.Union[types.CreateSessionParams, t.Mapping[str, t.Any], bytes],
    *,
    merchant: t.Optional[types.MerchantKind] = None,
    strict: bool = False,
) -> dict[str, t.Any]:
    """Checks a session's request as `Sessions.create` does, and sends nothing.

    Args:
        request: What `Sessions.create` would be given, or a JSON text as bytes.
        merchant: What the merchant is, for the rules of a Merchant of Record.
        strict: Checks as the sandbox does: unknown fields, ranges, forms.

    Returns:
        The request as it would be sent.

    Raises:
        ValidationError: `param` names the place.
    """
    return _faststar.check_session(request, merchant, strict)


class TaxRate:
    """A rate of the bundled table.

    Attributes:
        rate_ppm: The rate in parts per million: 190000 is 19 %.
        behaviour: ``inclusive`` or ``exclusive``: whether prices contain it.
        name: What the tax is called.
        category: The category that it is the rate of.
        as_of: The date of the figure, ``2026-09-29``, or ``None`` where it has none.
        confidence: How well the figure is sourced.
    """

    __slots__ = ("as_of", "behaviour", "category", "confidence", "name", "rate_ppm")

    rate_ppm: int
    behaviour: types.Behaviour
    name: str
    category: str
    as_of: t.Optional[str]
    confidence: str

    def __init__(self, fields: t.Mapping[str, t.Any]) -> None:
        for name in self.__slots__:
            if name not in fields:
                raise ValidationError(f"{name} is missing", code="missing_field", param=name)
            setattr(self, name, fields[name])

    @classmethod
    def from_dict(cls, fields: t.Mapping[str, t.Any]) -> TaxRate:
        """Makes one from its fields: for a test, or what `to_dict` gave."""
        return cls(fields)

    def to_dict(self) -> dict[str, t.Any]:
        """Gives the fields as a dict."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __repr__(self) -> str:
        return (
            f"TaxRate(rate_ppm={self.rate_ppm}, behaviour={self.behaviour!r}, name={self.name!r})"
        )


def tax_rate(
    place: str, *, category: t.Optional[str] = None, on: t.Optional[types.Day] = None
) -> TaxRate:
    """Looks a rate up in the bundled table; see `quote` for what such a rate is worth.

    Args:
        place: ``DE``, ``US-CA``.
        category: The category of what is sold; ``standard``.
        on: The date on which it holds; today.

    Raises:
        ValidationError: ``tax_rate_unknown`` where the table has none.
    """
    return TaxRate(_faststar.tax_rate(place, category, _iso(on)))


class Money:
    """An amount in its currency's smallest unit: ``Money(999, "USD")`` is 9.99 US dollars.

    ``str`` writes it with the currency's decimals, a point and no grouping, the same everywhere;
    show a buyer what the locale's own formatter makes of it.
    """

    __slots__ = ("amount", "currency", "decimals")

    #: The amount in the smallest unit.
    amount: int
    #: The currency, ISO 4217, in upper case.
    currency: str
    #: How many decimals the smallest unit stands for: 2 for USD, 0 for JPY.
    decimals: int

    def __init__(self, amount: int, currency: str) -> None:
        _require_int(amount, "amount")
        code, decimals = _faststar.currency_decimals(currency)
        object.__setattr__(self, "amount", amount)
        object.__setattr__(self, "currency", code)
        object.__setattr__(self, "decimals", decimals)

    @classmethod
    def parse(cls, text: str) -> Money:
        """Reads what ``str`` writes: ``"10.79 USD"``."""
        return cls(*_faststar.parse_money(text))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __str__(self) -> str:
        return _faststar.format_money(self.amount, self.currency)

    def __repr__(self) -> str:
        return f"Money({self.amount!r}, {self.currency!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return (self.amount, self.currency) == (other.amount, other.currency)

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.amount, self.currency)


class CashierUrl:
    """A URL that is the cashier's. ``str`` leaves out its query, which has the session token.

    Attributes:
        url: The whole URL. Keep it out of logs.
        session_id: The session's id, ``cs_…``, where the path has one.
    """

    __slots__ = ("_shown", "session_id", "url")

    url: str
    session_id: t.Optional[str]

    def __init__(self, url: str, session_id: t.Optional[str], shown: str) -> None:
        self.url = url
        self.session_id = session_id
        self._shown = shown

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"CashierUrl({self._shown!r})"


def check_cashier_url(url: str, *, allow_origins: t.Iterable[str] = ()) -> CashierUrl:
    """Checks that a URL is FastStar's cashier before it is opened.

    Args:
        url: The URL.
        allow_origins: Further origins, such as a sandbox's ``http://127.0.0.1:4250``.

    Raises:
        ValidationError: ``origin_not_allowed`` or ``invalid_url``.
    """
    origins = _listed(allow_origins, "allow_origins")
    return CashierUrl(*_faststar.check_cashier_url(url, origins))


def return_outcome(came_back_to: str, *, success_url: str, cancel_url: str) -> types.Outcome:
    """Tells by the URL that a buyer came back to which way it went. For the screen alone: the
    webhook says whether it was paid."""
    return _faststar.return_outcome(success_url, cancel_url, came_back_to)


def _require_int(given: object, name: str) -> None:
    # Type checkers see it; a user without one gives a bool, a float or a Decimal.
    if isinstance(given, bool) or not isinstance(given, int):
        raise ValidationError(
            f"{name} must be an int in the smallest currency unit, not {type(given).__name__}",
            code="invalid_type",
            param=name,
        )
    if not -(2**63) <= given < 2**63:
        raise ValidationError(
            f"{name} must fit a signed 64-bit integer", code="out_of_range", param=name
        )


def _iso(day: t.Any) -> t.Any:
    # What is neither a date nor a text is for the core to refuse.
    return day.isoformat()[:10] if hasattr(day, "isoformat") else day


def _listed(given: t.Iterable[t.Any], name: str) -> list[t.Any]:
    # A str is an iterable of its letters, and a dict one of its keys.
    if not isinstance(given, (str, bytes)) and not hasattr(given, "keys"):
        try:
            return list(given)
        except TypeError:
            pass
    raise ValidationError(
        f"{name} must be a list, not {type(given).__name__}", code="invalid_type", param=name
    )
