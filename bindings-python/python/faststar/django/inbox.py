"""Handles each event once."""

# pyright finds types of Django's that it does not know.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import enum
import logging
from typing import Optional

from django.db import router, transaction
from django.utils import timezone

from faststar import Event

from . import conf
from .giveup import GiveUp
from .handlers import dispatch, handlers_of
from .locks import is_busy, waiting_at_most
from .models import WebhookEvent
from .signals import webhook_failed, webhook_processed, webhook_received, webhook_unhandled
from .transactions import handling

logger = logging.getLogger("faststar.django")

State = WebhookEvent.State


class Outcome(enum.Enum):
    """What came of an event."""

    PROCESSED = "processed"
    DUPLICATE = "duplicate"
    UNHANDLED = "unhandled"
    GIVEN_UP = "given up"
    FAILED = "failed"
    BUSY = "busy"


def receive(event: Event) -> Outcome:
    """Handles a verified event unless that was done before.

    The row of the inbox and what the handlers do are one transaction, on the database that the
    routers give for `WebhookEvent`. A copy of the event that comes meanwhile waits for its end, for
    the setting ``LOCK_TIMEOUT`` in seconds, and is `Outcome.BUSY` then.

    Raises:
        RuntimeError: A transaction is open already, so that the end of this one would not be final.
    """
    return _handle(event, durable=True, settled=(State.PROCESSED, State.GIVEN_UP))


def run_again(record: WebhookEvent, *, force: bool = False) -> Outcome:
    """Handles an event of the inbox once more, from the body that was kept.

    Args:
        record: The event: unhandled, failed, or given up.
        force: Whether an event that is processed runs again too, and takes effect twice.

    Raises:
        ValueError: The event is processed, or its body is not kept any more.
    """
    if record.state == State.PROCESSED and not force:
        raise ValueError(
            f"{record.pk} is processed, so running it again may fulfill an order twice; force it "
            "where your handlers can take that"
        )
    if not record.body:
        raise ValueError(
            f"the body of {record.pk} is not kept any more; let FastStar send the event again"
        )
    settled = () if force else (State.PROCESSED,)
    return _handle(Event.parse(record.body), durable=False, settled=settled)


def _handle(event: Event, *, durable: bool, settled: tuple[str, ...]) -> Outcome:
    using = router.db_for_write(WebhookEvent)
    # A receiver of the signal may do what handlers do.
    is_handled = bool(handlers_of(event.type)) or webhook_received.has_listeners(WebhookEvent)
    keeps_bodies = conf.inbox_option("BODY_RETENTION_DAYS") > 0
    claimed = False
    committed: list[Event] = []
    given_up: Optional[GiveUp] = None
    try:
        with transaction.atomic(using=using, durable=durable):
            with waiting_at_most(conf.inbox_option("LOCK_TIMEOUT"), using):
                record = _claim(event, using)
            claimed = True
            if record.state in settled:
                return Outcome.DUPLICATE
            if not is_handled:
                record.state = State.UNHANDLED
                record.body = event.to_json()
                record.save(using=using)
            else:
                # The first of the callbacks, so that it has run when another one raises.
                transaction.on_commit(lambda: committed.append(event), using=using)
                given_up = _run_handlers(event, using)
                if given_up is None:
                    record.state = State.PROCESSED
                    record.error = ""
                    record.body = event.to_json() if keeps_bodies else ""
                    record.processed_at = timezone.now()
                else:
                    # While the row is locked, so that a copy that waits for it runs nothing.
                    record.state = State.GIVEN_UP
                    record.error = _storable(_text_of(given_up))
                    record.body = event.to_json()
                record.attempts += 1
                record.save(using=using)
    except Exception as error:
        if not claimed:
            if not is_busy(error):
                raise
            logger.info("%s %s is being handled already", event.type, event.id)
            return Outcome.BUSY
        if not committed:
            return _failed(event, error, using)
        logger.exception("%s %s is done, but an on_commit callback raised", event.type, event.id)
    if not is_handled:
        _tell_unhandled(event)
        return Outcome.UNHANDLED
    if given_up is not None:
        _log_failure(event, given_up)
        webhook_failed.send_robust(sender=WebhookEvent, event=event, error=given_up)
        return Outcome.GIVEN_UP
    webhook_processed.send_robust(sender=WebhookEvent, event=event)
    return Outcome.PROCESSED


def _run_handlers(event: Event, using: str) -> Optional[GiveUp]:
    """Runs the handlers; gives a `GiveUp` of theirs, with what they did rolled back."""
    try:
        with transaction.atomic(using=using), handling(using):
            webhook_received.send(sender=WebhookEvent, event=event)
            dispatch(event)
            if transaction.get_rollback(using):
                # Otherwise the savepoint would roll back in silence, and the event would count as
                # done.
                raise transaction.TransactionManagementError(
                    "a handler caught an error of the database that broke the event's transaction"
                )
    except GiveUp as error:
        if transaction.get_rollback(using):
            raise
        return error
    return None


def _claim(event: Event, using: str) -> WebhookEvent:
    """Locks the event's row, which it makes where there is none, until the transaction's end."""
    # First the insert: it waits for another transaction that inserts the same key, and it takes
    # SQLite's write lock, which a transaction that has read cannot always get any more.
    rows = WebhookEvent.objects.using(using)
    new = WebhookEvent(id=event.id, type=event.type, livemode=event.livemode)
    rows.bulk_create([new], ignore_conflicts=True)
    return rows.select_for_update().get(pk=event.id)


def _tell_unhandled(event: Event) -> None:
    logger.warning(
        "no handler takes %s %s; the inbox keeps it: add a handler, then run "
        '"manage.py faststar_events replay %s"',
        event.type,
        event.id,
        event.id,
    )
    webhook_unhandled.send_robust(sender=WebhookEvent, event=event)


def _storable(text: str) -> str:
    """Replaces what a database refuses: lone surrogates, and NUL, which PostgreSQL cannot store."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")[:255]


def _failed(event: Event, error: Exception, using: str) -> Outcome:
    """Stores a failed attempt that was rolled back, and tells of it."""
    _log_failure(event, error)
    state, outcome = State.FAILED, Outcome.FAILED
    if isinstance(error, GiveUp):
        state, outcome = State.GIVEN_UP, Outcome.GIVEN_UP
    try:
        with transaction.atomic(using=using):
            with waiting_at_most(conf.inbox_option("LOCK_TIMEOUT"), using):
                record = _claim(event, using)
            # Another process may have been luckier in the meantime.
            if record.state != State.PROCESSED:
                record.state = state
                record.attempts += 1
                record.error = _storable(_text_of(error))
                record.body = event.to_json()
                record.save(using=using)
    except Exception:
        logger.exception("the failure of %s %s could not be stored", event.type, event.id)
        # Then nothing is known of it, and FastStar must send it again.
        outcome = Outcome.FAILED
    webhook_failed.send_robust(sender=WebhookEvent, event=event, error=error)
    return outcome


def _text_of(error: Exception) -> str:
    # The text of another error may quote the buyer's data.
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    return str(error) or name if isinstance(error, GiveUp) else name


def _log_failure(event: Event, error: Exception) -> None:
    if isinstance(error, GiveUp):
        logger.error("%s %s was given up: %s", event.type, event.id, error)
    else:
        logger.error("%s %s failed and was rolled back", event.type, event.id, exc_info=error)
