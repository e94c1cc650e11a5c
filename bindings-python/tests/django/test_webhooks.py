"""Webhooks come, are verified, and run once."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time

import pytest
from asgiref.sync import sync_to_async
from django.db import connections, transaction
from django.test import AsyncClient, Client, override_settings
from faststar import Event, Webhook
from faststar.django import GiveUp, on, signals
from faststar.django.inbox import receive
from faststar.django.models import WebhookEvent
from orders.models import Fulfilment
from posts import SECRET, Post, fulfilments, inbox, payment_body

pytestmark = pytest.mark.django_db(databases=["default", "postgresql"], transaction=True)


def fulfil(event: Event) -> None:
    Fulfilment.objects.create(order=event.payment.client_reference_id)


def test_a_signed_event_runs_its_handler_and_is_stored(database: str, post: Post) -> None:
    on("payment.succeeded")(fulfil)
    answer = post(X_Webhook_Id="evt_1")
    assert (answer.status_code, fulfilments()) == (200, 1)
    row = inbox()
    assert (row.type, row.state, row.attempts, row.error) == (
        "payment.succeeded", "processed", 1, "",
    )  # fmt: skip
    assert row.processed_at is not None
    assert Event.parse(row.body).to_dict() == json.loads(payment_body())


def test_an_event_that_comes_five_times_has_one_effect(database: str, post: Post) -> None:
    on("payment.succeeded")(fulfil)
    assert [post().status_code for _ in range(5)] == [200] * 5
    assert (fulfilments(), inbox().attempts) == (1, 1)


def test_without_retention_the_body_of_what_is_done_is_not_kept(database: str, post: Post) -> None:
    broken = True

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        if broken:
            raise ValueError

    with override_settings(FASTSTAR={"WEBHOOK_SECRET": SECRET, "BODY_RETENTION_DAYS": 0}):
        assert post().status_code == 500
        assert inbox().body != ""
        broken = False
        assert post().status_code == 200
        assert (inbox().state, inbox().body) == ("processed", "")


def test_an_event_without_a_handler_is_kept_and_told(
    database: str, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    def tell(event: Event, **_: object) -> None:
        told.append(event.id)

    on("payment.failed")(fulfil)
    signals.webhook_unhandled.connect(tell)
    signals.webhook_processed.connect(tell)
    try:
        answers = [post() for _ in range(2)]
    finally:
        signals.webhook_unhandled.disconnect(tell)
        signals.webhook_processed.disconnect(tell)
    assert [(one.status_code, one.content) for one in answers] == [(200, b"unhandled\n")] * 2
    row = inbox()
    assert (row.state, row.attempts, row.processed_at) == ("unhandled", 0, None)
    assert Event.parse(row.body).to_dict() == json.loads(payment_body())
    assert told == ["evt_1", "evt_1"]
    warnings = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert len(warnings) == 2
    assert "no handler takes payment.succeeded evt_1" in warnings[0].getMessage()
    assert "faststar_events replay evt_1" in warnings[0].getMessage()

    # The release that has the handler; FastStar sends the event again.
    on("payment.succeeded")(fulfil)
    assert post().content == b"processed\n"
    assert (fulfilments(), inbox().state, inbox().attempts) == (1, "processed", 1)


def test_a_receiver_of_webhook_received_handles_an_event(database: str, post: Post) -> None:
    def receiver(event: Event, **_: object) -> None:
        fulfil(event)

    signals.webhook_received.connect(receiver)
    try:
        assert [post().status_code for _ in range(2)] == [200, 200]
    finally:
        signals.webhook_received.disconnect(receiver)
    assert (fulfilments(), inbox().state) == (1, "processed")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_what_is_given_up_is_recorded_once_and_not_sent_again(
    database: str, post: Post, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []
    failed: list[BaseException] = []

    def tell(error: Exception, **_: object) -> None:
        failed.append(error)

    def sync_handler(event: Event) -> None:
        ran.append(event.id)
        fulfil(event)
        raise GiveUp(f"{event.payment.payment_id} is for no order")

    async def async_handler(event: Event) -> None:
        await sync_to_async(sync_handler)(event)

    on("payment.succeeded")(sync_handler if kind == "sync" else async_handler)
    signals.webhook_failed.connect(tell)
    try:
        answers = [post() for _ in range(3)]
    finally:
        signals.webhook_failed.disconnect(tell)
    assert [one.status_code for one in answers] == [200] * 3
    assert answers[0].content == b"given up\n"
    assert (ran, fulfilments()) == (["evt_1"], 0)
    assert [type(one) for one in failed] == [GiveUp]
    row = inbox()
    assert (row.state, row.attempts, row.error) == ("given_up", 1, "pi_1 is for no order")
    assert Event.parse(row.body).to_dict() == json.loads(payment_body())
    assert caplog.text.count("was given up: pi_1 is for no order") == 1
    assert "Traceback" not in caplog.text


def test_a_give_up_without_a_text_and_with_a_long_one(database: str, post: Post) -> None:
    text = ""

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        raise GiveUp(text) from KeyError("card 4242")

    assert post().status_code == 200
    assert inbox().error == "faststar.django.giveup.GiveUp"
    text = "x" * 1000
    assert post(payment_body("evt_2")).status_code == 200
    assert inbox("evt_2").error == "x" * 255
    # It may quote a reference of another system.
    text = "order a\0b\ud800"
    assert post(payment_body("evt_3")).status_code == 200
    assert inbox("evt_3").error == "order a\ufffdb?"


def test_a_failing_handler_rolls_everything_back_and_a_later_attempt_succeeds(
    database: str, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    broken = True

    @on("payment.succeeded")
    def first(event: Event) -> None:
        fulfil(event)

    @on("payment.succeeded")
    def second(event: Event) -> None:
        if broken:
            raise KeyError("card 4242 of the body")

    for attempt in (1, 2):
        assert post().status_code == 500
        row = inbox()
        assert fulfilments() == 0
        assert (row.state, row.attempts, row.error) == ("failed", attempt, "builtins.KeyError")
        assert row.processed_at is None
        assert Event.parse(row.body).to_dict() == json.loads(payment_body())
    record = caplog.records[0]
    assert (record.name, record.levelno) == ("faststar.django", logging.ERROR)
    assert record.exc_info is not None and record.exc_info[0] is KeyError
    assert "4242" not in str(list(WebhookEvent.objects.values_list()))

    broken = False
    assert post().status_code == 200
    row = inbox()
    assert (fulfilments(), row.state, row.attempts, row.error) == (1, "processed", 3, "")
    assert post().status_code == 200
    assert fulfilments() == 1


def test_an_error_of_the_database_in_a_handler_rolls_back(database: str, post: Post) -> None:
    @on("payment.succeeded")
    def handler(event: Event) -> None:
        fulfil(event)
        Fulfilment.objects.create(pk=Fulfilment.objects.get().pk, order="again")

    assert post().status_code == 500
    assert (fulfilments(), inbox().error.rpartition(".")[2]) == (0, "IntegrityError")


def test_a_handler_that_swallows_what_broke_its_transaction_does_not_count_as_done(
    database: str, post: Post
) -> None:
    @on("payment.succeeded")
    def handler(event: Event) -> None:
        fulfil(event)
        transaction.set_rollback(True, using=database)

    assert post().status_code == 500
    assert (fulfilments(), inbox().state) == (0, "failed")


def test_what_follows_the_commit_cannot_undo_it(
    database: str, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    @on("payment.succeeded")
    def handler(event: Event) -> None:
        fulfil(event)
        transaction.on_commit(lambda: 1 / 0, using=database)

    assert post().status_code == 200
    assert (fulfilments(), inbox().state) == (1, "processed")
    assert "on_commit callback raised" in caplog.text


def test_handlers_run_in_their_order_for_their_types(database: str, post: Post) -> None:
    ran = []

    @on("payment.succeeded", "invoice.paid")
    def several(event: Event) -> None:
        ran.append("several")

    @on("*")
    @on("payment.succeeded")
    def every(event: Event) -> None:
        ran.append("every")

    @on("payment.failed")
    def other(event: Event) -> None:
        ran.append("other")

    post()
    assert ran == ["several", "every"]
    ran.clear()
    post(payment_body("evt_2", "payment.failed"))
    assert ran == ["every", "other"]
    ran.clear()
    post(payment_body("evt_3", "not.known.yet"))
    assert ran == ["every"]


def test_a_handler_must_name_types() -> None:
    with pytest.raises(TypeError, match="name the types"):
        on()
    with pytest.raises(TypeError, match="name the types"):
        on(fulfil)  # type: ignore[arg-type]


def test_async_handlers_are_in_the_same_transaction(database: str, post: Post) -> None:
    broken = True

    @on("payment.succeeded")
    async def handler(event: Event) -> None:
        await Fulfilment.objects.acreate(order="async")
        if broken:
            raise ValueError

    assert post().status_code == 500
    assert (fulfilments(), inbox().error) == (0, "builtins.ValueError")
    broken = False
    assert post().status_code == 200
    assert (fulfilments(), inbox().state) == (1, "processed")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (payment_body(), {"X_Webhook_Signature": "t=1,v1=00"}),
        (payment_body(), {"X_Webhook_Signature": "nonsense"}),
        (payment_body(), {"X_Webhook_Signature": Webhook.sign_for_test(payment_body(), "other")}),
        (
            payment_body(),
            {"X_Webhook_Signature": Webhook.sign_for_test(payment_body(), SECRET, timestamp=1)},
        ),
        (
            payment_body() + b" ",
            {"X_Webhook_Signature": Webhook.sign_for_test(payment_body(), SECRET)},
        ),
        (payment_body(), {"X_Webhook_Id": "evt_2"}),
        (b"not json", {}),
        (b"", {}),
    ],
)
def test_what_cannot_be_verified_is_refused_in_the_same_words(
    database: str,
    post: Post,
    body: bytes,
    headers: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    on("*")(fulfil)
    answer = post(body, **headers)
    assert (answer.status_code, answer.content) == (400, b"not verified\n")
    assert (fulfilments(), WebhookEvent.objects.count()) == (0, 0)
    assert "refused a webhook" in caplog.text
    assert SECRET not in caplog.text


def test_a_request_without_a_signature_is_refused(database: str, url: str) -> None:
    answer = Client().post(url, payment_body(), content_type="application/json")
    assert (answer.status_code, answer.content) == (400, b"not verified\n")


def test_only_post_is_allowed(url: str) -> None:
    answer = Client().get(url)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_the_bytes_are_verified_and_not_what_json_makes_of_them(database: str, post: Post) -> None:
    body = b'{ "id":"evt_1",\n "type":"a.b", "data" : {"\\u00e9": 1.10},"created":1}\r\n'
    assert post(body).status_code == 200


def test_several_secrets_are_tried(database: str, url: str, post: Post) -> None:
    old = Webhook.sign_for_test(payment_body(), "whsec_old")
    assert post(X_Webhook_Signature=old).status_code == 400
    with override_settings(FASTSTAR={"WEBHOOK_SECRET": ["whsec_new", "whsec_old"]}):
        assert post(X_Webhook_Signature=old).status_code == 200


def test_the_tolerance_is_a_setting(database: str, post: Post) -> None:
    old = Webhook.sign_for_test(payment_body(), SECRET, timestamp=1769900000)
    assert post(X_Webhook_Signature=old).status_code == 400
    tolerance = {"WEBHOOK_SECRET": SECRET, "WEBHOOK_TOLERANCE": 10**10}
    with override_settings(FASTSTAR=tolerance):
        assert post(X_Webhook_Signature=old).status_code == 200


@pytest.mark.parametrize("secret", [None, "", " ", [], [""], b"", [None], 5, "whsec\n"])
def test_without_a_secret_the_platform_is_asked_to_come_again(
    database: str,
    url: str,
    secret: object,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("FASTSTAR_WEBHOOK_SECRET", raising=False)
    client = Client(raise_request_exception=False)
    t = int(time.time())
    forged = hmac.new(b"", f"{t}.".encode() + payment_body(), "sha256").hexdigest()
    with override_settings(FASTSTAR={"WEBHOOK_SECRET": secret}):
        answer = client.post(
            url,
            payment_body(),
            content_type="application/json",
            HTTP_X_WEBHOOK_SIGNATURE=f"t={t},v1={forged}",
        )
    assert answer.status_code == 500
    assert WebhookEvent.objects.count() == 0
    assert "ConfigurationError" in caplog.text
    assert "refused a webhook" not in caplog.text, "nobody forged anything"


@pytest.mark.parametrize("secret", [b"whsec_test", ["whsec_new", b"whsec_test"], ("whsec_test",)])
def test_a_secret_may_be_bytes_and_in_a_tuple(database: str, post: Post, secret: object) -> None:
    on("payment.succeeded")(fulfil)
    with override_settings(FASTSTAR={"WEBHOOK_SECRET": secret}):
        assert post().status_code == 200
    assert fulfilments() == 1


def test_signals_tell_of_an_event(database: str, post: Post) -> None:
    told = []

    def tell(signal: object, event: Event, **kwargs: object) -> None:
        names = {
            id(signals.webhook_received): "received",
            id(signals.webhook_processed): "processed",
            id(signals.webhook_failed): "failed",
        }
        told.append((names[id(signal)], event.id, type(kwargs.get("error"))))

    broken = True

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        if broken:
            raise KeyError

    every = (signals.webhook_received, signals.webhook_processed, signals.webhook_failed)
    for signal in every:
        signal.connect(tell)
    try:
        post()
        broken = False
        post()
        post()
    finally:
        for signal in every:
            signal.disconnect(tell)
    assert told == [
        ("received", "evt_1", type(None)),
        ("failed", "evt_1", KeyError),
        ("received", "evt_1", type(None)),
        ("processed", "evt_1", type(None)),
    ]


def test_a_receiver_of_webhook_received_that_raises_rolls_back(database: str, post: Post) -> None:
    def refuse(event: Event, **kwargs: object) -> None:
        fulfil(event)
        raise LookupError

    signals.webhook_received.connect(refuse)
    try:
        assert post().status_code == 500
    finally:
        signals.webhook_received.disconnect(refuse)
    assert (fulfilments(), inbox().error) == (0, "builtins.LookupError")


def test_atomic_requests_do_not_swallow_the_record_of_a_failure(database: str, post: Post) -> None:
    @on("payment.succeeded")
    def handler(event: Event) -> None:
        fulfil(event)
        raise ValueError

    connections[database].settings_dict["ATOMIC_REQUESTS"] = True
    try:
        assert post().status_code == 500
    finally:
        connections[database].settings_dict["ATOMIC_REQUESTS"] = False
    assert (fulfilments(), inbox().attempts) == (0, 1)


def test_an_event_is_not_handled_in_an_open_transaction(database: str) -> None:
    on("payment.succeeded")(fulfil)
    refused = pytest.raises(RuntimeError, match="durable")
    with refused, transaction.atomic(using=database):
        receive(Event.parse(payment_body()))
    assert (fulfilments(), WebhookEvent.objects.count()) == (0, 0)


def test_an_event_without_a_creation_time_or_with_odd_data_is_taken(
    database: str, post: Post
) -> None:
    on("a.b")(lambda event: None)
    body = json.dumps({"id": "evt_ü", "type": "a.b", "data": {}}).encode()
    assert post(body).status_code == 200
    assert inbox("evt_ü").state == "processed"


def test_an_async_handler_runs_in_the_loop_of_an_async_server(database: str) -> None:
    loops = []

    @on("payment.succeeded")
    async def handler(event: Event) -> None:
        loops.append(asyncio.get_running_loop())
        await Fulfilment.objects.acreate(order="async")

    @on("payment.succeeded")
    def ordinary(event: Event) -> None:
        fulfil(event)

    async def server() -> tuple[list[int], asyncio.AbstractEventLoop]:
        signature = {"X-Webhook-Signature": Webhook.sign_for_test(payment_body(), SECRET)}
        sent = [
            AsyncClient().post(
                "/webhooks/faststar-async/",
                payment_body(),
                content_type="application/json",
                headers=signature,
            )
            for _ in range(5)
        ]
        answers = await asyncio.gather(*sent)
        await sync_to_async(connections.close_all)()
        return [answer.status_code for answer in answers], asyncio.get_running_loop()

    statuses, loop = asyncio.run(server())
    assert statuses == [200] * 5
    assert loops == [loop]
    assert fulfilments() == 2
