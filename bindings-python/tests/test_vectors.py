"""Runs every file of tests/vectors through the public face; tests/README.md has the rules."""

from __future__ import annotations

import base64
import functools
import json
import re

import pytest
from conftest import ROOT
from faststar import (
    Event,
    FastStarError,
    Money,
    Webhook,
    _faststar,
    check_cashier_url,
    check_payment,
    check_session,
    quote,
    quote_session,
    return_outcome,
    tax_rate,
)

KEYS = {"id", "why", "source", "note", "tags", "input", "ok", "error"}
ERROR_KEYS = {"code", "kind", "param", "message_mentions", "message_never_contains"}
KINDS = {
    "validation": "ValidationError",
    "signature": "SignatureVerificationError",
    "not_found": "NotFoundError",
    "conflict": "ConflictError",
    "configuration": "ConfigurationError",
}


def body(given):
    return base64.b64decode(given["body_b64"]) if "body_b64" in given else given["body"].encode()


def totals(given):
    given.setdefault("as_of", "2026-11-22")
    return quote(**given).to_dict()


def session_quote(given):
    options = given.get("options", {})
    catalog = given.get("catalog", {})
    return quote_session(
        given["request"],
        products=catalog.get("products", []),
        prices=catalog.get("prices", []),
        **options,
    ).to_dict()


def line_items(given):
    check_session(given["request"], merchant=given.get("merchant"))
    return {}


def webhook_verify(given):
    event = Webhook.verify(
        body(given),
        given["header"],
        given["secrets"],
        event_id=given.get("event_id"),
        tolerance=given.get("tolerance_s"),
        now=given["now"],
    )
    return json.loads(event.to_json())


def webhook_sign(given):
    header = Webhook.sign_for_test(body(given), given["secrets"], timestamp=given["timestamp"])
    return {"header": header}


def payment_check(given):
    event = Event.parse(json.dumps(given["event"]))
    order = given.get("order", {"amount": None, "currency": None})
    return check_payment(event, **order, session=given.get("session")).to_dict()


def money_parse(given):
    money = Money.parse(given["text"])
    return {"amount": money.amount, "currency": money.currency}


def cashier_url(given):
    checked = check_cashier_url(given["url"], allow_origins=given.get("allow_origins", ()))
    return {"url": checked.url, "session_id": checked.session_id, "shown": str(checked)}


OPS = {
    "totals": totals,
    "quote": session_quote,
    "line_items": line_items,
    # The value by itself, so that what the conversion refuses has the path that users see.
    "create_session_types": lambda given: _faststar.apply_rule(
        "create_session_types", given["value"]
    ),
    "money_format": lambda given: {"text": str(Money(given["amount"], given["currency"]))},
    "money_parse": money_parse,
    "tax_rate": lambda given: tax_rate(
        given["place"], category=given.get("category"), on=given["on"]
    ).to_dict(),
    "webhook_verify": webhook_verify,
    "webhook_sign": webhook_sign,
    "event_parse": lambda given: json.loads(Event.parse(body(given)).to_json()),
    "check_payment": payment_check,
    "cashier_url": cashier_url,
    "cashier_return": lambda given: {
        "outcome": return_outcome(
            given["came_back_to"],
            success_url=given["success_url"],
            cancel_url=given["cancel_url"],
        )
    },
}

# What is the server's side, or happens inside a call, has no face of its own.
for rule in (
    "create_price_strict",
    "create_product_strict",
    "create_session_strict",
    "place_parse",
    "outcome_unknown",
    "retry_decision",
    "session_status",
    "session_transition",
    "subscription_start",
):
    OPS[rule] = functools.partial(_faststar.apply_rule, rule)

FILES = sorted((ROOT / "tests" / "vectors").iterdir())


def no_key_twice(pairs):
    assert len({key for key, _ in pairs}) == len(pairs), f"a key twice: {pairs}"
    return dict(pairs)


def load(path):
    file = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=no_key_twice)
    assert set(file) == {"op", "cases"}
    assert file["op"] == path.stem, "the op must be named like the file"
    assert file["cases"], "no cases"
    ids = [case["id"] for case in file["cases"]]
    assert len(set(ids)) == len(ids), "two cases of one id"
    return file["cases"]


CASES = [(path.stem, case) for path in FILES for case in load(path)]


def test_every_op_has_a_file_and_every_file_an_op():
    assert {path.stem for path in FILES} == set(OPS)


@pytest.mark.parametrize(("op", "case"), CASES, ids=[f"{op}/{case['id']}" for op, case in CASES])
def test_vector(op, case):
    assert set(case) <= KEYS
    assert re.fullmatch(r"[a-z0-9_]+", case["id"])
    assert ("ok" in case) != ("error" in case), "either ok or error"
    given = json.loads(json.dumps(case["input"]))
    if "ok" in case:
        compare(case["ok"], OPS[op](given), "ok")
        return
    wanted = case["error"]
    assert set(wanted) <= ERROR_KEYS
    with pytest.raises(FastStarError) as raised:
        OPS[op](given)
    error = raised.value
    assert (error.code, error.param) == (wanted["code"], wanted.get("param")), repr(error)
    if "kind" in wanted:
        assert type(error).__name__ == KINDS[wanted["kind"]]
    for text in wanted.get("message_mentions", ()):
        assert text in error.message
    for text in wanted.get("message_never_contains", ()):
        assert text not in f"{error} {error!r}"


def compare(wanted, got, where):
    """Compares as tests/README.md says: an object may have more, null stands for absent."""
    if isinstance(wanted, dict):
        assert isinstance(got, dict), f"{where}: {got!r}"
        for key, value in wanted.items():
            compare(value, got.get(key), f"{where}.{key}")
    elif isinstance(wanted, list):
        assert isinstance(got, list), f"{where}: {got!r}"
        assert len(got) == len(wanted), where
        for index, (one, other) in enumerate(zip(wanted, got)):
            compare(one, other, f"{where}[{index}]")
    else:
        assert type(got) is type(wanted), f"{where}: {got!r}, not {wanted!r}"
        assert got == wanted, where
