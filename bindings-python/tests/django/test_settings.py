"""Settings, their checks, the clients."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from types import ModuleType
from typing import Any

import faststar
import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import override_settings
from django.urls import include, path
from faststar.django import conf, get_async_client, get_client, handlers, on, signals
from faststar.django.views import awebhook
from routers import TestRouter

GOOD = {"API_KEY": "sk_test", "WEBHOOK_SECRET": "whsec_test"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in conf.ENVIRONMENT.values():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def handled(no_handlers: None) -> None:
    on("payment.succeeded")(print)


def told(*, deploy: bool = False) -> list[Any]:
    every = run_checks(include_deployment_checks=deploy)
    return [one for one in every if str(one.id).startswith("faststar.")]


def found(given: object, *, debug: bool = True) -> list[str]:
    with override_settings(FASTSTAR=given, DEBUG=debug):
        return [one.id for one in told()]


def in_deployment(given: object = GOOD, **more: Any) -> list[str]:
    more.setdefault("ALLOWED_HOSTS", ["shop.example"])
    more.setdefault("APPEND_SLASH", False)
    with override_settings(FASTSTAR=given, DEBUG=False, **more):
        return [one.id for one in told(deploy=True)]


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        (GOOD, []),
        ({**GOOD, "WEBHOOK_SECRET": ["whsec_new", "whsec_old"]}, []),
        ({**GOOD, "MERCHANT": "mor", "TIMEOUT": 5.0, "MAX_RETRIES": 0}, []),
        ({}, ["faststar.W003", "faststar.W004"]),
        ({"API_KEY": "", "WEBHOOK_SECRET": ""}, ["faststar.W003", "faststar.W004"]),
        ({**GOOD, "WEBHOOK_SECRET": []}, ["faststar.W004"]),
        ({**GOOD, "WEBHOOK_SECRET": b""}, ["faststar.W004"]),
        ({**GOOD, "WEBHOOK_SECRET": b"whsec"}, []),
        ({**GOOD, "WEBHOOK_SECRET": [b"whsec_new", "whsec_old"]}, []),
        ({**GOOD, "WEBHOOK_SECRET": 5}, ["faststar.E005"]),
        ({**GOOD, "WEBHOOK_SECRET": [None]}, ["faststar.E005"]),
        ({**GOOD, "WEBHOOK_SECRET": "whsec_test\n"}, ["faststar.E005"]),
        ({**GOOD, "WEBHOOK_TOLERANCE": "300"}, ["faststar.E007"]),
        ({**GOOD, "WEBHOOK_TOLERANCE": -1}, ["faststar.E007"]),
        ({**GOOD, "BODY_RETENTION_DAYS": 0, "LOCK_TIMEOUT": 0.5}, []),
        ({**GOOD, "BODY_RETENTION_DAYS": -1, "LOCK_TIMEOUT": "2"}, ["faststar.E007"] * 2),
        ({**GOOD, "LOCK_TIMEOUT": True}, ["faststar.E007"]),
        ({**GOOD, "WEBHOOK_SECRET": ["whsec_test", ""]}, ["faststar.E005"]),
        ({**GOOD, "API_KEY": "sk test"}, ["faststar.E006"]),
        ({**GOOD, "API_KEY": 5}, ["faststar.E006"]),
        ({**GOOD, "BASE_URL": "http://example.com"}, ["faststar.E006"]),
        ({**GOOD, "MERCHANT": "psp"}, ["faststar.E006"]),
        ({**GOOD, "WEBHOOK_SECRETS": "x", "api_key": "y"}, ["faststar.E002"] * 2),
        ("sk_test", ["faststar.E001"]),
    ],
)
def test_checks_say_what_is_wrong(given: object, ids: list[str]) -> None:
    assert found(given) == ids


def test_a_check_says_what_to_do_and_no_secret() -> None:
    with override_settings(FASTSTAR={"APIKEY": "CANARY", "WEBHOOK_SECRET": "CANARY secret"}):
        messages = told()
    text = "\n".join(f"{one.msg} {one.hint}" for one in messages)
    assert "Did you mean API_KEY?" in text
    assert "manage.py faststar_sandbox" in text
    assert "CANARY" not in text


def test_a_sandbox_in_production_is_a_warning() -> None:
    sandbox = {**GOOD, "BASE_URL": "http://127.0.0.1:4250/api/v1"}
    assert found(sandbox) == []
    assert found(sandbox, debug=False) == ["faststar.W001"]
    assert found(GOOD, debug=False) == []


@pytest.mark.parametrize(
    ("url", "sandbox"),
    [
        ("http://127.0.0.1:4250/api/v1", True),
        ("http://localhost:4250", True),
        ("http://[::1]:4250", True),
        ("https://api.faststarpay.com/api/v1", False),
        ("https://127.0.0.1.example.com", False),
        (None, False),
    ],
)
def test_a_sandbox_is_on_this_machine(url: str | None, sandbox: bool) -> None:
    with override_settings(FASTSTAR={"BASE_URL": url}):
        assert conf.is_sandbox() is sandbox


@pytest.mark.django_db(databases=["default", "postgresql"])
def test_missing_secrets_stop_no_build_but_a_deployment() -> None:
    with override_settings(FASTSTAR={}):
        call_command("check")
        call_command("makemigrations", "--check", "--dry-run", "faststar")
        with pytest.raises(SystemCheckError, match=r"faststar\.E003(.|\n)*faststar\.E004"):
            call_command("check", deploy=True)
    assert in_deployment({}) == ["faststar.W003", "faststar.W004", "faststar.E003", "faststar.E004"]
    assert in_deployment({"API_KEY": "sk_test"}) == ["faststar.W004", "faststar.E004"]
    assert in_deployment(GOOD) == []


def test_a_payment_that_nothing_handles_is_a_warning() -> None:
    handlers._registered.clear()
    on("payment.failed")(print)
    assert found(GOOD) == ["faststar.W005"]
    with override_settings(FASTSTAR=GOOD):
        assert "in a module faststar_handlers of an app" in told()[0].hint

    def receiver(**_: object) -> None:
        """Handles every event, since it is in the transaction."""

    signals.webhook_received.connect(receiver)
    try:
        assert found(GOOD) == []
    finally:
        signals.webhook_received.disconnect(receiver)
    on("*")(print)
    assert found(GOOD) == []


@pytest.mark.parametrize("name", ["faststar_handler.py", "faststarhandlers.py"])
def test_a_module_of_handlers_that_is_named_wrongly_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    handlers._registered.clear()
    (tmp_path / name).touch()
    monkeypatch.setattr(apps.get_app_config("orders"), "path", str(tmp_path))
    with override_settings(FASTSTAR=GOOD):
        (warning,) = told()
    module = name.removesuffix(".py")
    assert warning.hint == f"orders has a module {module}; it must be named faststar_handlers."


EARLY = """
import django.db.transaction
from django.db import transaction as tx
from django.db.transaction import on_commit
from faststar.django import on

