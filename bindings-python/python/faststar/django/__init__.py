"""FastStar in Django: a client from the settings, webhooks that run once, an inbox in the admin.

::

    INSTALLED_APPS = [..., "faststar.django"]
    FASTSTAR = {"API_KEY": ..., "WEBHOOK_SECRET": ...}  # or FASTSTAR_API_KEY and so on

    urlpatterns = [path("webhooks/faststar/", include("faststar.django.urls")), ...]

    # a view: one open session for each order, however often the buyer clicks
    checkout = open_session(order.number, mode="payment", presentation="link", line_items=[...])

    # faststar_handlers.py of any app
    @on("payment.succeeded")
    def order_is_paid(event):
        ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .clients import get_async_client, get_client
from .giveup import GiveUp
from .handlers import on

if TYPE_CHECKING:
    from .orders import OpenSession, aopen_session, open_session
    from .transactions import on_commit

__all__ = [
    "GiveUp",
    "OpenSession",
    "aopen_session",
    "get_async_client",
    "get_client",
    "on",
    "on_commit",
    "open_session",
]

# They need the models, which are there only once Django has found the apps.
_WITH_MODELS = {
    "OpenSession": "orders",
    "aopen_session": "orders",
    "on_commit": "transactions",
    "open_session": "orders",
}


def __getattr__(name: str) -> Any:
    if name in _WITH_MODELS:
        from importlib import import_module

        value = getattr(import_module(f".{_WITH_MODELS[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
