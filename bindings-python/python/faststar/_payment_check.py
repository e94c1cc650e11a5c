"""Whether a payment settles an order."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

from . import _faststar
from ._errors import ValidationError
from ._faststar import Event, Session
from ._offline import Money

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import _typing as t
    from . import types
else:
    from ._lazy import t, types


class PaymentCheck:
    """What a payment is to an order. ``str`` gives the `message`.

    Fulfil where `is_paid`. No other verdict changes by waiting: set the order aside for a person,
    and let the webhook answer 200.

    Attributes:
        verdict: ``paid``, ``underpaid``, ``overpaid``, ``other_currency``, ``unknown_order`` or
            ``session_needed``: the amount differs, and no session tells whether tax came on top.
        is_paid: Whether to fulfil: true for ``paid`` alone.
        expected: What should have been paid: the session's total where the session sold this order,
            else the order's amount. ``None`` where there is no order.
        paid: What was paid.
        session_id: The session that was paid, ``cs_…``, where the payment names one.
        message: The finding in a sentence, for a log or for the person who looks into the order.
    """

    __slots__ = ("expected", "is_paid", "message", "paid", "session_id", "verdict")

    verdict: types.PaymentVerdict
    is_paid: bool
    expected: t.Optional[Money]
    paid: Money
    session_id: t.Optional[str]
    message: str

    def __init__(self, fields: t.Mapping[str, t.Any]) -> None:
        for name in self.__slots__:
            if name not in fields:
                raise ValidationError(f"{name} is missing", code="missing_field", param=name)
            value = fields[name]
            if name in ("expected", "paid") and value is not None:
                value = Money(value["amount"], value["currency"])
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    @classmethod
    def from_dict(cls, fields: t.Mapping[str, t.Any]) -> PaymentCheck:
        """Makes one from its fields: for a test, or what `to_dict` gave."""
        return cls(fields)

    def to_dict(self) -> dict[str, t.Any]:
        """Gives the fields as a dict that JSON can hold."""
        fields: dict[str, t.Any] = {name: getattr(self, name) for name in self.__slots__}
        for name in ("expected", "paid"):
            money: t.Optional[Money] = fields[name]
            if money is not None:
                fields[name] = {"amount": money.amount, "currency": money.currency}
        return fields

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"PaymentCheck(verdict={self.verdict!r}, message={self.message!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PaymentCheck):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.verdict, self.expected, self.paid, self.session_id, self.message))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.to_dict(),)


def check_payment(
    event: Event,
    *,
    amount: t.Optional[int],
    currency: t.Optional[str],
    session: t.Union[Session, t.Mapping[str, t.Any], None] = None,
) -> PaymentCheck:
    """Judges whether a ``payment.succeeded`` settles an order; sends nothing.

    An equal amount is ``paid``. Where another amount was paid, the session decides: it must have
    sold the order's subtotal, and its total must have been paid. `Sessions.check_payment` reads it
    where it is needed.

    Args:
        event: A ``payment.succeeded``.
        amount: The order's subtotal, its prices before tax that comes on top, an int in the
            smallest unit: 999 is 9.99 USD. ``None``, with the currency, where there is no such
            order.
        currency: The order's currency, ISO 4217.
        session: The session that was paid, read anew.

    Raises:
        ValidationError: The event is not a ``payment.succeeded``, the amount is no int, the session
            is another payment's.
    """
    _require_event(event)
    order = None
    if amount is not None or currency is not None:
        given = {"amount": amount, "currency": currency}
        order = {name: value for name, value in given.items() if value is not None}
    return PaymentCheck(_faststar.check_payment(event, order, session))


def _require_event(given: object) -> None:
    # Type checkers see it; a user without one gives a dict or bytes.
    if not isinstance(given, _faststar.Event):
        raise ValidationError(
            f"event must be an Event, as Webhook.verify gives it, not {type(given).__name__}",
            code="invalid_type",
            param="event",
        )


def session_to_read(check: PaymentCheck) -> t.Optional[str]:
    """Gives the id of the session that would make the verdict final, where there is one."""
    return check.session_id if check.verdict == "session_needed" else None
