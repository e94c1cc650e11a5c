"""What waits for the commit, and where the inbox is elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from django.db import IntegrityError, connections, transaction
from faststar import Event
from faststar.django import on, on_commit
from orders.models import Fulfilment
from posts import Post, fulfilments, inbox
from routers import TestRouter

pytestmark = pytest.mark.django_db(databases=["default", "postgresql"], transaction=True)


@pytest.fixture(
    params=[
        ("default", "default"),
        ("postgresql", "postgresql"),
        ("postgresql", "default"),
        ("default", "postgresql"),
    ],
    ids=lambda pair: f"inbox in {pair[0]}, orders in {pair[1]}",
)
def placed(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[tuple[str, str]]:
    TestRouter.inbox, TestRouter.database = request.param
    yield request.param
    TestRouter.inbox, TestRouter.database = None, "default"


def is_done() -> bool:
    """Tells whether another connection sees that the event is done."""
    other = connections[TestRouter.inbox or "default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("select count(*) from faststar_webhookevent where state = 'processed'")
            return bool(cursor.fetchone()[0])
    finally:
        other.close()


@pytest.mark.parametrize("kind", ["sync", "async", "sync in async"])
def test_it_runs_once_the_event_is_stored_as_done(
    placed: tuple[str, str], post: Post, kind: str
) -> None:
    broken = True
    mails: list[bool] = []

    def mail() -> None:
        mails.append(is_done())

    def ask() -> None:
        Fulfilment.objects.create(order="1")
        on_commit(mail)

    @on("payment.succeeded")
    def sync_handler(event: Event) -> None:
        if kind == "sync":
            ask()

    @on("payment.succeeded")
    async def async_handler(event: Event) -> None:
        if kind == "async":
            on_commit(mail)
            await Fulfilment.objects.acreate(order="1")
        elif kind == "sync in async":
            await sync_to_async(ask)()

    @on("payment.succeeded")
    def last(event: Event) -> None:
        if broken:
            raise ValueError

    assert [post().status_code for _ in range(3)] == [500] * 3
    assert mails == []
    broken = False
    assert post().status_code == 200
    assert mails == [True], "it has run once, and another connection sees the event"
    assert post().status_code == 200
    assert len(mails) == 1


def test_a_coroutine_may_wait_for_the_commit(placed: tuple[str, str], post: Post) -> None:
    mails: list[str] = []

    async def mail() -> None:
        mails.append("async")

    @on("payment.succeeded")
    async def handler(event: Event) -> None:
        on_commit(mail)

    @on("payment.succeeded")
    def other(event: Event) -> None:
        on_commit(mail)

    assert post().status_code == 200
    assert mails == ["async", "async"]


def test_one_that_raises_stops_no_other_and_is_logged(
    placed: tuple[str, str], post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    mails: list[str] = []

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        on_commit(lambda: 1 / 0)
        on_commit(lambda: mails.append("sent"))

    assert post().status_code == 200
    assert (mails, inbox().state) == (["sent"], "processed")
    assert any(one.levelno == logging.ERROR and one.exc_info for one in caplog.records)


def test_a_callback_of_django_that_raises_does_not_run_the_handlers_again(
    placed: tuple[str, str], post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    @on("payment.succeeded")
    def handler(event: Event) -> None:
        Fulfilment.objects.create(order="1")
        # As a receiver of post_save does whose broker is down.
        transaction.on_commit(lambda: 1 / 0)

    assert [post().status_code for _ in range(3)] == [200] * 3
    assert (fulfilments(), inbox().state) == (1, "processed")
    assert any(one.levelno == logging.ERROR and one.exc_info for one in caplog.records)


def test_a_savepoint_that_is_rolled_back_takes_its_mails_along(
    placed: tuple[str, str], post: Post
) -> None:
    mails: list[str] = []
    inbox_is_in = placed[0]

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        try:
            with transaction.atomic(using=inbox_is_in):
                on_commit(lambda: mails.append("of the savepoint"))
                raise ValueError
        except ValueError:
            on_commit(lambda: mails.append("of the rest"))

    assert post().status_code == 200
    assert mails == ["of the rest"]


def test_outside_of_a_handler_it_waits_for_an_open_transaction(placed: tuple[str, str]) -> None:
    done: list[str] = []
    on_commit(lambda: done.append("at once"))
    assert done == ["at once"]
    with transaction.atomic(using=placed[0]):
        on_commit(lambda: done.append("later"))
        assert done == ["at once"]
    assert done == ["at once", "later"]


@pytest.mark.parametrize("wrong", [None, "send", 5])
def test_it_takes_a_function(wrong: object) -> None:
    with pytest.raises(TypeError, match="wrap the call in a lambda"):
        on_commit(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("placed", [("postgresql", "default")], indirect=True, ids=["elsewhere"])
def test_what_handlers_do_in_default_is_rolled_back_where_the_inbox_is_elsewhere(
    placed: tuple[str, str], post: Post
) -> None:
    broken = True
    mails: list[str] = []

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        Fulfilment.objects.create(order="1")
        # Django's own: it waits for the commit of `default`, which there is.
        transaction.on_commit(lambda: mails.append("sent"))
        if broken:
            raise ValueError

    assert [post().status_code for _ in range(3)] == [500] * 3
    assert (fulfilments(), mails) == (0, [])
    broken = False
    assert post().status_code == 200
    assert (fulfilments(), mails, inbox().state) == (1, ["sent"], "processed")


@pytest.mark.parametrize("placed", [("postgresql", "default")], indirect=True, ids=["elsewhere"])
def test_an_error_of_default_that_a_handler_swallows_does_not_count_as_done(
    placed: tuple[str, str], post: Post
) -> None:
    @on("payment.succeeded")
    def handler(event: Event) -> None:
        row = Fulfilment.objects.create(order="1")
        try:
            with transaction.atomic(savepoint=False):
                Fulfilment.objects.create(pk=row.pk, order="again")
        except IntegrityError:
            pass

    assert post().status_code == 500
    assert (fulfilments(), inbox().state) == (0, "failed")
    assert inbox().error.endswith("TransactionManagementError")