@on("payment.succeeded")
def handler(event):
    tx.on_commit(print)
    on_commit(print, robust=True)
    django.db.transaction.on_commit(print)
    tx.on_commit(print, using="inbox")
    tx.on_commit(print, "inbox")
    event.on_commit(print)
"""
IN_ASYNC = """
from django.db import transaction
from faststar.django import on, on_commit

def helper():
    transaction.on_commit(print)

@on("payment.succeeded")
async def handler(event):
    on_commit(print)
    transaction.on_commit(print)
    transaction.on_commit(print, using="default")
"""


@pytest.mark.parametrize(
    ("code", "inbox", "lines"),
    [
        (EARLY, "default", []),
        (EARLY, "postgresql", [9, 10, 11]),
        (IN_ASYNC, "default", [11, 12]),
        (IN_ASYNC, "postgresql", [6, 11, 12]),
    ],
)
def test_an_on_commit_that_does_not_wait_is_a_warning(
    code: str, inbox: str, lines: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    handlers._registered.clear()
    (tmp_path / "early_handlers.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(TestRouter, "database", inbox)
    try:
        importlib.import_module("early_handlers")
        with override_settings(FASTSTAR=GOOD):
            warnings = told()
    finally:
        del sys.modules["early_handlers"]
    assert [one.id for one in warnings] == ["faststar.W006"] * len(lines)
    assert [f"line {line} of early_handlers" in one.msg for one, line in zip(warnings, lines)] == [
        True
    ] * len(lines)


@pytest.mark.parametrize(
    ("more", "ids"),
    [
        ({"SECURE_SSL_REDIRECT": True}, ["faststar.W007"]),
        (
            {
                "SECURE_SSL_REDIRECT": True,
                "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
            },
            [],
        ),
        ({"SECURE_SSL_REDIRECT": True, "SECURE_REDIRECT_EXEMPT": ["^webhooks/"]}, []),
        ({"SECURE_SSL_REDIRECT": True, "MIDDLEWARE": []}, []),
        ({"ALLOWED_HOSTS": []}, ["faststar.W008"]),
        ({"ALLOWED_HOSTS": ["localhost", "127.0.0.1"]}, ["faststar.W008"]),
        ({"ALLOWED_HOSTS": ["localhost", ".shop.example"]}, []),
        ({"ALLOWED_HOSTS": ["*"]}, []),
        ({"APPEND_SLASH": True}, ["faststar.I001"]),
    ],
)
def test_what_stands_in_front_of_the_view_is_told_in_a_deployment(
    more: dict[str, Any], ids: list[str]
) -> None:
    assert in_deployment(**more) == ids
    with override_settings(FASTSTAR=GOOD, **more):
        assert told() == [], "in development nothing of it matters"


def test_the_gates_are_those_of_the_view_that_is_there() -> None:
    urls = ModuleType("urls_of_a_test")
    urls.urlpatterns = []  # type: ignore[attr-defined]
    closed: dict[str, Any] = {"ALLOWED_HOSTS": [], "APPEND_SLASH": True, "ROOT_URLCONF": urls}
    assert in_deployment(**closed) == []
    urls.urlpatterns = [path("paid", awebhook)]  # type: ignore[attr-defined]
    assert in_deployment(**{**closed, "ROOT_URLCONF": _copy(urls)}) == ["faststar.W008"]
    urls.urlpatterns = [path("paid/", include("faststar.django.urls"))]  # type: ignore[attr-defined]
    ids = in_deployment(**{**closed, "ROOT_URLCONF": _copy(urls)})
    assert ids == ["faststar.W008", "faststar.I001"]


def _copy(urls: ModuleType) -> ModuleType:
    # Django keeps what it has made of a module.
    other = ModuleType("urls_of_a_test")
    other.urlpatterns = list(urls.urlpatterns)  # type: ignore[attr-defined]
    return other


def test_a_server_is_told_at_its_start_that_the_secret_is_missing() -> None:
    mine = {k: v for k, v in os.environ.items() if not k.startswith("FASTSTAR_")}
    code = (
        "from django.conf import settings; settings.configure("
        "INSTALLED_APPS=['django.contrib.contenttypes', 'faststar.django']);"
        "from django.core.wsgi import get_wsgi_application; get_wsgi_application()"
    )
    for secret, expected in (("", True), ("whsec_test", False), ("a b", True)):
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env={**mine, "FASTSTAR_WEBHOOK_SECRET": secret},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        assert ("webhooks will be answered with 500" in ran.stderr) is expected
        assert "a b" not in ran.stderr
        if secret == "":
            assert 'set FASTSTAR["WEBHOOK_SECRET"]' in ran.stderr
    command = "from django.core.management import call_command, execute_from_command_line as run;"
    code = code.replace(
        "from django.core.wsgi import get_wsgi_application; get_wsgi_application()",
        command + "run(['manage.py', 'check'])",
    )
    ran = subprocess.run([sys.executable, "-c", code], env=mine, capture_output=True, text=True)
    assert "faststar.W004" in ran.stderr
    assert "webhooks will be answered with 500" not in ran.stderr, "the check has told it"


def test_a_handler_for_a_misspelt_type_is_a_warning() -> None:
    on("payment.succeded", "*", "payment.failed")(print)
    with override_settings(FASTSTAR=GOOD):
        (warning,) = told()
    assert warning.id == "faststar.W002"
    assert warning.hint == "Did you mean 'payment.succeeded'?"


def test_the_environment_gives_what_the_settings_leave_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTSTAR_API_KEY", "sk_environment")
    monkeypatch.setenv("FASTSTAR_WEBHOOK_SECRET", "whsec_environment")
    assert found({}) == []
    with override_settings(FASTSTAR={"API_KEY": ""}):
        assert conf.get("API_KEY") == "sk_environment"
        assert conf.webhook_secrets() == ["whsec_environment"]
    with override_settings(FASTSTAR={"API_KEY": "sk_settings"}):
        assert conf.get("API_KEY") == "sk_settings"


def test_there_is_one_client_until_the_settings_change() -> None:
    client, asynchronous = get_client(), get_async_client()
    assert isinstance(client, faststar.FastStar)
    assert isinstance(asynchronous, faststar.AsyncFastStar)
    assert get_client() is client and get_async_client() is asynchronous
    with override_settings(FASTSTAR={"API_KEY": "sk_other"}):
        assert get_client() is not client and get_async_client() is not asynchronous
    with override_settings(LANGUAGE_CODE="de"):
        again = get_client()
        assert get_client() is again


def test_another_environment_makes_another_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with override_settings(FASTSTAR={}):
        for get in (get_client, get_async_client):
            monkeypatch.setenv("FASTSTAR_API_KEY", "sk_one")
            one = get()
            assert get() is one
            monkeypatch.setenv("FASTSTAR_API_KEY", "sk_two")
            assert get() is not one


def test_a_client_without_a_key_says_so() -> None:
    with override_settings(FASTSTAR={}), pytest.raises(faststar.ConfigurationError):
        get_client()


def test_handlers_modules_are_found() -> None:
    from orders import faststar_handlers

    assert "settlement.succeeded" not in handlers.registered_types(), "the fixture forgot it"
    assert faststar_handlers.found.__module__ == "orders.faststar_handlers"
