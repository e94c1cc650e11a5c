"""The open session of an order, an order's life long, in a real sandbox."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import faststar
import pytest
from asgiref.sync import async_to_sync
from django.db import connections, transaction
from django.utils.functional import lazystr
from faststar import APIConnectionError, AsyncFastStar, FastStar, Sessions, ValidationError
from faststar.django import OpenSession, aopen_session, open_session
from faststar.django.models import OrderSession
from faststar.testing import Merchant

pytestmark = pytest.mark.django_db(databases=["default", "postgresql"], transaction=True)

#: Clicks on "Pay" of an order.
Click = Callable[..., OpenSession]


def params(amount: int = 999, host: str = "https://shop.example", **more: Any) -> Any:
    return {
        "mode": "payment",
        "presentation": "link",
        "line_items": [{"ad_hoc_amount": amount, "ad_hoc_currency": "EUR", "quantity": 1}],
        "success_url": f"{host}/thanks/",
        "cancel_url": f"{host}/",
        **more,
    }


@pytest.fixture(params=["sync", "async"])
def click(request: pytest.FixtureRequest, database: str, faststar_merchant: Merchant) -> Click:
    if request.param == "sync":
        return lambda reference="A-1", **given: open_session(reference, **params(**given))

    def in_loop(reference: object = "A-1", **given: Any) -> OpenSession:
        return async_to_sync(aopen_session)(reference, **params(**given))

    return in_loop


def attempts(reference: str = "A-1") -> list[OrderSession]:
    return list(OrderSession.objects.filter(reference=reference).order_by("attempt"))


def test_the_first_click_makes_a_session(click: Click, faststar_merchant: Merchant) -> None:
    checkout = click()
    assert checkout.status == "open"
    assert checkout.url is not None and checkout.session.id in checkout.url
    session = faststar_merchant.client.checkout.sessions.retrieve(checkout.session.id)
    assert (session.client_reference_id, session.amount_total) == ("A-1", 999)
    (row,) = attempts()
    assert (row.attempt, row.session_id, row.url) == (1, session.id, checkout.url)
    assert json.loads(row.params) == params(client_reference_id="A-1")
    token = checkout.url.partition("token=")[2]
    assert token and token not in repr(checkout)


def test_the_next_click_gets_the_same_session(click: Click) -> None:
    first = click()
    assert [(one.session.id, one.url) for one in (click(), click())] == [
        (first.session.id, first.url)
    ] * 2
    assert len(attempts()) == 1


def test_a_click_through_another_host_gets_the_same_session(click: Click) -> None:
    first, second = click(), click(host="https://www.shop.example")
    assert second == first
    assert second.session.success_url == "https://shop.example/thanks/"


def test_a_changed_cart_gets_another_session(click: Click) -> None:
    first, second = click(), click(amount=1999)
    assert second.session.id != first.session.id
    assert second.session.amount_total == 1999
    assert [row.attempt for row in attempts()] == [1, 2]
    assert click(amount=1999).session.id == second.session.id
    assert click(amount=1999, buyer_country="DE").session.id != second.session.id


def test_an_expired_session_is_followed_by_another(
    click: Click, faststar_merchant: Merchant
) -> None:
    first = click()
    faststar_merchant.expire(first.session.id)
    second = click()
    assert (second.status, second.session.status) == ("open", "open")
    assert second.session.id != first.session.id
    assert [row.ended for row in attempts()] == [True, False]
    faststar_merchant.advance(hours=25)
    third = click()
    assert len({first.session.id, second.session.id, third.session.id}) == 3
    assert third.session.status == "open"


def test_a_paid_order_gets_no_other_session(click: Click, faststar_merchant: Merchant) -> None:
    first = click()
    faststar_merchant.complete(first.session.id)
    for given in ({}, {"host": "https://www.shop.example"}, {"amount": 1999}):
        again = click(**given)
        assert (again.status, again.session.id, again.url) == ("complete", first.session.id, None)
    faststar_merchant.advance(hours=48)
    assert click().status == "complete"
    assert len(attempts()) == 1


def test_a_declined_card_leaves_the_session_open(click: Click, faststar_merchant: Merchant) -> None:
    first = click()
    assert faststar_merchant.complete(first.session.id, card="declined").status == "open"
    second = click()
    assert (second.session.id, second.url) == (first.session.id, first.url)


def test_a_session_that_is_paid_although_there_is_a_newer_one_ends_the_order(
    click: Click, faststar_merchant: Merchant
) -> None:
    first, second = click(), click(amount=1999)
    faststar_merchant.complete(first.session.id)
    for amount in (999, 1999, 2999):
        again = click(amount=amount)
        assert (again.status, again.session.id) == ("complete", first.session.id)
    (event,) = [one for one in faststar_merchant.events() if one.type == "payment.succeeded"]
    assert event.event.payment.client_reference_id == "A-1"
    assert second.session.id != first.session.id


def test_orders_do_not_share_sessions(click: Click) -> None:
    assert click("A-1").session.id != click("A-2").session.id
    assert len(attempts("A-1")) == len(attempts("A-2")) == 1


def test_forty_buyers_at_once_get_one_session(database: str, faststar_merchant: Merchant) -> None:
    def click(number: int) -> str:
        try:
            host = f"https://{number % 4}.shop.example"
            return open_session("A-1", **params(host=host)).session.id
        finally:
            connections.close_all()

    with ThreadPoolExecutor(40) as pool:
        ids = set(pool.map(click, range(40)))
    assert len(ids) == len(attempts()) == 1
    # And again once it has expired: every one of them begins the next attempt.
    faststar_merchant.expire(ids.pop())
    with ThreadPoolExecutor(40) as pool:
        ids = set(pool.map(click, range(40)))
    assert len(ids) == 1
    assert len(attempts()) == 2


def test_forty_tasks_at_once_get_one_session(database: str, faststar_merchant: Merchant) -> None:
    async def clicks() -> set[str]:
        made = await asyncio.gather(*(aopen_session("A-1", **params()) for _ in range(40)))
        return {one.session.id for one in made}

    assert len(async_to_sync(clicks)()) == len(attempts()) == 1


def test_buyers_who_change_the_cart_at_once_get_one_session_each(
    database: str, faststar_merchant: Merchant
) -> None:
    def click(number: int) -> tuple[int, str]:
        try:
            amount = 100 + number % 2
            return amount, open_session("A-1", **params(amount)).session.id
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(click, range(16)))
    by_id = {id: amount for amount, id in made}
    sessions = faststar_merchant.client.checkout.sessions
    assert {id: sessions.retrieve(id).amount_total for id in by_id} == by_id


def test_an_outage_leaves_the_intent_and_the_next_click_goes_on(
    click: Click, faststar_merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = {"api_key": "k", "base_url": "http://127.0.0.1:9/api/v1", "max_retries": 0}
    with pytest.raises(APIConnectionError):
        open_session("A-1", client=FastStar(**nowhere), **params())
    with pytest.raises(APIConnectionError):
        async_to_sync(aopen_session)("A-1", client=AsyncFastStar(**nowhere), **params())
    (intent,) = attempts()
    assert (intent.session_id, intent.url) == ("", "")
    # By another host: the call sends what was meant first, under its key.
    checkout = click(host="https://www.shop.example")
    assert checkout.session.success_url == "https://shop.example/thanks/"
    (row,) = attempts()
    assert (row.idempotency_key, row.session_id) == (intent.idempotency_key, checkout.session.id)


def test_an_answer_that_is_lost_makes_no_second_session(
    database: str, faststar_merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    real = Sessions.create

    def create(self: Sessions, **given: Any) -> Any:
        made.append(real(self, **given).session.id)
        raise APIConnectionError("the answer was lost", code="connection_failed")

    with monkeypatch.context() as lossy:
        lossy.setattr(Sessions, "create", create)
        with pytest.raises(APIConnectionError):
            open_session("A-1", **params())
    assert open_session("A-1", **params()).session.id == made[0]
    assert len(attempts()) == 1


def test_a_changed_cart_leaves_an_intent_without_a_session_behind(
    click: Click, faststar_merchant: Merchant
) -> None:
    with pytest.raises(ValidationError):
        click(amount=-1)
    assert click().status == "open"
    assert [bool(row.session_id) for row in attempts()] == [False, True]


def test_an_order_that_cannot_be_looked_at_gets_no_other_session(
    click: Click, faststar_merchant: Merchant
) -> None:
    click()
    nowhere = FastStar(api_key="k", base_url="http://127.0.0.1:9/api/v1", max_retries=0)
    with pytest.raises(APIConnectionError):
        open_session("A-1", client=nowhere, **params(amount=1999))
    assert len(attempts()) == 1


def test_a_session_that_faststar_does_not_have_is_followed_by_another(
    click: Click, faststar_merchant: Merchant
) -> None:
    first = click()
    OrderSession.objects.update(session_id="cs_of_another_sandbox")
    second = click()
    assert second.session.id != first.session.id
    assert [row.ended for row in attempts()] == [False, False], "it may be another merchant's"
    assert click().session.id == second.session.id


def test_a_click_after_its_url_was_pruned_gets_another_session(
    click: Click, faststar_merchant: Merchant
) -> None:
    first = click()
    OrderSession.objects.update(url="", params="")
    second = click()
    assert second.url and second.session.id != first.session.id
    faststar_merchant.complete(first.session.id)
    assert click().status == "complete"


def test_another_click_may_have_made_it_in_the_meantime(
    database: str, faststar_merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Sessions.create

    def create(self: Sessions, **given: Any) -> Any:
        made = real(self, **given)
        OrderSession.objects.update(session_id=made.session.id, url=made.url)
        raise faststar.ConflictError("in flight", code="idempotency_in_flight", status=409)

    with monkeypatch.context() as busy:
        busy.setattr(Sessions, "create", create)
        checkout = open_session("A-1", **params())
    assert (checkout.status, checkout.session.id) == ("open", attempts()[0].session_id)

    def still_busy(self: Sessions, **given: Any) -> Any:
        raise faststar.ConflictError("in flight", code="idempotency_in_flight", status=409)

    monkeypatch.setattr(Sessions, "create", still_busy)
    with pytest.raises(faststar.ConflictError):
        open_session("A-2", **params())


def test_an_open_transaction_is_refused_with_a_way_out(
    click: Click, faststar_merchant: Merchant, database: str
) -> None:
    refused = pytest.raises(RuntimeError, match=r"transaction\.non_atomic_requests")
    with refused, transaction.atomic(using=database):
        open_session("A-1", **params())
    assert attempts() == []


@pytest.mark.django_db(databases=["default", "postgresql"], transaction=False)
def test_it_works_in_a_test_case_of_django(faststar_merchant: Merchant, db: None) -> None:
    first = open_session(17, **params())
    assert open_session("17", **params()) == first
    assert len(attempts("17")) == 1


def test_the_reference_may_be_any_number_of_an_order(
    database: str, faststar_merchant: Merchant
) -> None:
    import uuid

    number = uuid.uuid4()
    assert open_session(number, **params()).session.client_reference_id == str(number)
    assert open_session(str(number), **params()).session.client_reference_id == str(number)
    assert len(attempts(str(number))) == 1


@pytest.mark.parametrize("reference", ["", None, "x" * 256])
def test_a_reference_that_is_none_is_refused(database: str, reference: object) -> None:
    with pytest.raises(ValueError, match="1 to 255 characters"):
        open_session(reference, **params())


def test_the_reference_is_given_once(database: str, faststar_merchant: Merchant) -> None:
    with pytest.raises(TypeError, match="leave client_reference_id out"):
        open_session("A-1", **params(client_reference_id="A-2"))
    assert open_session("A-1", **params(client_reference_id="A-1")).status == "open"


def test_params_that_mean_the_same_are_the_same(database: str, faststar_merchant: Merchant) -> None:
    first = open_session("A-1", **params())
    same = params(customer_email=None, success_url=lazystr("https://other.example/"))
    same["line_items"] = tuple(dict(reversed(item.items())) for item in same["line_items"])
    assert open_session("A-1", **same).session.id == first.session.id
    with pytest.raises(TypeError, match="set has no place in a session's params"):
        open_session("A-1", **params(line_items={1}))
