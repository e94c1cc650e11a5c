"""Results and errors as Python values: immutable, comparable, picklable, their secrets unseen."""

from __future__ import annotations

import copy
import datetime
import json
import pickle
import sys

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


def errors():
    """Errors as they come: refused here, answered, and made by hand."""
    with pytest.raises(faststar.ValidationError) as raised:
        faststar.quote(currency="EUR", lines=[{"unit_amount": -1, "quantity": 1}], country="DE")
    yield raised.value
    yield faststar.NotFoundError("no session", code="not_found", status=404, request_id="req_1")
    yield faststar.RateLimitError("slow down", status=429, retryable=True, retry_after=0.0)
    yield faststar.APIConnectionError(
        "reset",
        code="connection_failed",
        attempts=3,
        headers={"x-request-id": "req_1"},
        idempotency_key="order_1",
        outcome_unknown=True,
        network_error="reset",
    )
    yield faststar.FastStarError("bare")


@pytest.mark.parametrize("error", list(errors()), ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    "again",
    [
        lambda error: pickle.loads(pickle.dumps(error)),
        copy.copy,
        copy.deepcopy,
        lambda error: type(error)(*error.args),
        # As Celery's JSON backend does.
        lambda error: type(error)(*json.loads(json.dumps(error.args))),
    ],
    ids=["pickle", "copy", "deepcopy", "args", "json"],
)
def test_errors_cross_processes(error, again):
    other = again(error)
    assert type(other) is type(error)
    assert other is not error
    assert (str(other), repr(other)) == (str(error), repr(error))
    assert other.__dict__ == error.__dict__
    assert other.args == error.args
    assert other.args[0] == error.message


def test_an_error_of_your_own_crosses_processes_too():
    error = pickle.loads(pickle.dumps(OrderError(7)))
    assert (error.order, error.code, str(error)) == (7, "order", "order 7 is wrong")


class OrderError(faststar.FastStarError):
    def __init__(self, order):
        super().__init__(f"order {order} is wrong", code="order")
        self.order = order


def test_an_error_says_where_and_what():
    error = next(errors())
    assert str(error) == "lines[0].unit_amount: unit_amount must be at least 0"
    # What Celery gives where something could not be written as JSON.
    assert faststar.NotFoundError("gone", "{'code': 'not_found'}").message == "gone"


def test_an_event_keeps_every_digit():
    event = Event.parse(EVENT)
    assert event.to_json().encode() == EVENT
    assert event.payment.amount == 1999
    assert event.data["payment_id"] == "pi_1"
    assert event.data is not event.data
    assert event.data["new"] == 123456789012345678901234567890
    assert event.payment.to_dict() == event.to_dict()["data"] == event.data
    assert event.to_dict()["livemode"] is True
    assert repr(event) == "Event(id='evt_1', type='payment.succeeded', created=1769900000)"


# The greatest of 64 bits, what is beyond, and decimals whose nearest float is easily missed.
NUMBERS = [
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "1" + "0" * 300,
    "9007199254740993.5",
    "0.1000000000000000055511151231257827",
    "1.7976931348623157e308",
    "4.35",
    "89255.01",
    "1e-320",
]


@pytest.mark.parametrize("digits", NUMBERS)
def test_a_number_comes_back_as_python_reads_it(serve, digits):
    wanted = json.loads(digits)
    text = json.dumps(SESSION)[:-1] + f', "n": {digits}, "line_items": [{{"n": {digits}}}]}}'
    listed = f'{{"items": [{{"id": "prod_1", "name": "Tea", "n": {digits}}}]}}'
    created = f'{{"session": {text}, "url": "https://x.example", "session_token": "t"}}'

    def answer(n, path, body):
        data = listed if "products" in path else created if body else text
        return 200, {}, f'{{"success": true, "data": {data}}}'.encode()

    client = FastStar(api_key="k", base_url=serve(answer).url)
    session = client.checkout.sessions.retrieve("cs_1")
    new = client.checkout.sessions.create(mode="setup", presentation="link").session
    product = client.catalog.products.list().items[0]
    event = Event.parse(f'{{"id":"evt_1","type":"x","data":{{"n":{digits}}}}}')
    for result in (session, session.line_items[0], new, new.line_items[0], product):
        for each in (result, pickle.loads(pickle.dumps(result))):
            number = each.to_dict()["n"]
            assert (number, type(number)) == (wanted, type(wanted))
            assert f'"n": {digits}' in each.to_json()
            assert type(each).from_dict(each.to_dict()).to_dict() == each.to_dict()
    assert event.data["n"] == wanted
    assert Event.from_dict(event.to_dict()).data == event.data


