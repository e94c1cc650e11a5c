"""Handles each event once."""

# pyright finds types of Django's that it does not know.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import enum
import logging

from django.db import router, transaction
from django.utils import timezone

from faststar import Event

from .handlers import dispatch
from .models import WebhookEvent
from .signals import webhook_failed, webhook_processed, webhook_received

logger = logging.getLogger("faststar.django")


class Outcome(enum.Enum):
    """What came of an event."""

    PROCESSED = "processed"
    DUPLICATE = "duplicate"
    FAILED = "failed"


def receive(event: Event) -> Outcome:
    """Handles a verified event unless that was done before.

    The row of the inbox and what the handlers do are one transaction, on the database that the
    routers give for `WebhookEvent`. Another process with the same event waits for its end.

    Raises:
        RuntimeError: A transaction is open already, so that the end of this one would not be final.
    """
    return _handle(event, durable=True)


def run_again(record: WebhookEvent) -> Outcome:
    """Handles an event that has failed once more, from the body that was kept.

    Raises:
        ValueError: The event has not failed.
    """
    if not record.body:
        raise ValueError(f"{record.pk} has not failed, so there is nothing to run again")
    return _handle(Event.parse(record.body), durable=False)


def _handle(event: Event, *, durable: bool) -> Outcome:
    using = router.db_for_write(WebhookEvent)
    committed: list[Event] = []
    try:
        with transaction.atomic(using=using, durable=durable):
            record = _claim(event, using)
            if record.state == WebhookEvent.State.PROCESSED:
                return Outcome.DUPLICATE
            # The first of the callbacks, so that it has run when another one raises.
            transaction.on_commit(lambda: committed.append(event), using=using)
            webhook_received.send(sender=WebhookEvent, event=event)
            dispatch(event)
            record.state = WebhookEvent.State.PROCESSED
            record.attempts += 1
            record.error = record.body = ""
            record.processed_at = timezone.now()
            record.save(using=using)
    except Exception as error:
        if not committed:
            _failed(event, error, using)
            return Outcome.FAILED
        logger.exception("%s %s is done, but an on_commit callback raised", event.type, event.id)
    webhook_processed.send_robust(sender=WebhookEvent, event=event)
    return Outcome.PROCESSED


def _claim(event: Event, using: str) -> WebhookEvent:
    """Locks the event's row, which it makes where there is none, until the transaction's end."""
    # First the insert: it waits for another transaction that inserts the same key, and it takes
    # SQLite's write lock, which a transaction that has read cannot always get any more.
    rows = WebhookEvent.objects.using(using)
    new = WebhookEvent(id=event.id, type=event.type, livemode=event.livemode)
    rows.bulk_create([new], ignore_conflicts=True)
    return rows.select_for_update().get(pk=event.id)


def _failed(event: Event, error: Exception, using: str) -> None:
    """Tells of a failed attempt, in the log and in the inbox."""
    logger.error("%s %s failed and was rolled back", event.type, event.id, exc_info=error)
    try:
        with transaction.atomic(using=using):
            record = _claim(event, using)
            # Another process may have been luckier in the meantime.
            if record.state != WebhookEvent.State.PROCESSED:
                record.state = WebhookEvent.State.FAILED
                record.attempts += 1
                record.error = f"{type(error).__module__}.{type(error).__qualname__}"[:255]
                record.body = event.to_json()
                record.save(using=using)
    except Exception:
        logger.exception("the failure of %s %s could not be stored", event.type, event.id)
    webhook_failed.send_robust(sender=WebhookEvent, event=event, error=error)
