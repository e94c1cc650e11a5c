"""Test a shop against a sandbox: pay sessions, receive webhooks, let them go wrong.

``pip install "faststar[sandbox]"`` brings the sandbox. With pytest, the fixtures are there::

    def test_order_is_paid_once(faststar_merchant, live_server):
        faststar_merchant.deliver_to(f"{live_server.url}/webhooks/faststar/")
        order = place_order()
        faststar_merchant.complete(order.session_id)
        faststar_merchant.expect_processed_once(lambda: Order.objects.filter(paid=True).count())

``faststar_merchant`` is a `Merchant` of its own for each test, and ``faststar_sandbox`` the
`Sandbox` that all tests of a run share. Everywhere else, start one::

    with Sandbox() as sandbox:
        merchant = sandbox.merchant
"""

from __future__ import annotations

from ._binary import sandbox_binary
from ._control import SandboxError
from ._merchant import Merchant
from ._records import Attempt, Delivery, SentEvent
from ._sandbox import Sandbox
from ._webhooks import ReceivedWebhook, WebhookReceiver

__all__ = [
    "Attempt",
    "Delivery",
    "Merchant",
    "ReceivedWebhook",
    "Sandbox",
    "SandboxError",
    "SentEvent",
    "WebhookReceiver",
    "sandbox_binary",
]
