"""Whether a payment settles an order: the face, and the session that the client reads."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from decimal import Decimal

import faststar
import pytest
from conftest import SESSION, failed, ok
from faststar import AsyncFastStar, Event, FastStar, Money, ValidationError, check_payment

KEY = "CANARY-key"


def event(amount=1079, currency="USD", type="payment.succeeded", session="cs_1"):
    data = {"payment_id": "pi_1", "amount": amount, "currency": currency, "status": "succeeded"}
    if session:
        data["checkout_session_id"] = session
    return Event.parse(json.dumps({"id": "evt_1", "type": type, "data": data}))


def blocking(url, *args, **options):
    with FastStar(api_key=KEY, base_url=url) as client:
        return client.checkout.sessions.check_payment(*args, **options)


def awaited(url, *args, **options):
    async def check():
        async with AsyncFastStar(api_key=KEY, base_url=url) as client:
            return await client.checkout.sessions.check_payment(*args, **options)

    return asyncio.run(check())


@pytest.fixture(params=[blocking, awaited], ids=["sync", "async"])
def check(request):
    return request.param


def test_the_session_is_read_where_another_amount_was_paid(serve, check):
    server = serve(lambda n, path, body: ok(SESSION))
    order = {"amount": 999, "currency": "USD"}
    assert check(server.url, event(999), **order).is_paid
    assert check(server.url, event(), amount=None, currency=None).verdict == "unknown_order"
    assert check(server.url, event(currency="EUR"), **order).verdict == "other_currency"
    assert check(server.url, event(session=None), **order).verdict == "session_needed"
    assert server.requests == []
    found = check(server.url, event(), **order)
    assert (found.verdict, found.expected, found.paid) == ("paid", Money(1079, "USD"), found.paid)
    assert len(server.requests) == 1
    assert check(server.url, event(1000), **order).verdict == "underpaid"
    assert check(server.url, event(1080), **order, timeout=5, max_retries=0).verdict == "overpaid"


def test_a_session_that_cannot_be_read_is_an_error(serve, check):
    server = serve(lambda n, path, body: failed(404, "not_found"))
    with pytest.raises(faststar.NotFoundError):
        check(server.url, event(), amount=999, currency="USD")


def test_a_session_of_the_sandbox_settles_an_order(merchant, sandbox, check):
    with FastStar(api_key=merchant["api_key"], base_url=sandbox.url + "/api/v1") as client:
        created = client.checkout.sessions.create(
            mode="payment",
            presentation="link",
            line_items=[{"ad_hoc_amount": 999, "ad_hoc_currency": "USD", "quantity": 1}],
            buyer_country="US",
        )
        session = created.session
        paid = event(session.amount_total, session=session.id)
        found = client.checkout.sessions.check_payment(paid, amount=999, currency="USD")
        assert (session.amount_total, found.verdict) == (1079, "paid")
        assert found == check_payment(paid, amount=999, currency="USD", session=session)


@pytest.mark.parametrize(
    ("order", "code", "param"),
    [
        ({"amount": 9.99, "currency": "USD"}, "invalid_type", "amount"),
        ({"amount": Decimal("9.99"), "currency": "USD"}, "invalid_type", "amount"),
        ({"amount": True, "currency": "USD"}, "invalid_type", "amount"),
        ({"amount": "999", "currency": "USD"}, "invalid_type", "amount"),
        ({"amount": 2**63, "currency": "USD"}, "out_of_range", "amount"),
        ({"amount": None, "currency": "USD"}, "missing_field", "amount"),
        ({"amount": 999, "currency": None}, "missing_field", "currency"),
        ({"amount": 999, "currency": "dollars"}, "invalid_value", "currency"),
        ({"amount": 999, "currency": b"USD"}, "invalid_type", "currency"),
    ],
)
def test_what_is_no_order_is_refused(order, code, param):
    with pytest.raises(ValidationError) as raised:
        check_payment(event(), **order)
    assert (raised.value.code, raised.value.param) == (code, param)


@pytest.mark.parametrize("given", [None, {"id": "evt_1"}, b"{}", "evt_1"])
def test_what_is_no_event_is_refused(given):
    with pytest.raises(ValidationError, match="must be an Event") as raised:
        check_payment(given, amount=999, currency="USD")
    assert raised.value.param == "event"


def test_a_check_is_a_value():
    found = check_payment(event(999), amount=999, currency="usd")
    same = check_payment(event(999), amount=999, currency="USD")
    assert found == same
    assert hash(found) == hash(same)
    assert found != check_payment(event(998), amount=999, currency="USD")
    assert pickle.loads(pickle.dumps(found)) == copy.deepcopy(found) == found
    assert str(found) == found.message == "9.99 USD was paid, the amount of the order"
    assert json.loads(json.dumps(found.to_dict()))["expected"] == {"amount": 999, "currency": "USD"}
    with pytest.raises(AttributeError):
        found.is_paid = False
