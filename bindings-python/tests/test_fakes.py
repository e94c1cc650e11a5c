"""A shop's unit tests: calls are replaced, results are made, and no server is needed."""

from __future__ import annotations

import asyncio
import gc
import weakref
from unittest import mock

import pytest
from conftest import SESSION
from faststar import (
    AsyncFastStar,
    AsyncPages,
    CreatedSession,
    FastStar,
    NotFoundError,
    Page,
    Product,
    Session,
    Sessions,
    Webhook,
)

CREATED = CreatedSession.from_dict({"session": SESSION, "url": "https://x.example/cs_1"})


def client(kind=FastStar):
    return kind(api_key="k", base_url="http://127.0.0.1:9/api/v1", max_retries=0)


def pay(client):
    return client.checkout.sessions.create(mode="payment", presentation="link").url


@pytest.mark.parametrize("autospec", [None, True])
def test_a_call_of_one_client_is_replaced(autospec):
    ours, other = client(), client()
    with mock.patch.object(
        ours.checkout.sessions, "create", return_value=CREATED, autospec=autospec
    ) as create:
        assert pay(ours) == CREATED.url
        create.assert_called_once_with(mode="payment", presentation="link")
        assert other.checkout.sessions.create is not create
    assert ours.checkout.sessions.create.__func__ is Sessions.create


def test_a_call_of_all_clients_is_replaced():
    with mock.patch("faststar.Sessions.create", return_value=CREATED):
        assert pay(client()) == CREATED.url


def test_a_group_of_calls_is_replaced():
    ours = client()
    with mock.patch.object(ours, "checkout") as checkout:
        checkout.sessions.retrieve.side_effect = NotFoundError("gone", code="not_found")
        with pytest.raises(NotFoundError):
            ours.checkout.sessions.retrieve("cs_1")


def test_pytest_replaces_a_call(monkeypatch):
    ours = client()
    monkeypatch.setattr(ours.catalog.products, "list", lambda **_: [])
    assert list(ours.catalog.products.list()) == []


def test_a_call_of_asyncio_is_replaced():
    ours = client(AsyncFastStar)
    session = Session.from_dict(SESSION)
    sessions = ours.checkout.sessions
    with mock.patch.object(sessions, "retrieve", return_value=session) as retrieve:
        assert asyncio.run(ours.checkout.sessions.retrieve("cs_1")) == session
    retrieve.assert_awaited_once_with("cs_1")


def test_a_list_is_made_of_items():
    products = [Product.from_dict({"id": f"prod_{n}", "name": "Tea"}) for n in range(3)]
    page = Page(products)
    assert list(page) == products
    assert (page.items, page.next_cursor, page.next_page()) == (tuple(products), None, None)

    async def walk():
        pages = AsyncPages(products)
        page = await pages
        assert await page.next_page() is None
        return [product async for product in pages], page.items

    assert asyncio.run(walk()) == (products, tuple(products))


def test_a_webhook_is_replaced():
    with mock.patch.object(Webhook, "verify", return_value="event"):
        assert Webhook.verify(b"", None, None) == "event"


@pytest.mark.parametrize("kind", [FastStar, AsyncFastStar])
def test_a_client_that_is_forgotten_is_gone_at_once(kind):
    """Its groups of calls do not keep it, so its connections end with it."""
    ours = client(kind)
    assert ours.checkout.sessions is ours.checkout.sessions
    assert ours.catalog.prices is not ours.catalog.products
    caller = weakref.ref(ours)
    gc.disable()
    try:
        del ours
        assert caller() is None
    finally:
        gc.enable()