def test_what_python_cannot_read_is_told():
    deep = "[" * 100_000 + "]" * 100_000
    for data, code in ((deep, "malformed_json"), ("9" * 5000, "out_of_range")):
        event = Event.parse(f'{{"id":"evt_1","type":"x","data":{data}}}')
        if data != deep and not hasattr(sys, "get_int_max_str_digits"):
            assert event.data == int(data)
            continue
        with pytest.raises(faststar.ValidationError) as raised:
            _ = event.data
        assert (raised.value.code, raised.value.param) == (code, "data")
        assert event.data_json == data


QUOTE = faststar.quote(currency="EUR", lines=[{"unit_amount": 4900, "quantity": 1}], country="DE")
FIELDS = {
    faststar.Session: SESSION,
    faststar.CreatedSession: {"session": SESSION, "url": "https://x.example/cs_1"},
    faststar.LineItem: {"price_id": "price_1", "quantity": 2},
    faststar.Product: {"id": "prod_1", "name": "Tea", "metadata": {"shelf": "3"}},
    faststar.Price: {"id": "price_1", "currency": "USD", "unit_amount": 999},
    faststar.Payment: {
        "payment_id": "pi_1",
        "amount": 1999,
        "currency": "USD",
        "status": "succeeded",
    },
    faststar.Event: json.loads(EVENT),
    faststar.Quote: QUOTE.to_dict(),
    faststar.QuoteLine: QUOTE.lines[0].to_dict(),
    faststar.QuoteTax: QUOTE.taxes[0].to_dict(),
    faststar.TaxRate: faststar.tax_rate("DE").to_dict(),
    faststar.PaymentCheck: faststar.check_payment(
        Event.parse(EVENT), amount=999, currency="USD"
    ).to_dict(),
}


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.__name__)
def test_a_result_is_made_of_its_fields(kind):
    fields = FIELDS[kind]
    result = kind.from_dict(fields)
    assert type(result) is kind
    assert result.to_dict() == fields
    for name, value in fields.items():
        if isinstance(value, (str, int)) and name != "expires_at":
            got = getattr(result, name)
            assert (got.isoformat() if name == "rates_as_of" else got) == value
    with pytest.raises(faststar.ValidationError):
        kind.from_dict([])


def test_every_result_can_be_made_of_its_fields():
    kinds = {getattr(faststar, name) for name in faststar.__all__}
    assert {kind for kind in kinds if hasattr(kind, "to_dict")} == set(FIELDS)


@pytest.mark.parametrize(
    ("wrong", "code", "param"),
    [
        ({"status": "open"}, "missing_field", "id"),
        ({**SESSION, "amount_total": 1.5}, "invalid_type", "amount_total"),
        ({**SESSION, "amount_total": 2**63}, "invalid_type", "amount_total"),
        ({**SESSION, "line_items": [{"quantity": "2"}]}, "invalid_type", "line_items[0].quantity"),
        ({**SESSION, "new": {"at": [datetime.date(2026, 1, 1)]}}, "invalid_type", "new.at[0]"),
        ({**SESSION, "new": float("nan")}, "invalid_value", "new"),
        ({1: 2}, "invalid_type", None),
        ([SESSION], "invalid_type", None),
        ("cs_1", "invalid_type", None),
        (None, "invalid_type", None),
    ],
    ids=str,
)
def test_fields_that_make_no_result_are_told_by_their_place(wrong, code, param):
    with pytest.raises(faststar.ValidationError) as raised:
        faststar.Session.from_dict(wrong)
    assert (raised.value.code, raised.value.param) == (code, param)


def test_a_result_may_be_a_field_of_another():
    session = faststar.Session.from_dict({**SESSION, "new": 2**80})
    created = faststar.CreatedSession.from_dict({"session": session, "url": "https://x.example"})
    assert created.session == session
    assert created.session.to_dict()["new"] == 2**80


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview, lambda body: body.decode()])
def test_a_body_is_bytes_of_any_kind(form):
    header = Webhook.sign_for_test(EVENT, "whsec_1")
    assert Webhook.verify(form(EVENT), header, "whsec_1").id == "evt_1"


def test_a_parsed_body_is_refused_with_the_way_out():
    with pytest.raises(faststar.ValidationError, match=r"request\.body"):
        Webhook.verify(json.loads(EVENT), "t=1,v1=00", "whsec_1")


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
