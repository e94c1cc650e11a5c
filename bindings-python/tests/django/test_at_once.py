"""The same event comes twice at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

import pytest
from django.db import connections
from faststar import Event
from faststar.django import on
from orders.models import Fulfilment
from posts import Post, fulfilments, inbox

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
