"""Results and errors as Python values: immutable, comparable, picklable, their secrets unseen."""

from __future__ import annotations

import copy
import datetime
import json
import pickle

import faststar
import pytest
from conftest import SESSION, ok
from faststar import Event, FastStar, Money, Webhook

EVENT = (
    b'{"id":"evt_1","type":"payment.succeeded","created":1769900000,"data":{"payment_id":"pi_1",'
    b'"amount":1999,"currency":"USD","status":"succeeded","new":123456789012345678901234567890},'
    b'"livemode":true,"api_version":"v1"}'
)


@pytest.fixture
def session(serve):
    server = serve(lambda n, path, body: ok(SESSION))
    return FastStar(api_key="k", base_url=server.url).checkout.sessions.retrieve("cs_1")


def test_a_session_has_what_the_wire_had(session):
    assert session.id == "cs_1"
    assert (session.amount_subtotal, session.amount_tax, session.amount_total) == (999, 80, 1079)
    wanted = datetime.datetime(2026, 6, 13, 12, tzinfo=datetime.timezone.utc)
    assert session.expires_at == wanted
    assert session.session_token == "CANARY-token"
    assert session.to_dict()["tomorrow"] == {"new": [1]}
    assert session.line_items == ()
    assert session.mode is None


def test_results_do_not_change(session):
    with pytest.raises(AttributeError):
        session.status = "complete"
    with pytest.raises(AttributeError):
        session.anything = 1
    with pytest.raises(AttributeError):
        Money(1, "USD").amount = 2
    assert copy.copy(session) is session
    assert copy.deepcopy([session])[0] is session


def test_results_cross_processes(session):
    quote = faststar.quote(
        currency="EUR", lines=[{"unit_amount": 4900, "quantity": 1}], country="DE"
    )
    event = Event.parse(EVENT)
    for value in (
        session,
        quote,
        quote.lines[0],
        quote.taxes[0],
        event,
        event.payment,
        Money(5, "USD"),
    ):
        other = pickle.loads(pickle.dumps(value))
        assert other == value
        assert hash(other) == hash(value)
        assert type(other) is type(value)
        assert value != 1
        assert repr(other) == repr(value)
    assert pickle.loads(pickle.dumps(session)).request_id == session.request_id


def test_no_secret_is_printed(session):
    assert "CANARY" not in f"{session!r} {session}"


def test_errors_cross_processes(session):
    with pytest.raises(faststar.ValidationError) as raised:
        faststar.quote(currency="EUR", lines=[{"unit_amount": -1, "quantity": 1}], country="DE")
    error = pickle.loads(pickle.dumps(raised.value))
    assert type(error) is faststar.ValidationError
    assert str(error) == str(raised.value) == "lines[0].unit_amount: unit_amount must be at least 0"
    assert error.__dict__ == raised.value.__dict__
    assert copy.copy(error).param == "lines[0].unit_amount"


def test_an_event_keeps_every_digit():
    event = Event.parse(EVENT)
    assert event.to_json().encode() == EVENT
    assert event.payment.amount == 1999
    assert event.data["payment_id"] == "pi_1"
    assert event.data is not event.data
    assert json.loads(event.data_json)["amount"] == 1999
    assert event.to_dict()["livemode"] is True
    assert repr(event) == "Event(id='evt_1', type='payment.succeeded', created=1769900000)"


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview, lambda body: body.decode()])
def test_a_body_is_bytes_of_any_kind(form):
    header = Webhook.sign_for_test(EVENT, "whsec_1")
    assert Webhook.verify(form(EVENT), header, "whsec_1").id == "evt_1"


def test_a_parsed_body_is_refused_with_the_way_out():
    with pytest.raises(faststar.ValidationError, match=r"request\.body"):
        Webhook.verify(json.loads(EVENT), "t=1,v1=00", "whsec_1")


@pytest.mark.parametrize("header", [None, "", "x"])
def test_a_missing_header_is_no_signature(header):
    with pytest.raises(faststar.SignatureVerificationError):
        Webhook.verify(EVENT, header, "whsec_1")
    with pytest.raises(faststar.SignatureVerificationError) as raised:
        Webhook.verify(EVENT, header, [])
    assert raised.value.code == "invalid_secret"


def test_a_large_body_is_verified_while_others_run():
    body = b'{"id":"evt_1","type":"x","data":"' + b"x" * 5_000_000 + b'"}'
    header = Webhook.sign_for_test(body, ["whsec_0", "whsec_1"])
    assert Webhook.verify(body, header, ("whsec_1",)).id == "evt_1"
    with pytest.raises(faststar.SignatureVerificationError) as raised:
        Webhook.verify(body + b" ", header, "whsec_1")
    assert raised.value.code == "signature_mismatch"


def test_an_amount_is_an_int():
    for wrong in (True, 1.5, "1", None):
        with pytest.raises(faststar.ValidationError) as raised:
            Money(wrong, "USD")
        assert raised.value.param == "amount"
    assert str(Money(1079, "usd")) == "10.79 USD"
    assert Money.parse("1079 JPY") == Money(1079, "JPY")


def test_a_date_is_a_date_or_a_text():
    line = {"unit_amount": 4900, "quantity": 1}
    day = datetime.date(2026, 11, 22)
    for as_of in (day, "2026-11-22", datetime.datetime(2026, 11, 22, 13)):
        quote = faststar.quote(currency="EUR", lines=[line], country="DE", as_of=as_of)
        assert (quote.tax, quote.estimated) == (782, True)
    assert faststar.tax_rate("DE", on=day).rate_ppm == 190_000


def test_the_type_checkers_face_has_all_names():
    for name in faststar.__all__:
        assert getattr(faststar, name) is not None
    assert set(faststar.__all__) <= set(dir(faststar))
    with pytest.raises(AttributeError):
        _ = faststar.nothing
