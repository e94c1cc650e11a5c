"""FastStar in Django: a client from the settings, webhooks that run once, an inbox in the admin.

::

    INSTALLED_APPS = [..., "faststar.django"]
    FASTSTAR = {"API_KEY": ..., "WEBHOOK_SECRET": ...}  # or FASTSTAR_API_KEY and so on

    urlpatterns = [path("webhooks/faststar/", include("faststar.django.urls")), ...]

    # faststar_handlers.py of any app
    @on("payment.succeeded")
    def fulfil(event):
        order = Order.objects.get(pk=event.payment.client_reference_id)
        guard_amount(event, amount=order.total, currency=order.currency)
        order.fulfil()
"""

from __future__ import annotations

from .amounts import AmountMismatch, guard_amount
from .clients import get_async_client, get_client
from .handlers import on

__all__ = ["AmountMismatch", "get_async_client", "get_client", "guard_amount", "on"]
