"""``faststar_merchant`` in a Django project: nothing of a test leaves the machine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from faststar import AsyncFastStar, ConfigurationError, FastStar
from faststar.django import conf, get_async_client, get_client, on
from faststar.django.models import WebhookEvent
from faststar.django.testing import sell_as
from faststar.testing import Merchant, Sandbox

LIVE = {
    "API_KEY": "fs_live_CANARY",
    "BASE_URL": "https://api.faststarpay.com/api/v1",
    "WEBHOOK_SECRET": "whsec_live",
    "MAX_RETRIES": 0,
}
PARAMS: Any = {
    "mode": "payment",
    "presentation": "link",
    "line_items": [{"ad_hoc_amount": 999, "ad_hoc_currency": "EUR", "quantity": 1}],
}
#: Clients of a module, as a shop may have them: made before any fixture.
MODULES = [
    FastStar(api_key="fs_live_CANARY"),
    FastStar(api_key="fs_live_CANARY", base_url=LIVE["BASE_URL"]),
    AsyncFastStar(api_key="fs_live_CANARY"),
]


@pytest.mark.parametrize("number", [1, 2])
def test_both_clients_sell_as_the_merchant_of_the_test(
    faststar_merchant: Merchant, number: int
) -> None:
    for created in (
        get_client().checkout.sessions.create(**PARAMS),
        asyncio.run(get_async_client().checkout.sessions.create(**PARAMS)),
    ):
        assert faststar_merchant.complete(created).status == "complete"


def test_the_settings_are_the_merchants(faststar_merchant: Merchant) -> None:
    assert settings.FASTSTAR["API_KEY"] == faststar_merchant.api_key
    assert settings.FASTSTAR["BASE_URL"] == faststar_merchant.base_url
    assert settings.FASTSTAR["LOCK_TIMEOUT"] == 30, "the rest stays"
    assert conf.is_sandbox()


def test_not_even_settings_of_the_test_reach_the_live_api(faststar_merchant: Merchant) -> None:
    with override_settings(FASTSTAR=LIVE):
        created = get_client().checkout.sessions.create(**PARAMS)
        assert asyncio.run(get_async_client().checkout.sessions.retrieve(created.session.id))
        assert faststar_merchant.complete(created).status == "complete"


@pytest.mark.parametrize("client", MODULES)
def test_a_client_that_was_there_before_does_not_call(
    faststar_merchant: Merchant, client: Any
) -> None:
    with pytest.raises(ConfigurationError, match="make the client in the test") as refused:
        answer = client.checkout.sessions.create(**PARAMS)
        if isinstance(client, AsyncFastStar):
            asyncio.run(answer)
    assert "CANARY" not in str(refused.value)


def test_a_client_of_the_live_api_does_not_call(faststar_merchant: Merchant) -> None:
    with FastStar(base_url=LIVE["BASE_URL"]) as client, pytest.raises(ConfigurationError):
        client.catalog.products.list()
    with FastStar() as client:
        assert client.catalog.products.list().items == ()


def test_everything_is_put_back(faststar_sandbox: Sandbox) -> None:
    assert not conf.overrides
    assert settings.FASTSTAR["API_KEY"] == "sk_test"
    before = get_client()
    with faststar_sandbox.add_merchant() as merchant, sell_as(merchant):
        assert get_client() is not before
        assert get_client().checkout.sessions.create(**PARAMS)
    assert not conf.overrides
    assert conf.client_options()["api_key"] == "sk_test"


@pytest.mark.django_db(databases=["default", "postgresql"], transaction=True)
def test_the_webhook_view_takes_what_the_merchant_sends(
    database: str, url: str, faststar_merchant: Merchant
) -> None:
    paid: list[str] = []
    on("payment.succeeded")(lambda event: paid.append(event.id))
    faststar_merchant.complete(get_client().checkout.sessions.create(**PARAMS))

    def receive(body: bytes, headers: Any) -> Any:
        return Client().post(url, body, content_type="application/json", headers=headers)

    faststar_merchant.expect_processed_once(lambda: len(paid), to=receive)
    assert WebhookEvent.objects.get(type="payment.succeeded").state == "processed"
