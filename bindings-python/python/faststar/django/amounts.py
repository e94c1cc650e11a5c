"""Compares what was paid with what was ordered."""

from __future__ import annotations

from faststar import Event, FastStarError, Money, Payment, ValidationError


class AmountMismatch(FastStarError):
    """What was paid is not what was ordered: do not fulfil.

    Attributes:
        expected: The order's amount.
        paid: The payment's amount.
    """

    expected: Money
    paid: Money

    def __init__(self, *, expected: Money, paid: Money) -> None:
        super().__init__(
            f"the order is {expected} and {paid} was paid; do not fulfil it, look into it",
            code="amount_mismatch",
        )
        self.expected = expected
        self.paid = paid


def guard_amount(event: Event, *, amount: int, currency: str) -> Payment:
    """Makes sure that an event says that exactly this was paid, and gives the payment.

    Args:
        event: A ``payment.succeeded``.
        amount: The order's total, an int in the smallest unit: 999 is 9.99 USD.
        currency: The order's currency, ISO 4217.

    Raises:
        AmountMismatch: Another amount or another currency was paid.
        ValidationError: The event is not a ``payment.succeeded``, or the amount is no int.
    """
    if not event.fulfils:
        raise ValidationError(
            f"{event.type} does not say that an order was paid; only payment.succeeded does",
            code="invalid_value",
            param="event",
        )
    if type(amount) is not int:  # and not bool, which is an int
        raise ValidationError(
            f"amount must be an int in the smallest unit, not {type(amount).__name__}: "
            "999 is 9.99 USD",
            code="invalid_type",
            param="amount",
        )
    payment = event.payment
    expected = Money(amount, currency)
    paid = Money(payment.amount, payment.currency)
    if paid != expected:
        raise AmountMismatch(expected=expected, paid=paid)
    return payment
