"""How users write it. mypy and pyright check this file in their strict modes; it is not run.

Where a comment ignores an error, there must be one: both refuse a comment that ignores nothing.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true
from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

import faststar
from faststar import AsyncFastStar, FastStar, FastStarError, Money, Webhook
from faststar.types import CreateSessionParams, LineItemParams, Mode, SessionStatus
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
    assert_type(quote.rate_known, bool)
    assert_type(quote.rates_as_of, "datetime.date | None")
    print(faststar.tax_rate("DE", on=datetime.date(2026, 11, 22)).rate_ppm)


def hooks() -> FastStar:
    def before(request: faststar.RequestInfo) -> None:
        print(request.operation)

    def after(response: faststar.ResponseInfo) -> None:
        print(response.status, response.duration)

    return FastStar(event_hooks={"request": [before], "response": [after]})


def mistakes(client: FastStar, aio: AsyncFastStar) -> None:
    """What a type checker finds before the program runs."""
    create = client.checkout.sessions.create
    create(mode="paymnt", presentation="link")  # type: ignore[arg-type]
    create(mode="payment", presentation="lnk")  # type: ignore[arg-type]
    create(mode="payment")  # type: ignore[call-arg]
    create(mode="payment", presentation="link", buyer_contry="DE")  # type: ignore[call-arg]
    create(
        mode="payment",
        presentation="link",
        line_items=[{"price": "price_1"}],  # type: ignore[typeddict-unknown-key]
    )
    aio.checkout.sessions.create(mode="paymnt", presentation="link")  # type: ignore[arg-type, unused-coroutine]
    price = client.catalog.prices.create
    price(product_id="p", currency="USD", unit_amount=1, type="onetime")  # type: ignore[arg-type]
    price(product_id="p", currency="USD", unit_amount=9.99)  # type: ignore[arg-type]
    price(
        product_id="p",
        currency="USD",
        unit_amount=1,
        recurring_interval="monthly",  # type: ignore[arg-type]
    )
    faststar.quote(currency="EUR", lines=[], behaviour="inclusiv")  # type: ignore[arg-type]
    faststar.quote_session({"mode": "paymnt", "presentation": "link"})  # type: ignore[typeddict-item]
    FastStar(merchant="mro")  # type: ignore[arg-type]
    Webhook.verify(b"", "", os.environ.get("FASTSTAR_WEBHOOK_SECRET"))  # type: ignore[arg-type]


def what_this_version_does_not_know(client: FastStar) -> None:
    client.checkout.sessions.create(mode=cast("Mode", "auction"), presentation="link")
    session = client.checkout.sessions.retrieve("cs_1")
    if session.mode == "auction" or session.payment_status == "refunded":
        print(session.presentation)


def all_that_is_taken(client: FastStar, items: Sequence[LineItemParams]) -> None:
    create = client.checkout.sessions.create
    create(mode="payment", presentation="link", line_items=items, customer_email=None)
    create(mode="payment", presentation="link", line_items=({"price_id": "a", "quantity": 1},))
    create(mode="setup", presentation="link", line_items=None, idempotency_key=None)
    shelf: Mapping[str, str] = MappingProxyType({"shelf": "3"})
    client.catalog.products.create(name="Tea", images=("https://a.example/1",), metadata=shelf)
    client.catalog.products.create(name="Tea", images=None, metadata=None, description=None)
    faststar.quote(currency="EUR", lines=({"unit_amount": 1, "quantity": 1},), as_of=None)
    Webhook.verify(b"", [b""], (b"whsec_new", "whsec_old"), event_id=None, now=1.5)
    faststar.check_session({"mode": "paymnt"})  # judged when it runs


def made_for_a_test() -> None:
    session = faststar.Session.from_dict({"id": "cs_1", "status": "open"})
    assert_type(session, faststar.Session)
    product = faststar.Product.from_dict({"id": "prod_1", "name": "Tea"})
    assert_type(faststar.Page([product]), "faststar.Page[faststar.Product]")
    assert_type(faststar.Event.from_dict({"id": "evt_1", "type": "x"}), faststar.Event)
