"""What the tests of `faststar.django` share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from faststar import Webhook
from faststar.django import handlers
from postgres import Postgres
from posts import SECRET, Post, payment_body
from routers import TestRouter


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    server = Postgres()
    connections.settings["postgresql"]["HOST"] = server.socket
    yield
    server.stop()


@pytest.fixture(scope="session")
def django_db_setup(django_db_modify_db_settings: None, django_db_setup: None) -> Iterator[None]:
    """Ends the databases before their server."""
    yield
    connections.close_all()


@pytest.fixture(params=["default", "postgresql"], ids=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[str]:
    """The database that a test runs on; transactions are real."""
    TestRouter.database = request.param
    yield request.param
    TestRouter.database = "default"


@pytest.fixture(autouse=True)
def no_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgets the handlers of a test after it, and begins without any."""
    monkeypatch.setattr(handlers, "_registered", [])


@pytest.fixture(params=["/webhooks/faststar/", "/webhooks/faststar-async/"], ids=["sync", "async"])
def url(request: pytest.FixtureRequest) -> str:
    """The webhook view, and the one that is a coroutine."""
    return request.param


@pytest.fixture
def post(url: str) -> Post:
    """Posts a body, signed unless told otherwise, past the CSRF check of a strict client."""

    def post(body: bytes = payment_body(), **headers: str) -> Any:
        headers.setdefault("X_Webhook_Signature", Webhook.sign_for_test(body, SECRET))
        given = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        client = Client(enforce_csrf_checks=True)
        return client.post(url, body, content_type="application/json", **given)

    return post
