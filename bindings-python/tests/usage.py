"""How users write it. mypy and pyright check this file in their strict modes; it is not run."""

from __future__ import annotations

import datetime

import faststar
from faststar import AsyncFastStar, FastStar, FastStarError, Money, Webhook
from faststar.types import CreateSessionParams, LineItemParams, SessionStatus
from typing_extensions import assert_type


def checkout(order: str) -> str:
    client = FastStar(api_key="fs_test_1", timeout=2.5, max_retries=1, merchant="mor")
    items: list[LineItemParams] = [{"price_id": "price_1", "quantity": 1}]
    created = client.checkout.sessions.create(
        mode="payment",
        presentation="iframe",
        line_items=items,
        buyer_country="US-CA",
        client_reference_id=order,
        idempotency_key=order,
    )
    assert_type(created.session.amount_total, int)
    assert_type(created.session.expires_at, "datetime.datetime | None")
    status: SessionStatus = client.checkout.sessions.retrieve(created.session.id).status
    if status == "complete" or status == "a status of tomorrow":
        return created.session.currency
    return created.url


def kept_parameters() -> CreateSessionParams:
    return {"mode": "setup", "presentation": "link", "success_url": "https://shop.example/ok"}


def catalog() -> None:
    with FastStar() as client:
        product = client.catalog.products.create(name="Tea", metadata={"shelf": "3"})
        client.catalog.prices.create(product_id=product.id, currency="USD", unit_amount=999)
        client.checkout.sessions.create(**kept_parameters())
        for each in client.catalog.products.list(limit=100):
            assert_type(each, faststar.Product)
        page = client.catalog.prices.list()
        assert_type(page.items, "tuple[faststar.Price, ...]")
        after = page.next_page()
        if after is not None:
            print(after.items[0].unit_amount)


async def from_asyncio() -> None:
    async with AsyncFastStar() as client:
        session = await client.checkout.sessions.retrieve("cs_1", timeout=1)
        print(Money(session.amount_total, session.currency))
        async for product in client.catalog.products.list():
            assert_type(product, faststar.Product)
        page = await client.catalog.prices.list()
        assert_type(page.items, "tuple[faststar.Price, ...]")


def errors(client: FastStar) -> str | None:
    try:
        client.checkout.sessions.retrieve("cs_1")
    except faststar.NotFoundError as error:
        return error.request_id
    except FastStarError as error:
        return f"{error.code} {error.param} {error.status} {error.retryable}"
    return None


def on_webhook(body: bytes, header: str) -> int:
    event = Webhook.verify(body, header, ["whsec_new", "whsec_old"], event_id="evt_1")
    if event.type == "payment.succeeded":
        assert_type(event.payment.client_reference_id, "str | None")
        return event.payment.amount
    return 0


def settles(client: FastStar, event: faststar.Event, amount: int | None) -> str:
    check = client.checkout.sessions.check_payment(event, amount=amount, currency="USD")
    assert_type(check, faststar.PaymentCheck)
    assert_type(check.expected, "Money | None")
    if check.is_paid or check.verdict == "overpaid":
        return "fulfil"
    return f"{check.message} {check.paid.amount}"


def offline() -> None:
    quote = faststar.quote(
        currency="EUR", lines=[{"unit_amount": 4900, "quantity": 1}], country="DE"
    )
    assert_type(quote.rates_as_of, "datetime.date | None")
    print(faststar.tax_rate("DE", on=datetime.date(2026, 11, 22)).rate_ppm)


def hooks() -> FastStar:
    def before(request: faststar.RequestInfo) -> None:
        print(request.operation)

    def after(response: faststar.ResponseInfo) -> None:
        print(response.status, response.duration)

    return FastStar(event_hooks={"request": [before], "response": [after]})
