"""The same event comes twice at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Callable

import pytest
from django.db import OperationalError, connections, transaction
from django.test import Client, override_settings
from faststar import Event, Webhook
from faststar.django import GiveUp, on
from faststar.django import inbox as inbox_module
from faststar.django.locks import is_busy
from faststar.django.models import WebhookEvent
from orders.models import Fulfilment
from posts import SECRET, Post, fulfilments, inbox, payment_body

pytestmark = pytest.mark.django_db(databases=["default", "postgresql"], transaction=True)


def in_thread(post: Post) -> Callable[[], int]:
    def run() -> int:
        try:
            return post().status_code
        finally:
            connections.close_all()

    return run


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


def someone_waits_for_a_lock() -> bool:
    with connections["postgresql"].cursor() as cursor:
        cursor.execute("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
        return cursor.fetchone()[0] > 0


def test_one_effect_of_many_at_once(database: str, post: Post) -> None:
    @on("payment.succeeded")
    def handler(event: Event) -> None:
        Fulfilment.objects.create(order="1")

    with ThreadPoolExecutor(8) as pool:
        answers = [future.result() for future in [pool.submit(in_thread(post)) for _ in range(24)]]
    assert answers == [200] * 24
    assert (fulfilments(), inbox().attempts) == (1, 1)


def test_what_is_given_up_runs_once_of_many_at_once(
    database: str, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    @on("payment.succeeded")
    def handler(event: Event) -> None:
        Fulfilment.objects.create(order="1")
        raise GiveUp("no such order")

    with ThreadPoolExecutor(8) as pool:
        answers = [future.result() for future in [pool.submit(in_thread(post)) for _ in range(24)]]
    assert answers == [200] * 24
    assert (fulfilments(), inbox().attempts, inbox().state) == (0, 1, "given_up")
    assert len([one for one in caplog.records if "was given up" in one.message]) == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("failed_before", [False, True], ids=["new", "failed before"])
def test_the_second_waits_for_the_first_and_finds_it_done(
    database: str, post: Post, failed_before: bool
) -> None:
    ran: list[str] = []
    may_end = threading.Event()

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        if failed_before and not ran:
            ran.append("failed")
            raise ValueError
        Fulfilment.objects.create(order="1")
        ran.append("in the handler")
        assert may_end.wait(30)

    if failed_before:
        assert post().status_code == 500
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(in_thread(post))
        until(lambda: "in the handler" in ran)
        second = pool.submit(in_thread(post))
        until(someone_waits_for_a_lock)
        assert not second.done()
        may_end.set()
        assert (first.result(), second.result()) == (200, 200)
    assert ran.count("in the handler") == fulfilments() == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_second_runs_when_the_first_fails(database: str, post: Post) -> None:
    ran: list[str] = []
    may_end = threading.Event()

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        ran.append("in the handler")
        Fulfilment.objects.create(order="1")
        if len(ran) == 1:
            assert may_end.wait(30)
            raise ValueError

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(in_thread(post))
        until(lambda: bool(ran))
        second = pool.submit(in_thread(post))
        until(someone_waits_for_a_lock)
        may_end.set()
        assert (first.result(), second.result()) == (500, 200)
    assert (fulfilments(), inbox().state) == (1, "processed")


def wait_of(database: str) -> str:
    """Tells how long a statement waits for a lock."""
    query = "PRAGMA busy_timeout" if database == "default" else "SHOW lock_timeout"
    with connections[database].cursor() as cursor:
        cursor.execute(query)
        return str(cursor.fetchone()[0])


@pytest.mark.parametrize("failed_before", [False, True], ids=["new", "failed before"])
def test_a_copy_gives_way_after_a_time_and_comes_again(
    database: str, post: Post, failed_before: bool
) -> None:
    ran: list[str] = []
    waits: list[str] = []
    may_end = threading.Event()

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        waits.append(wait_of(database))
        if failed_before and not ran:
            ran.append("failed")
            raise ValueError
        Fulfilment.objects.create(order="1")
        ran.append("in the handler")
        assert may_end.wait(30)

    def answer() -> tuple[int, str | None]:
        try:
            answered = post()
            return answered.status_code, answered.headers.get("Retry-After")
        finally:
            connections.close_all()

    before = wait_of(database)
    short = {"API_KEY": "sk_test", "WEBHOOK_SECRET": SECRET, "LOCK_TIMEOUT": 0.2}
    with override_settings(FASTSTAR=short):
        if failed_before:
            assert post().status_code == 500
        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(answer)
            until(lambda: "in the handler" in ran)
            copies = [pool.submit(answer) for _ in range(3)]
            assert [copy.result() for copy in copies] == [(503, "1")] * 3
            assert not first.done()
            may_end.set()
            assert first.result() == (200, None)
        assert post().status_code == 200
    assert ran.count("in the handler") == fulfilments() == 1
    assert (inbox().state, inbox().attempts) == ("processed", 2 if failed_before else 1)
    assert set(waits) == {before} == {wait_of(database)}, "handlers wait as the settings say"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_a_handler_waits_for_is_its_own_matter(database: str, post: Post) -> None:
    row = Fulfilment.objects.create(order="1")
    locked, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic(using=database):
                Fulfilment.objects.select_for_update().get(pk=row.pk)
                locked.set()
                assert may_end.wait(30)
        finally:
            connections.close_all()

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        Fulfilment.objects.select_for_update().get(pk=row.pk)

    short = {"WEBHOOK_SECRET": SECRET, "LOCK_TIMEOUT": 0}
    with override_settings(FASTSTAR=short), ThreadPoolExecutor(2) as pool:
        holder = pool.submit(hold)
        assert locked.wait(30)
        answer = pool.submit(in_thread(post))
        until(someone_waits_for_a_lock)
        may_end.set()
        assert answer.result() == 200
        holder.result()


class DriverError(Exception):
    """An error of a database's driver, with what it tells beside its text."""

    def __init__(self, text: str, **told: str) -> None:
        super().__init__(text)
        vars(self).update(told)


@pytest.mark.parametrize(
    ("arguments", "cause", "busy"),
    [
        (("canceling statement due to lock timeout",), DriverError("", sqlstate="55P03"), True),
        (("deadlock detected",), DriverError("", pgcode="40P01"), True),
        (("the server closed the connection",), DriverError("", sqlstate="08006"), False),
        # As MariaDB told them here, through PyMySQL.
        ((1205, "Lock wait timeout exceeded"), DriverError("", sqlstate="HY000"), True),
        ((1213, "Deadlock found"), DriverError(""), True),
        ((2006, "MySQL server has gone away"), DriverError(""), False),
        (("database is locked",), DriverError("database is locked"), True),
        (("no such table",), DriverError("no such table"), False),
    ],
)
def test_only_a_lock_that_another_holds_is_busy(
    arguments: tuple[object, ...], cause: Exception, busy: bool
) -> None:
    error = OperationalError(*arguments)
    error.__cause__ = cause
    assert is_busy(error) is busy


def test_a_database_that_is_not_there_is_no_busy_one(url: str, monkeypatch: Any) -> None:
    @contextmanager
    def broken(seconds: float, using: str) -> Iterator[None]:
        raise OperationalError("connection refused")
        yield

    monkeypatch.setattr(inbox_module, "waiting_at_most", broken)
    client = Client(raise_request_exception=False)
    signature = Webhook.sign_for_test(payment_body(), SECRET)
    answer = client.post(
        url,
        payment_body(),
        content_type="application/json",
        HTTP_X_WEBHOOK_SIGNATURE=signature,
    )
    assert (answer.status_code, WebhookEvent.objects.count()) == (500, 0)
