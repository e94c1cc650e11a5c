"""How long a webhook waits for another one that has the same event."""

# pyright finds types of Django's that it does not know.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from math import ceil
from typing import Any

from django.db import OperationalError, connections

# PostgreSQL: lock_not_available, serialization_failure, deadlock_detected.
_SQLSTATES = {"55P03", "40001", "40P01"}
# MySQL: lock wait timeout, deadlock, NOWAIT.
_MYSQL = {1205, 1213, 3572}


@contextmanager
def waiting_at_most(seconds: float, using: str) -> Generator[None]:
    """Bounds how long a statement of the body waits for a lock; needs an open transaction.

    What the connection had before is put back, so that handlers wait as your settings say.
    """
    connection: Any = connections[using]
    bound = _BOUNDS.get(connection.vendor)
    if bound is None:
        yield
        return
    with connection.wrap_database_errors, bound(connection.connection, seconds):
        yield


@contextmanager
def _postgresql(raw: Any, seconds: float) -> Generator[None]:
    change = "SELECT set_config('lock_timeout', %s, true)"
    with raw.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        before = cursor.fetchone()[0]
        # 0 would mean no bound at all.
        cursor.execute(change, [f"{max(1, round(seconds * 1000))}ms"])
        yield
        # After an error the end of the transaction puts it back.
        cursor.execute(change, [before])


@contextmanager
def _sqlite(raw: Any, seconds: float) -> Generator[None]:
    before = raw.execute("PRAGMA busy_timeout").fetchone()[0]
    raw.execute(f"PRAGMA busy_timeout = {min(before, round(seconds * 1000))}")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA busy_timeout = {before}")


@contextmanager
def _mysql(raw: Any, seconds: float) -> Generator[None]:
    change = "SET SESSION innodb_lock_wait_timeout = %s"
    with raw.cursor() as cursor:
        cursor.execute("SELECT @@SESSION.innodb_lock_wait_timeout")
        before = cursor.fetchone()[0]
        cursor.execute(change, [max(1, ceil(seconds))])
        try:
            yield
        finally:
            cursor.execute(change, [before])


_BOUNDS = {"postgresql": _postgresql, "sqlite": _sqlite, "mysql": _mysql}


def is_busy(error: Exception) -> bool:
    """Tells whether an error of the database says that another transaction holds the lock."""
    if not isinstance(error, OperationalError):
        return False
    cause: Any = error.__cause__
    # psycopg 3 and 2.
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    number = error.args[0] if error.args else None
    # SQLite tells it in words alone before Python 3.11.
    return state in _SQLSTATES or number in _MYSQL or "is locked" in str(cause)
