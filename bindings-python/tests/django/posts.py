"""What the tests post, and what came of it."""

from __future__ import annotations

import json
from typing import Any, Callable

from faststar.django.models import WebhookEvent
from orders.models import Fulfilment

SECRET = "whsec_test"

Post = Callable[..., Any]


def payment_body(id: str = "evt_1", type: str = "payment.succeeded", **data: Any) -> bytes:
    """Gives the body of an event about a payment."""
    payment = {
        "payment_id": "pi_1",
        "amount": 1079,
        "currency": "USD",
        "status": "succeeded",
        "client_reference_id": "order_1",
        **data,
    }
    return json.dumps(
        {
            "id": id,
            "type": type,
            "created": 1769900000,
            "data": payment,
            "livemode": False,
            "api_version": "v1",
        }
    ).encode()


def fulfilments() -> int:
    """Counts what handlers have done."""
    return Fulfilment.objects.count()


def inbox(id: str = "evt_1") -> WebhookEvent:
    """Gives a row of the inbox."""
    return WebhookEvent.objects.get(pk=id)
