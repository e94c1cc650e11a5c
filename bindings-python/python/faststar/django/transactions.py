"""The transaction that an event is handled in."""

# pyright finds types of Django's that it does not know.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Callable

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.db import DEFAULT_DB_ALIAS, connections, router, transaction

from .models import WebhookEvent

logger = logging.getLogger("faststar.django")


class _Current:
    """The transaction of the event that is being handled."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.thread = threading.get_ident()
        # What code in another thread asked for, which has another connection.
        self.later: list[Callable[[], Any]] = []


_current: ContextVar[_Current | None] = ContextVar("faststar_event", default=None)


def on_commit(function: Callable[[], Any]) -> None:
    """Runs a function once the event that is being handled is stored as done.

    Use it in handlers for what cannot be rolled back, such as an e-mail or a task. It runs after
    the commit of the event's own transaction, on whichever database the inbox is, and from ``async
    def`` handlers too: there, and where the inbox is not in ``default``, Django's
    ``transaction.on_commit`` runs too early. Where the handlers fail, it does not run. It does not
    run again if it raises; the error is logged.

    Outside of a handler it waits for the transaction of the inbox's database, if one is open.

    Args:
        function: Takes no arguments. It may be ``async def``.
    """
    if not callable(function):
        raise TypeError("on_commit takes a function without arguments; wrap the call in a lambda")
    run: Callable[[], Any] = async_to_sync(function) if iscoroutinefunction(function) else function
    current = _current.get()
    if current is not None and current.thread != threading.get_ident():
        current.later.append(run)
        return
    using = router.db_for_write(WebhookEvent) if current is None else current.using
    transaction.on_commit(run, using=using, robust=True)


@contextmanager
def handling(using: str) -> Generator[None]:
    """Lets the body handle an event in the open transaction of the database ``using``.

    Where the inbox is elsewhere, ``default`` has a transaction too: what handlers do there is
    rolled back with them.
    """
    current = _Current(using)
    token = _current.set(current)
    try:
        with _in_default(using):
            yield
        for run in current.later:
            transaction.on_commit(run, using=using, robust=True)
    finally:
        _current.reset(token)


@contextmanager
def _in_default(using: str) -> Generator[None]:
    engine = connections.settings[DEFAULT_DB_ALIAS]["ENGINE"]
    if using == DEFAULT_DB_ALIAS or engine == "django.db.backends.dummy":
        yield
        return
    committed: list[bool] = []
    try:
        with transaction.atomic():
            # The first of the callbacks, so that it has run when another one raises.
            transaction.on_commit(lambda: committed.append(True))
            yield
            if transaction.get_rollback():
                # Otherwise the block would roll back in silence, and the event would count as done.
                raise transaction.TransactionManagementError(
                    "a handler caught an error of the database that broke the transaction of "
                    "'default'"
                )
    except Exception:
        if not committed:
            raise
        # The changes are stored. A failed event would run again and make them twice.
        logger.exception("an on_commit callback of 'default' raised; the handlers are done")
