"""What `Webhook` is given: whatever means the same is taken, and all else is told by its name."""

from __future__ import annotations

import time

import pytest
from faststar import (
    ConfigurationError,
    Event,
    FastStarError,
    SignatureVerificationError,
    ValidationError,
    Webhook,
)

BODY = b'{"id":"evt_1","type":"invoice.paid","data":{}}'
SECRET = "whsec_1"
HEADER = Webhook.sign_for_test(BODY, SECRET)


@pytest.mark.parametrize(
    "header",
    [HEADER, HEADER.encode(), bytearray(HEADER.encode()), [HEADER], (HEADER,), [HEADER.encode()]],
    ids=lambda header: type(header).__name__,
)
@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        SECRET.encode(),
        memoryview(SECRET.encode()),
        ["whsec_0", SECRET],
        (b"whsec_0", SECRET),
        {SECRET},
        (secret for secret in [SECRET] * 9),
    ],
    ids=lambda secret: type(secret).__name__,
)
def test_what_means_the_same_is_taken(header, secret):
    if not isinstance(secret, (str, bytes, memoryview)):
        secret = list(secret) or [SECRET]
    event = Webhook.verify(BODY, header, secret, event_id=[b"evt_1"], now=time.time())
    assert event.id == "evt_1"


def test_secrets_may_come_from_a_generator():
    secrets = ["whsec_0", SECRET]
    assert Webhook.verify(BODY, HEADER, (each for each in secrets)).id == "evt_1"
    assert Webhook.sign_for_test(BODY, iter(secrets)).count("v1=") == 2


MISSING = [None, "", " \n", b"", [], (), [None], ["whsec_0", None], [""], [SECRET, ""]]


@pytest.mark.parametrize("missing", MISSING, ids=repr)
def test_a_missing_secret_is_the_receivers_mistake(missing):
    for use in (
        lambda: Webhook.verify(BODY, HEADER, missing),
        lambda: Webhook.verify(BODY, None, missing),
        lambda: Webhook.sign_for_test(BODY, missing),
    ):
        with pytest.raises(ConfigurationError) as raised:
            use()
        assert raised.value.code == "invalid_secret"
        assert "secret" in raised.value.message
        assert SECRET not in str(raised.value)


def test_the_place_of_a_missing_secret_is_named():
    with pytest.raises(ConfigurationError) as raised:
        Webhook.verify(BODY, HEADER, [SECRET, None])
    assert raised.value.param == "secret[1]"


@pytest.mark.parametrize("missing", [None, "", b"", [], (), [""]], ids=repr)
def test_a_missing_header_is_no_signature(missing):
    with pytest.raises(SignatureVerificationError) as raised:
        Webhook.verify(BODY, missing, SECRET)
    assert raised.value.code == "malformed_header"


@pytest.mark.parametrize("header", [[HEADER, HEADER], "\udc80", b"\xff\xfe", "t=1,v1=é"], ids=ascii)
def test_a_header_that_a_sender_chose_is_refused_as_one(header):
    with pytest.raises(SignatureVerificationError):
        Webhook.verify(BODY, header, SECRET)


def test_a_body_that_is_no_unicode_is_refused_as_a_sender_s():
    with pytest.raises(SignatureVerificationError):
        Webhook.verify("\udc80", HEADER, SECRET)
    with pytest.raises(ValidationError, match="not utf-8"):
        Event.parse('{"id":"\ud800"}')


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("header", 1),
        ("header", {"X-Webhook-Signature": HEADER}),
        ("header", [1]),
        ("header", [[HEADER]]),
        ("secret", 1),
        ("secret", {"new": SECRET}),
        ("secret", [SECRET, 1]),
        ("secret", b"\xff"),
        ("secret", "\ud800"),
        ("event_id", 1),
        ("tolerance", "300"),
        ("tolerance", -1),
        ("tolerance", float("nan")),
        ("tolerance", True),
        ("now", "now"),
        ("now", float("inf")),
        ("now", 10**30),
        ("now", 1e300),
        ("body", None),
        ("body", {"id": "evt_1"}),
        ("body", 1),
    ],
    ids=repr,
)
def test_what_cannot_be_meant_is_told_by_its_name(argument, value):
    arguments = {"body": BODY, "header": HEADER, "secret": SECRET, argument: value}
    with pytest.raises(FastStarError) as raised:
        Webhook.verify(**arguments)
    error = raised.value
    assert type(error) in (ValidationError, ConfigurationError)
    assert (error.param or "").split("[")[0] == argument
    assert SECRET not in f"{error} {error!r}"


def test_a_whole_mapping_of_headers_is_told_the_way_out():
    with pytest.raises(ValidationError, match=r'headers\["X-Webhook-Signature"\]'):
        Webhook.verify(BODY, {"x-webhook-signature": HEADER}, SECRET)


def test_times_may_be_floats():
    header = Webhook.sign_for_test(BODY, SECRET, timestamp=1_769_900_000.9)
    assert header.startswith("t=1769900000,")
    event = Webhook.verify(BODY, header, SECRET, now=1_769_900_300.5, tolerance=300.9)
    assert event.id == "evt_1"
    with pytest.raises(SignatureVerificationError):
        Webhook.verify(BODY, header, SECRET, now=1_769_900_301.5, tolerance=300.9)
