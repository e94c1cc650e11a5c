"""The recipe of docs/django.md as it stands, an order's life long. test_docs.py runs it there."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from faststar.django.models import OrderSession, WebhookEvent
from orders.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(db):
    assert connection.vendor == os.environ["RECIPE_DATABASE"]
    return Order.objects.create(number="A-17", amount=999, currency="EUR")


def click(client, **headers):
    return client.post("/orders/A-17/pay/", **headers)


def session_of(answer):
    assert answer.status_code == 302, answer.content
    return answer.url.split("/checkout/")[1].split("?")[0]


def deliver(client, merchant):
    def receive(body, headers):
        path = "/webhooks/faststar/"
        return client.post(path, body, content_type="application/json", headers=headers)

    answers = merchant.replay(to=receive, type="payment.succeeded")
    return [answer.status_code for answer in answers]


def test_the_first_click_and_a_click_later(client, order, faststar_merchant):
    first, second = click(client), click(client)
    assert first.url == second.url
    session = faststar_merchant.client.checkout.sessions.retrieve(session_of(first))
    assert (session.client_reference_id, session.amount_subtotal) == ("A-17", 999)
    assert session.success_url == "http://testserver/orders/A-17/"


def test_forty_buyers_click_at_once(order, faststar_merchant):
    start = threading.Barrier(40)

    def buyer(_):
        start.wait()
        try:
            return click(Client()).url
        finally:
            connections.close_all()

    with ThreadPoolExecutor(40) as pool:
        urls = set(pool.map(buyer, range(40)))
    assert len(urls) == 1
    assert OrderSession.objects.count() == 1


def test_a_click_after_the_cart_changed(client, order, faststar_merchant):
    first = session_of(click(client))
    Order.objects.update(amount=1999)
    second = session_of(click(client))
    assert first != second
    assert faststar_merchant.complete(second).amount_subtotal == 1999
    assert deliver(client, faststar_merchant) == [200]
    order.refresh_from_db()
    assert order.state == "paid"


def test_a_click_after_expiry(client, order, faststar_merchant):
    first = session_of(click(client))
    faststar_merchant.advance(hours=25)
    second = session_of(click(client))
    sessions = faststar_merchant.client.checkout.sessions
    assert [sessions.retrieve(id).status for id in (first, second)] == ["expired", "open"]


def test_clicks_after_the_payment(client, order, faststar_merchant):
    faststar_merchant.complete(session_of(click(client)))
    answer = click(client)
    assert answer.status_code == 200 and b"has arrived" in answer.content
    assert b"<button" not in answer.content
    assert deliver(client, faststar_merchant) == [200]
    answer = click(client)
    assert answer.url == "http://testserver/orders/A-17/"
    assert b"A-17: paid" in client.get(answer.url).content
    faststar_merchant.advance(hours=48)
    Order.objects.update(state="pending")
    assert b"has arrived" in click(client).content, "a restored backup sells nothing twice"


def test_a_click_through_another_host_name(client, order, faststar_merchant, settings):
    settings.ALLOWED_HOSTS = ["*"]
    answers = [
        click(client, headers={"host": host}) for host in ("shop.example", "www.shop.example")
    ]
    assert answers[0].url == answers[1].url


def test_a_click_after_a_declined_card(client, order, faststar_merchant):
    first = session_of(click(client))
    assert faststar_merchant.complete(first, card="declined").status == "open"
    assert session_of(click(client)) == first
    faststar_merchant.complete(first)
    assert deliver(client, faststar_merchant) == [200]
    order.refresh_from_db()
    assert (order.state, len(mail.outbox)) == ("paid", 1)


def test_an_old_session_is_paid_although_there_is_a_newer_one(client, order, faststar_merchant):
    first = session_of(click(client))
    Order.objects.update(amount=1999)
    second = session_of(click(client))
    faststar_merchant.complete(first)
    assert b"has arrived" in click(client).content
    assert deliver(client, faststar_merchant) == [200]
    order.refresh_from_db()
    assert (order.state, mail.outbox) == ("review", [])
    assert "19.99 EUR" in order.note and "9.99 EUR" in order.note
    # And the newer one too, in the other tab.
    faststar_merchant.complete(second)
    assert deliver(client, faststar_merchant) == [200, 200]
    order.refresh_from_db()
    assert order.state == "review"
    notes = order.note.splitlines()
    assert len({note.split()[0] for note in notes}) == 2, "both payments are told"
    assert "pending" in notes[0] and "review" in notes[1]


def test_tax_on_top_is_no_other_amount(client, order, faststar_merchant):
    Order.objects.update(currency="USD")
    id = session_of(click(client))
    import json
    from urllib.request import Request, urlopen

    url = OrderSession.objects.get().url
    base, token = faststar_merchant.base_url.removesuffix("/api/v1"), url.partition("token=")[2]
    body = json.dumps({"token": token, "buyer_country": "US"}).encode()
    path = f"{base}/cashier/v1/sessions/{id}/country"
    urlopen(Request(path, body, {"Content-Type": "application/json"})).close()
    assert faststar_merchant.complete(id).amount_total == 1079
    assert deliver(client, faststar_merchant) == [200]
    order.refresh_from_db()
    assert order.state == "paid"


def test_a_second_payment_is_left_to_a_person(client, order, faststar_merchant):
    first = session_of(click(client))
    Order.objects.update(amount=998)
    second = session_of(click(client))
    Order.objects.update(amount=999)
    faststar_merchant.complete(first)
    faststar_merchant.complete(second)
    assert deliver(client, faststar_merchant) == [200, 200]
    order.refresh_from_db()
    assert order.state == "review" and "came while paid" in order.note
    assert len(mail.outbox) == 1


def test_an_event_that_runs_again_is_no_second_payment(client, order, faststar_merchant):
    faststar_merchant.complete(session_of(click(client)))
    assert deliver(client, faststar_merchant) == [200]
    call_command("faststar_events", "replay", WebhookEvent.objects.get().pk, "--force")
    order.refresh_from_db()
    assert (order.state, order.note, len(mail.outbox)) == ("paid", "", 2)


def test_a_payment_without_an_order_is_kept(client, order, faststar_merchant):
    faststar_merchant.complete(session_of(click(client)))
    order.delete()
    assert deliver(client, faststar_merchant) == [200]
    row = WebhookEvent.objects.get()
    assert row.state == "given_up" and row.body and row.error.startswith("pi_")


def test_an_outage_is_told_and_over_later(client, order, faststar_merchant, monkeypatch):
    from faststar.django import conf

    monkeypatch.setitem(conf.overrides, "BASE_URL", "http://127.0.0.1:9/api/v1")
    answer = click(client)
    assert answer.status_code == 503 and b"Try again" in answer.content
    assert b"<button>Pay" in answer.content
    monkeypatch.setitem(conf.overrides, "BASE_URL", faststar_merchant.base_url)
    assert session_of(click(client))
    assert OrderSession.objects.count() == 1
