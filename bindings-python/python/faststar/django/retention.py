"""What is kept, and for how long."""

# pyright finds types of Django's that it does not know.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Optional

from django.db import router
from django.db.models import Q, QuerySet
from django.utils import timezone

from . import conf
from .models import OrderSession, WebhookEvent

#: How long an attempt keeps its URL at least: its session may be open for a day, and without the
#: URL the next click on "Pay" would make a second one.
_OPEN_FOR = timedelta(days=2)


@dataclass(frozen=True)
class Pruned:
    """What was pruned.

    Attributes:
        bodies: How many events lost their bodies.
        attempts: How many attempts to pay lost what they had sent, and their URLs.
        rows: How many events were deleted.
        kept: How many old events keep their bodies, since they are not processed.
    """

    bodies: int
    attempts: int
    rows: int
    kept: int


def prune(
    *,
    days: Optional[float] = None,
    unfinished: bool = False,
    rows_days: Optional[float] = None,
    batch: int = 500,
) -> Pruned:
    """Empties what has personal data and is old, in batches, each a transaction of its own.

    Args:
        days: What is old; the setting ``BODY_RETENTION_DAYS``. Attempts to pay are old after two
            days at the earliest.
        unfinished: Whether events that are not processed lose their bodies too.
        rows_days: Deletes events that were processed so many days ago; none are otherwise.
        batch: How many rows one statement changes at most.
    """
    now = timezone.now()
    age = conf.inbox_option("BODY_RETENTION_DAYS") if days is None else days
    old = Q(received_at__lt=now - timedelta(days=age))
    over = Q(created_at__lt=now - max(timedelta(days=age), _OPEN_FOR))
    processed = Q(state=WebhookEvent.State.PROCESSED)
    events = WebhookEvent.objects.using(router.db_for_write(WebhookEvent))
    attempts = OrderSession.objects.using(router.db_for_write(OrderSession))
    with_body = events.filter(old).exclude(body="")
    bodies = _in_batches(
        with_body if unfinished else with_body.filter(processed),
        lambda some: some.update(body=""),
        batch,
    )
    emptied = _in_batches(
        attempts.filter(over).exclude(params="", url=""),
        lambda some: some.update(params="", url=""),
        batch,
    )
    rows = 0
    if rows_days is not None:
        done = events.filter(processed, processed_at__lt=now - timedelta(days=rows_days))
        rows = _in_batches(done, lambda some: some.delete()[0], batch)
    kept = 0 if unfinished else with_body.exclude(processed).count()
    return Pruned(bodies=bodies, attempts=emptied, rows=rows, kept=kept)


def _in_batches(found: QuerySet[Any], change: Callable[[QuerySet[Any]], int], batch: int) -> int:
    """Changes rows until none is found, and counts them."""
    changed = 0
    while True:
        keys = list(found.order_by().values_list("pk", flat=True)[:batch])
        if not keys:
            return changed
        changed += change(found.filter(pk__in=keys))
