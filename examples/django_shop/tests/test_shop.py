"""The shop's pages, with a real sandbox behind them."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import Sandbox
from django.core import mail
from django.core.management import call_command
from django.test import Client
from faststar import Webhook
from faststar.django import get_client
from faststar.django.models import OrderSession, WebhookEvent
from shop.models import Order, Product


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def fill(shop: Client, *, tins: int = 2) -> Product:
    product = Product.objects.get(name="First Flush")
    shop.post(f"/cart/add/{product.pk}/")
    shop.post(f"/cart/change/{product.pk}/", {"quantity": tins})
    return product


def order(shop: Client, *, country: str = "US-CA", presentation: str = "iframe") -> Order:
    fill(shop)
    shop.post("/checkout/", {"country": country, "presentation": presentation})
    return Order.objects.get()


def attempt(order: Order) -> OrderSession:
    """Gives the latest attempt to pay an order."""
    found = OrderSession.objects.filter(reference=order.pk).last()
    assert found is not None
    return found


def webhook(sandbox: Sandbox, order: Order, *, id: str = "evt_1", **data: Any) -> int:
    order.refresh_from_db()
    payment = {
        "checkout_session_id": attempt(order).session_id,
        "payment_id": "pi_1",
        "amount": order.total,
        "currency": order.currency,
        "status": "succeeded",
        "client_reference_id": str(order.pk),
        **data,
    }
    body = json.dumps({"id": id, "type": "payment.succeeded", "data": payment})
    secret = sandbox.environment["FASTSTAR_WEBHOOK_SECRET"]
    signature = Webhook.sign_for_test(body, secret)
    headers = {"HTTP_X_WEBHOOK_SIGNATURE": signature}
    path = "/webhooks/faststar/"
    status: int = Client().post(path, body, content_type="application/json", **headers).status_code
    return status


def test_the_catalog_is_in_faststar_and_on_the_page(shop: Client) -> None:
    page = text(shop.get("/"))
    prices = {price.id: price for price in get_client().catalog.prices.list()}
    assert Product.objects.count() == 6
    for product in Product.objects.all():
        assert prices[product.price_id].unit_amount == product.unit_amount
        assert product.name in page and str(product.price) in page


def test_seeding_again_makes_nothing_new(shop: Client) -> None:
    before = list(Product.objects.values_list("price_id", flat=True))
    call_command("seed_catalog")
    assert list(Product.objects.values_list("price_id", flat=True)) == before


def test_the_cart_counts_and_estimates(shop: Client) -> None:
    assert "It is empty" in text(shop.get("/cart/"))
    product = fill(shop, tins=2)
    page = text(shop.get("/cart/?country=DE"))
    assert "29.80 EUR" in page and "Tax, included" in page and "4.76 EUR" in page
    assert "32.19 EUR" not in page
    # California adds 7.25 %: 298 + 2.16 on 29.80.
    assert "31.96 EUR" in text(shop.get("/cart/?country=US-CA"))
    shop.post(f"/cart/change/{product.pk}/", {"quantity": "0"})
    assert "It is empty" in text(shop.get("/cart/"))


@pytest.mark.parametrize("quantity", ["", "-1", "x", "²"])
def test_a_strange_quantity_is_one(shop: Client, quantity: str) -> None:
    product = fill(shop)
    shop.post(f"/cart/change/{product.pk}/", {"quantity": quantity})
    assert 'value="1"' in text(shop.get("/cart/"))


def test_checkout_by_overlay_stays_in_the_shop(shop: Client, sandbox: Sandbox) -> None:
    fill(shop)
    answer = shop.post("/checkout/", {"country": "US-CA", "presentation": "iframe"})
    made = Order.objects.get()
    assert answer.headers["Location"] == f"/orders/{made.pk}/?pay=now"
    session = get_client().checkout.sessions.retrieve(attempt(made).session_id)
    assert (session.presentation, session.client_reference_id) == ("iframe", str(made.pk))
    assert (session.amount_total, session.amount_tax) == (made.total, made.tax)
    page = text(shop.get(answer.headers["Location"]))
    assert f'<script src="{sandbox.url}/sdk/v1/faststar.min.js">' in page
    assert f'action="/orders/{made.pk}/pay/"' in page and "data-open" in page
    told = shop.post(f"/orders/{made.pk}/pay/", headers={"Accept": "application/json"}).json()
    assert told == {"open": attempt(made).url}
    assert OrderSession.objects.count() == 1
    assert "data-open" not in text(shop.get(f"/orders/{made.pk}/"))
    assert "It is empty" in text(shop.get("/cart/"))


def test_checkout_by_redirect_goes_to_the_cashier(shop: Client) -> None:
    fill(shop)
    answer = shop.post("/checkout/", {"country": "DE", "presentation": "link"})
    made = Order.objects.get()
    assert answer.headers["Location"] == attempt(made).url
    session = get_client().checkout.sessions.retrieve(attempt(made).session_id)
    assert session.presentation == "link"
    assert session.success_url == f"http://testserver/orders/{made.pk}/"


def test_an_order_is_paid_by_the_webhook_alone(
    shop: Client, sandbox: Sandbox, django_capture_on_commit_callbacks: Any
) -> None:
    made = order(shop)
    page = f"/orders/{made.pk}/"
    assert "Waiting for the payment" in text(shop.get(page))
    # Paid, but the webhook has not come: whoever returns from the cashier sees no "paid".
    sandbox.call(f"/sandbox/v1/sessions/{attempt(made).session_id}/complete", {})
    assert "Waiting for the payment" in text(shop.get(page))
    assert shop.get(f"{page}status/").json() == {"state": "pending"}
    assert "has arrived" in text(shop.post(f"{page}pay/", follow=True))
    with django_capture_on_commit_callbacks(execute=True):
        assert webhook(sandbox, made) == 200
    assert shop.post(f"{page}pay/").headers["Location"] == page
    assert [len(mail.outbox), OrderSession.objects.count()] == [1, 1]
    assert "Thank you." in text(shop.get(page))
    assert shop.get(f"{page}status/").json() == {"state": "paid"}
    assert Product.objects.get(name="First Flush").stock == 38


def test_five_webhooks_take_the_stock_once(shop: Client, sandbox: Sandbox) -> None:
    made = order(shop)
    assert [webhook(sandbox, made) for _ in range(5)] == [200] * 5
    assert Product.objects.get(name="First Flush").stock == 38
    assert WebhookEvent.objects.get().attempts == 1


@pytest.mark.parametrize("data", [{"amount": 1}, {"currency": "USD"}])
def test_another_amount_is_looked_into(
    shop: Client, sandbox: Sandbox, data: dict[str, Any]
) -> None:
    made = order(shop)
    assert webhook(sandbox, made, **data) == 200, "a retry would not help"
    made.refresh_from_db()
    assert (made.state, made.paid_at) == ("review", None)
    assert made.note.startswith("pi_1 came while pending: ")
    assert not mail.outbox
    assert "We look into it." in text(shop.get(f"/orders/{made.pk}/"))
    assert Product.objects.get(name="First Flush").stock == 40


def test_a_buyer_who_names_another_country_in_the_cashier_pays_its_tax(
    shop: Client, sandbox: Sandbox
) -> None:
    made = order(shop, country="US-CA")
    named = {"token": parse_qs(urlsplit(attempt(made).url).query)["token"][0]}
    path = f"/cashier/v1/sessions/{attempt(made).session_id}/country"
    sandbox.call(path, {**named, "buyer_country": "US-OR"})
    paid = sandbox.call(f"/sandbox/v1/sessions/{attempt(made).session_id}/complete", {})
    assert paid["amount_total"] < made.total, "Oregon has no sales tax"
    assert webhook(sandbox, made, amount=paid["amount_total"]) == 200
    made.refresh_from_db()
    assert (made.state, made.tax, made.total) == ("paid", 0, paid["amount_subtotal"])


def test_a_second_payment_of_an_order_is_looked_into(shop: Client, sandbox: Sandbox) -> None:
    made = order(shop)
    webhook(sandbox, made)
    webhook(sandbox, made, id="evt_2", payment_id="pi_2")
    made.refresh_from_db()
    assert (made.state, "pi_2 came while paid" in made.note) == ("review", True)
    webhook(sandbox, made, id="evt_3", payment_id="pi_3", amount=1)
    made.refresh_from_db()
    assert [line.split()[0] for line in made.note.splitlines()] == ["pi_2", "pi_3"]
    assert Product.objects.get(name="First Flush").stock == 38


@pytest.mark.parametrize("reference", ["not-ours", "", "7b0ab0a4-7f39-4a8c-9d6b-3c0f4f1f3c11"])
def test_a_payment_without_an_order_stays_in_the_inbox(
    shop: Client, sandbox: Sandbox, reference: str
) -> None:
    made = order(shop)
    assert webhook(sandbox, made, client_reference_id=reference) == 200
    made.refresh_from_db()
    assert made.state == "pending"
    assert WebhookEvent.objects.get().state == "given_up"


@pytest.mark.parametrize("presentation", ["iframe", "link"])
def test_without_faststar_the_order_waits_and_can_be_paid_later(
    shop: Client, settings: Any, presentation: str
) -> None:
    fill(shop)
    working = settings.FASTSTAR
    # A closed port of this machine.
    settings.FASTSTAR = {**working, "BASE_URL": "http://127.0.0.1:9", "MAX_RETRIES": 0}
    form = {"country": "DE", "presentation": presentation}
    page = text(shop.post("/checkout/", form, follow=True))
    assert "not available right now" in page and "First Flush" in page
    made = Order.objects.get()
    assert made.state == "pending"
    settings.FASTSTAR = working
    answer = shop.post(f"/orders/{made.pk}/pay/")
    assert answer.headers["Location"] == attempt(made).url
    assert OrderSession.objects.count() == 1


def test_a_click_after_expiry_opens_another_session(shop: Client, sandbox: Sandbox) -> None:
    made = order(shop)
    first = attempt(made)
    sandbox.call(f"/sandbox/v1/sessions/{first.session_id}/expire", {})
    answer = shop.post(f"/orders/{made.pk}/pay/")
    assert answer.headers["Location"] == attempt(made).url != first.url
    assert attempt(made).attempt == 2


@pytest.mark.parametrize("country", ["", "XX", "US"])
def test_an_unknown_country_makes_no_order(shop: Client, country: str) -> None:
    fill(shop)
    assert shop.post("/checkout/", {"country": country}).headers["Location"] == "/cart/"
    assert Order.objects.count() == 0


def test_the_page_says_how_to_play_the_buyer_in_a_sandbox_only(
    shop: Client, sandbox: Sandbox, settings: Any
) -> None:
    made = order(shop)
    page = text(shop.get(f"/orders/{made.pk}/"))
    command = re.search(r"<code>(curl .*?)</code>", page, re.DOTALL)
    assert command is not None
    url, body = re.fullmatch(
        r"curl (\S+) -H 'Content-Type: application/json' -d '(.*)'", command[1]
    ).groups()  # type: ignore[union-attr]
    sandbox.call(url.removeprefix(sandbox.url), json.loads(body))
    assert get_client().checkout.sessions.retrieve(attempt(made).session_id).status == "complete"
    settings.FASTSTAR = {**settings.FASTSTAR, "BASE_URL": "https://api.faststarpay.com/api/v1"}
    assert "curl" not in text(shop.get(f"/orders/{made.pk}/"))
