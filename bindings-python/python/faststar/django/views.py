"""The views that receive webhooks: verify, handle, respond."""

from __future__ import annotations

import logging
from math import ceil
from typing import Any, Callable, Optional, TypeVar, Union

from asgiref.sync import sync_to_async
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import NoReverseMatch, reverse

from faststar import Event, SignatureVerificationError, Webhook

from . import conf
from .inbox import Outcome, receive

View = TypeVar("View", bound=Callable[..., Any])

logger = logging.getLogger("faststar.django")


def _as_webhook(view: View) -> View:
    """Lets FastStar in, which has no login and no CSRF token; the transaction is the inbox's."""
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    # What csrf_exempt does, which before Django 5.0 makes an async view an ordinary one.
    view.csrf_exempt = True  # type: ignore[attr-defined]  # pyright: ignore
    # What login_not_required does, since Django 5.1.
    view.login_required = False  # type: ignore[attr-defined]  # pyright: ignore
    return view


@_as_webhook
def webhook(request: HttpRequest) -> HttpResponse:
    """Receives a webhook.

    200: the event is done, now or before, or the inbox keeps it for you: no handler takes it, or
    one raised `GiveUp`. 400: the signature does not hold. 500: a handler failed and everything was
    rolled back, or the webhook secret is missing. 503: a copy of the event is being handled and
    took longer than ``LOCK_TIMEOUT``. After 500 and 503 FastStar sends the event again.

    Raises:
        ConfigurationError: The webhook secret is missing, or cannot be one.
    """
    found = _verify(request)
    return _answer(receive(found)) if isinstance(found, Event) else found


@_as_webhook
async def awebhook(request: HttpRequest) -> HttpResponse:
    """Receives a webhook in an ``async`` view; see `webhook`.

    Transactions are bound to a thread, so the inbox and ordinary handlers run in Django's thread
    for such code. ``async def`` handlers run in the server's event loop.
    """
    found = _verify(request)
    return _answer(await sync_to_async(receive)(found)) if isinstance(found, Event) else found


def _verify(request: HttpRequest) -> Union[Event, HttpResponse]:
    """Gives the event that a request brings, or the answer to a request that brings none."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    # Raises where there is none. That is not the sender's fault: 500, so that nothing is lost.
    secrets = conf.webhook_secrets()
    try:
        return Webhook.verify(
            request.body,
            request.headers.get(Webhook.SIGNATURE_HEADER),
            secrets,
            event_id=request.headers.get(Webhook.ID_HEADER),
            tolerance=conf.get("WEBHOOK_TOLERANCE"),
        )
    except SignatureVerificationError as error:
        logger.warning("refused a webhook: %s (%s)", error, error.code)
        return _refused()


def _refused() -> HttpResponse:
    # The same for every reason: the log has it, and a forger learns nothing.
    return HttpResponse("not verified\n", status=400, content_type="text/plain")


_STATUSES = {Outcome.FAILED: 500, Outcome.BUSY: 503}


def _answer(outcome: Outcome) -> HttpResponse:
    status = _STATUSES.get(outcome, 200)
    answer = HttpResponse(f"{outcome.value}\n", status=status, content_type="text/plain")
    if outcome is Outcome.BUSY:
        answer.headers["Retry-After"] = str(max(1, ceil(conf.inbox_option("LOCK_TIMEOUT"))))
    return answer


def find_path() -> Optional[str]:
    """Finds the path of the webhook view in your URLs; ``None`` where no URL leads to it."""
    candidates: tuple[Any, ...] = ("faststar:webhook", webhook, awebhook)
    for view in candidates:
        try:
            return reverse(view)
        except NoReverseMatch:
            continue
    return None
