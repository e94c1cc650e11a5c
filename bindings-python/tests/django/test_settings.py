"""Settings, their checks, the clients, the amount guard."""

from __future__ import annotations

import pickle
from decimal import Decimal

import faststar
import pytest
from django.core.checks import run_checks
from django.test import override_settings
from faststar import Event, Money, ValidationError
from faststar.django import (
    AmountMismatch,
    conf,
    get_async_client,
    get_client,
    guard_amount,
    handlers,
    on,
)
from posts import payment_body

GOOD = {"API_KEY": "sk_test", "WEBHOOK_SECRET": "whsec_test"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in conf.ENVIRONMENT.values():
        monkeypatch.delenv(name, raising=False)


def found(given: object, *, debug: bool = True) -> list[str]:
    with override_settings(FASTSTAR=given, DEBUG=debug):
        return [one.id for one in run_checks() if one.id.startswith("faststar.")]


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        (GOOD, []),
        ({**GOOD, "WEBHOOK_SECRET": ["whsec_new", "whsec_old"]}, []),
        ({**GOOD, "MERCHANT": "mor", "TIMEOUT": 5.0, "MAX_RETRIES": 0}, []),
        ({}, ["faststar.E003", "faststar.E004"]),
        ({"API_KEY": "", "WEBHOOK_SECRET": ""}, ["faststar.E003", "faststar.E004"]),
        ({**GOOD, "WEBHOOK_SECRET": []}, ["faststar.E004"]),
        ({**GOOD, "WEBHOOK_SECRET": 5}, ["faststar.E004"]),
        ({**GOOD, "WEBHOOK_SECRET": b"whsec"}, ["faststar.E004"]),
        ({**GOOD, "WEBHOOK_SECRET": "whsec_test\n"}, ["faststar.E005"]),
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
        messages = [one for one in run_checks() if one.id.startswith("faststar.")]
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


def test_a_handler_for_a_misspelt_type_is_a_warning() -> None:
    on("payment.succeded", "*", "payment.failed")(print)
    with override_settings(FASTSTAR=GOOD):
        (warning,) = [one for one in run_checks() if one.id.startswith("faststar.")]
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


def test_a_client_without_a_key_says_so() -> None:
    with override_settings(FASTSTAR={}), pytest.raises(faststar.ConfigurationError):
        get_client()


def test_handlers_modules_are_found() -> None:
    from orders import faststar_handlers

    assert "settlement.succeeded" not in handlers.registered_types(), "the fixture forgot it"
    assert faststar_handlers.found.__module__ == "orders.faststar_handlers"


def paid(**data: object) -> Event:
    return Event.parse(payment_body(**data))  # type: ignore[arg-type]


def test_the_guard_lets_the_right_amount_pass() -> None:
    payment = guard_amount(paid(), amount=1079, currency="usd")
    assert payment.payment_id == "pi_1"


@pytest.mark.parametrize(
    ("amount", "currency"), [(1078, "USD"), (1080, "USD"), (1079, "EUR"), (0, "USD")]
)
def test_the_guard_stops_another_amount(amount: int, currency: str) -> None:
    with pytest.raises(AmountMismatch) as raised:
        guard_amount(paid(), amount=amount, currency=currency)
    error = raised.value
    assert (error.expected, error.paid) == (Money(amount, currency), Money(1079, "USD"))
    assert error.code == "amount_mismatch"
    assert "10.79 USD was paid" in str(error)
    assert isinstance(error, faststar.FastStarError)
    again = pickle.loads(pickle.dumps(error))
    assert (again.expected, again.paid, str(again)) == (error.expected, error.paid, str(error))


@pytest.mark.parametrize("amount", [Decimal("10.79"), 10.79, True, "1079", None])
def test_the_guard_takes_only_an_int(amount: object) -> None:
    with pytest.raises(ValidationError, match=r"999 is 9\.99 USD") as raised:
        guard_amount(paid(amount=1), amount=amount, currency="USD")  # type: ignore[arg-type]
    assert raised.value.param == "amount"


@pytest.mark.parametrize("type", ["payment.failed", "payment.refunded", "invoice.paid"])
def test_the_guard_stops_what_is_no_payment(type: str) -> None:
    with pytest.raises(ValidationError, match=r"only payment\.succeeded does"):
        guard_amount(paid(type=type), amount=1079, currency="USD")
