"""What happens when FastStar says that money has come. Found by `faststar.django`."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from faststar import Event
from faststar.django import GiveUp, get_client, on, on_commit

from .models import Order


@on("payment.succeeded")
def order_is_paid(event: Event) -> None:
    """Fulfills an order, once: this runs in the transaction that marks the event as done."""
    payment = event.payment
    order = _order_of(payment.client_reference_id)
    sessions = get_client().checkout.sessions
    check = sessions.check_payment(
        event,
        amount=order.subtotal if order else None,
        currency=order.currency if order else None,
    )
    if order is None:
        raise GiveUp(f"{payment.payment_id}: {check.message}")
    if order.payment_id != payment.payment_id:  # else the event runs again
        if not check.is_paid or order.state != Order.State.PENDING:
            # No retry makes it right, so the event is done and a person decides.
            order.ask_for_review(f"{payment.payment_id} came while {order.state}: {check.message}")
            return
        if payment.amount != order.total and check.session_id:
            # The buyer named another country in the cashier, which has another tax.
            order.charge(sessions.retrieve(check.session_id))
        order.mark_paid(payment)
    on_commit(lambda: send_mail("Pack it", str(order), None, ["packing@leaf.example"]))


def _order_of(reference: str | None) -> Order | None:
    orders = Order.objects.select_for_update()
    try:
        return orders.filter(pk=reference).first() if reference else None
    except ValidationError:
        return None
