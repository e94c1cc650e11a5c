"""What happens when FastStar says that money has come. Found by `faststar.django`."""

from __future__ import annotations

import logging

from django.core.exceptions import ValidationError
from faststar import Event
from faststar.django import AmountMismatch, get_client, guard_amount, on

from .models import Order

logger = logging.getLogger(__name__)


@on("payment.succeeded")
def order_is_paid(event: Event) -> None:
    """Fulfils an order, once: this runs in the transaction that marks the event as done."""
    payment = event.payment
    order = _order_of(payment.client_reference_id)
    if order is None:
        logger.warning("%s is about no order of this shop", event.id)
        return
    if order.state != Order.State.PENDING:
        order.ask_for_review(f"{payment.payment_id} came for an order that was {order.state}")
        return
    try:
        _guard(event, order)
    except AmountMismatch as mismatch:
        # No retry makes it right, so the event is done and a person decides.
        order.ask_for_review(str(mismatch))
        return
    order.mark_paid(payment)


def _guard(event: Event, order: Order) -> None:
    """Compares what was paid with the order.

    A buyer may name another country in the cashier: the goods cost the same then, and the tax does
    not. So where the total differs, it is the session that says what was to be paid.
    """
    try:
        guard_amount(event, amount=order.total, currency=order.currency)
    except AmountMismatch:
        session = get_client().checkout.sessions.retrieve(order.session_id)
        if session.status != "complete" or session.amount_subtotal != order.subtotal:
            raise
        guard_amount(event, amount=session.amount_total, currency=session.currency)
        order.charge(session)


def _order_of(reference: str | None) -> Order | None:
    orders = Order.objects.select_for_update()
    try:
        return orders.filter(pk=reference).first() if reference else None
    except ValidationError:
        return None
