"""What both clients do beyond the scenarios: refusals, retries, deadlines, interrupts, options."""

from __future__ import annotations

import asyncio
import decimal
import enum
import json
import logging
import os
import signal
import socket
import threading
import time
from datetime import date

import faststar
import pytest
import uvloop
from conftest import SESSION, failed, ok
from faststar import AsyncFastStar, FastStar

KEY = "CANARY-key"
CREATED = {
    "session": SESSION,
    "url": "https://cashier/checkout/cs_1?token=CANARY",
    "session_token": "CANARY",
}
REQUEST = {
    "mode": "payment",
    "presentation": "iframe",
    "line_items": [{"price_id": "price_1", "quantity": 1}],
}


class Blocking:
    def __init__(self, url, **options):
        self.client = FastStar(api_key=KEY, base_url=url, **options)

    def create(self, **options):
        return self.client.checkout.sessions.create(**options)

    def retrieve(self, id, **options):
        return self.client.checkout.sessions.retrieve(id, **options)

    def products(self, **options):
        return list(self.client.catalog.products.list(**options))


class Awaited(Blocking):
    def __init__(self, url, **options):
        self.client = AsyncFastStar(api_key=KEY, base_url=url, **options)

    def create(self, **options):
        return asyncio.run(super().create(**options))

    def retrieve(self, id, **options):
        return asyncio.run(super().retrieve(id, **options))

    def products(self, **options):
        async def every():
            return [each async for each in self.client.catalog.products.list(**options)]

        return asyncio.run(every())


@pytest.fixture(params=[Blocking, Awaited], ids=["sync", "async"])
def make(request):
    return request.param


class Quantity(enum.IntEnum):
    PAIR = 2


@pytest.mark.parametrize(
    ("item", "param", "code", "words"),
    [
        (
            {"ad_hoc_amount": True, "ad_hoc_currency": "USD"},
            "ad_hoc_amount",
            "invalid_type",
            ["int", "bool"],
        ),
        ({"ad_hoc_amount": 19.99}, "ad_hoc_amount", "invalid_type", ["1999"]),
        ({"ad_hoc_amount": float("nan")}, "ad_hoc_amount", "invalid_value", ["NaN"]),
        (
            {"ad_hoc_amount": decimal.Decimal("19.99")},
            "ad_hoc_amount",
            "invalid_type",
            ["Decimal", "1999"],
        ),
        ({"ad_hoc_amount": 2**63}, "ad_hoc_amount", "out_of_range", ["maximum"]),
        ({"ad_hoc_amount": 10**400}, "ad_hoc_amount", "out_of_range", ["64-bit"]),
        ({"ad_hoc_amount": -(2**63) - 1}, "ad_hoc_amount", "out_of_range", ["64-bit"]),
        ({"price_id": "price_1", "quantity": True}, "quantity", "invalid_type", ["bool"]),
        ({"price_id": "price_1", "quantity": "2"}, "quantity", "invalid_type", ["integer"]),
        ({"price_id": b"price_1"}, "price_id", "invalid_type", ["bytes"]),
        ({"price_id": "a\ud800"}, "price_id", "invalid_string", ["surrogate"]),
        (
            {"price_id": "price_1", "description": date(2026, 1, 1)},
            "description",
            "invalid_type",
            ["str"],
        ),
        (
            {"price_id": "price_1", "description": object()},
            "description",
            "invalid_type",
            ["object"],
        ),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_nothing_is_sent(
    serve, make, item, param, code, words
):
    server = serve(lambda n, path, body: ok(CREATED))
    with pytest.raises(faststar.ValidationError) as raised:
        make(server.url).create(**{**REQUEST, "line_items": [{"price_id": "p"}, item]})
    error = raised.value
    assert (error.param, error.code) == (f"line_items[1].{param}", code)
    assert error.status is None
    for word in words:
        assert word in error.message
    assert server.requests == []


def test_a_list_in_itself_is_refused(serve, make):
    server = serve(lambda n, path, body: ok(CREATED))
    items = []
    items.append(items)
    with pytest.raises(faststar.ValidationError) as raised:
        make(server.url).create(**{**REQUEST, "line_items": items})
    assert raised.value.code == "nesting_too_deep"
    assert server.requests == []


def test_what_is_sent_is_what_was_given(serve, make):
    server = serve(lambda n, path, body: ok(CREATED))
    items = (
        {
            "price_id": "price_1",
            "quantity": Quantity.PAIR,
            "tomorrow": [None, 1.5, {"é": 2**64 - 1}],
        },
    )
    created = make(server.url).create(**{**REQUEST, "line_items": items, "customer_email": None})
    ((method, path, headers, body),) = server.requests
    assert (method, path) == ("POST", "/api/v1/public/checkout/sessions")
    assert headers["x-api-key"] == KEY
    assert headers["user-agent"].startswith(f"faststar-python/{faststar.__version__} cpython/")
    sent = json.loads(body)
    assert sent["line_items"] == [
        {"price_id": "price_1", "quantity": 2, "tomorrow": [None, 1.5, {"é": 2**64 - 1}]}
    ]
    assert created.session.amount_total == 1079
    assert created.request_id == "req_1"
    assert created.session.to_dict()["tomorrow"] == {"new": [1]}


def test_a_failure_that_may_pass_is_tried_again_with_one_key(serve, make):
    answers = [None, failed(503), ok(CREATED)]
    server = serve(lambda n, path, body: answers[n - 1])
    make(server.url).create(**REQUEST)
    keys = {headers["idempotency-key"] for _, _, headers, _ in server.requests}
    assert len(server.requests) == 3
    assert len(keys) == 1
    assert len({body for *_, body in server.requests}) == 1


def test_a_call_has_options_of_its_own(serve, make):
    server = serve(lambda n, path, body: failed(503))
    with pytest.raises(faststar.ServerError) as raised:
        make(server.url).create(**REQUEST, idempotency_key="order-1", max_retries=0)
    assert [headers["idempotency-key"] for _, _, headers, _ in server.requests] == ["order-1"]
    error = raised.value
    assert (error.status, error.request_id, error.retryable) == (503, "req_9", True)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, faststar.ValidationError),
        (401, faststar.AuthenticationError),
        (402, faststar.PaymentError),
        (403, faststar.PermissionDeniedError),
        (404, faststar.NotFoundError),
        (409, faststar.ConflictError),
        (422, faststar.ConflictError),
        (429, faststar.RateLimitError),
        (500, faststar.ServerError),
        (302, faststar.UnexpectedResponseError),
    ],
)
def test_each_status_has_its_class(serve, make, status, kind):
    server = serve(lambda n, path, body: failed(status))
    with pytest.raises(kind) as raised:
        make(server.url, max_retries=0).retrieve("cs_1")
    assert type(raised.value) is kind
    assert raised.value.status == status


def test_one_deadline_holds_over_all_attempts(serve, make):
    hold = threading.Event()
    server = serve(lambda n, path, body: hold.wait(30) and None)
    started = time.monotonic()
    with pytest.raises(faststar.APITimeoutError) as raised:
        make(server.url, timeout=0.3).retrieve("cs_1")
    hold.set()
    assert time.monotonic() - started < 10
    assert raised.value.code == "timeout"
    assert isinstance(raised.value, faststar.APIConnectionError)


def test_nobody_listens(make):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(faststar.APIConnectionError) as raised:
        make(url, max_retries=0).retrieve("cs_1")
    assert raised.value.status is None


def test_a_list_walks_all_its_pages_and_never_in_a_circle(serve, make):
    pages = {None: (["a", "b"], "c1"), "c1": (["c"], "c2"), "c2": (["d"], None)}

    def answer(n, path, body):
        cursor = path.split("cursor=")[1] if "cursor=" in path else None
        items, following = pages[cursor]
        return ok({"items": [{"id": id, "name": id} for id in items], "next_cursor": following})

    server = serve(answer)
    assert [each.id for each in make(server.url).products(limit=2)] == ["a", "b", "c", "d"]
    assert len(server.requests) == 3
    pages["c2"] = (["d"], "c1")
    with pytest.raises(faststar.UnexpectedResponseError):
        make(server.url).products()


@pytest.mark.parametrize("limit", [True, -1, "5", 2.5])
def test_a_wrong_limit_is_refused(serve, make, limit):
    server = serve(lambda n, path, body: ok([]))
    with pytest.raises(faststar.ValidationError) as raised:
        make(server.url).products(limit=limit)
    assert raised.value.param == "limit"
    assert server.requests == []


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"api_key": ""}, "api_key"),
        ({"api_key": "CANARY key"}, "api_key"),
        ({"base_url": "http://CANARY.example"}, "base_url"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"max_retries": True}, "max_retries"),
        ({"merchant": "psp"}, "merchant"),
        ({"event_hooks": {"before": []}}, "event_hooks.before"),
    ],
)
def test_a_client_that_cannot_work_is_refused(options, param):
    for cls in (FastStar, AsyncFastStar):
        with pytest.raises(faststar.ConfigurationError) as raised:
            cls(**{"api_key": KEY, **options})
        assert raised.value.param == param
        assert "CANARY" not in f"{raised.value} {raised.value!r}"


def test_the_environment_names_the_key_and_the_place(serve, monkeypatch):
    monkeypatch.delenv("FASTSTAR_API_KEY", raising=False)
    with pytest.raises(faststar.ConfigurationError) as raised:
        FastStar()
    assert raised.value.param == "FASTSTAR_API_KEY"
    server = serve(lambda n, path, body: ok(SESSION))
    monkeypatch.setenv("FASTSTAR_API_KEY", "from-the-environment")
    monkeypatch.setenv("FASTSTAR_BASE_URL", server.url)
    FastStar().checkout.sessions.retrieve("cs_1")
    FastStar(api_key="given").checkout.sessions.retrieve("cs_1")
    keys = [headers["x-api-key"] for _, _, headers, _ in server.requests]
    assert keys == ["from-the-environment", "given"]


def test_a_closed_client_says_so(serve):
    server = serve(lambda n, path, body: ok(SESSION))
    with FastStar(api_key=KEY, base_url=server.url) as client:
        client.checkout.sessions.retrieve("cs_1")
    with pytest.raises(faststar.ConfigurationError, match="closed"):
        client.checkout.sessions.retrieve("cs_1")
    client.close()

    async def closed():
        async with AsyncFastStar(api_key=KEY, base_url=server.url) as client:
            pass
        with pytest.raises(faststar.ConfigurationError, match="closed"):
            await client.checkout.sessions.retrieve("cs_1")

    asyncio.run(closed())


def test_ctrl_c_ends_a_blocking_call_at_once(serve, request):
    # A shell may have started the tests without an ear for it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    hold, arrived = threading.Event(), threading.Event()

    def answer(n, path, body):
        arrived.set()
        hold.wait(30)

    server = serve(answer)

    def press():
        arrived.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    client = FastStar(api_key=KEY, base_url=server.url, timeout=25)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        client.checkout.sessions.retrieve("cs_1")
    assert time.monotonic() - started < 10
    hold.set()


def test_other_threads_run_while_a_call_waits(serve):
    hold = threading.Event()

    def answer(n, path, body):
        hold.wait(10)
        return ok(SESSION)

    server = serve(answer)
    client = FastStar(api_key=KEY, base_url=server.url)
    results = []
    call = lambda: results.append(client.checkout.sessions.retrieve("cs_1"))  # noqa: E731
    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    hold.set()
    for thread in threads:
        thread.join()
    assert len(results) == 8


def test_cancelling_a_task_cancels_its_request(serve):
    gone = threading.Event()
    arrived = threading.Event()

    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        connection, _ = listener.accept()
        connection.recv(65536)
        arrived.set()
        if connection.recv(1) == b"":
            gone.set()

    threading.Thread(target=accept, daemon=True).start()

    async def main():
        client = AsyncFastStar(
            api_key=KEY, base_url=f"http://127.0.0.1:{listener.getsockname()[1]}"
        )
        task = asyncio.create_task(client.checkout.sessions.retrieve("cs_1"))
        await asyncio.to_thread(arrived.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(gone.wait, 10), "the connection is still open"

    asyncio.run(main())


def test_many_tasks_share_a_client_and_event_loops_come_and_go(serve):
    server = serve(lambda n, path, body: ok(SESSION))
    client = AsyncFastStar(api_key=KEY, base_url=server.url)

    async def many():
        calls = (client.checkout.sessions.retrieve("cs_1") for _ in range(50))
        return len(await asyncio.gather(*calls))

    assert [asyncio.run(many()) for _ in range(5)] == [50] * 5

    counts = []
    threads = [
        threading.Thread(target=lambda: counts.append(asyncio.run(many()))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [50] * 4


def test_a_loop_that_cannot_watch_a_socket_is_served_too(serve):
    class Blind(asyncio.SelectorEventLoop):
        # As on Windows, for sockets that are not the loop's own.
        def add_reader(self, fd, callback, *args):
            raise NotImplementedError

    server = serve(lambda n, path, body: ok(SESSION))

    async def main():
        client = AsyncFastStar(api_key=KEY, base_url=server.url)
        calls = (client.checkout.sessions.retrieve("cs_1") for _ in range(20))
        return len(await asyncio.gather(*calls))

    loop = Blind()
    try:
        assert loop.run_until_complete(main()) == 20
    finally:
        loop.close()


def test_uvloop_is_served(serve):
    server = serve(lambda n, path, body: ok(SESSION))
    client = AsyncFastStar(api_key=KEY, base_url=server.url)

    async def many():
        calls = (client.checkout.sessions.retrieve("cs_1") for _ in range(50))
        return len(await asyncio.gather(*calls))

    for _ in range(3):
        loop = uvloop.new_event_loop()
        try:
            assert loop.run_until_complete(many()) == 50
        finally:
            loop.close()


def test_hooks_and_the_log_tell_of_each_call_and_of_no_secret(serve, make, caplog):
    answers = [ok(SESSION), failed(404, "not_found")]
    server = serve(lambda n, path, body: answers[n - 1])
    seen = []
    hooks = {"request": [seen.append], "response": [seen.append]}
    caplog.set_level(logging.INFO, logger="faststar")
    client = make(server.url, event_hooks=hooks)
    client.retrieve("cs_1")
    with pytest.raises(faststar.NotFoundError) as raised:
        client.retrieve("cs_2")
    before, after, _, failure = seen
    assert before.operation == "checkout.sessions.retrieve"
    assert (after.status, after.request_id, after.attempts, after.error) == (200, "req_1", 1, None)
    assert after.request is before
    assert after.duration > 0
    assert (failure.status, failure.request_id, failure.error) == (404, "req_9", raised.value)
    first, second = caplog.records
    assert first.name == "faststar"
    assert (first.status, first.request_id, first.operation) == (200, "req_1", before.operation)
    assert "checkout.sessions.retrieve: 200 in" in first.getMessage()
    assert "not_found" in second.getMessage()
    assert "CANARY" not in caplog.text + repr(seen) + repr(client.client)


@pytest.mark.parametrize("event", ["request", "response"])
def test_a_hook_that_raises_is_logged_and_costs_no_result(serve, make, caplog, event):
    answers = [ok(SESSION), failed(404, "not_found")]
    server = serve(lambda n, path, body: answers[n - 1])
    heard = []

    def broken(info):
        raise RuntimeError("statsd is down")

    client = make(server.url, event_hooks={event: [broken, heard.append]})
    assert client.retrieve("cs_1").id == "cs_1"
    with pytest.raises(faststar.NotFoundError):
        client.retrieve("cs_2")
    assert len(heard) == 2
    logged = [record for record in caplog.records if record.exc_info]
    assert [str(record.exc_info[1]) for record in logged] == ["statsd is down"] * 2


def test_a_hook_may_still_end_the_program(serve):
    server = serve(lambda n, path, body: ok(SESSION))

    def leave(info):
        raise SystemExit(3)

    client = FastStar(api_key=KEY, base_url=server.url, event_hooks={"request": [leave]})
    with pytest.raises(SystemExit):
        client.checkout.sessions.retrieve("cs_1")


def test_an_error_says_what_the_answer_said(serve, make):
    server = serve(lambda n, path, body: failed(503, "overloaded", **{"Retry-After": "90"}))
    with pytest.raises(faststar.ServerError) as raised:
        make(server.url).create(**REQUEST, idempotency_key="order_1")
    error = raised.value
    assert (error.attempts, error.retry_after, error.idempotency_key) == (1, 90.0, "order_1")
    assert error.headers["x-request-id"] == "req_9" and error.headers["retry-after"] == "90"
    assert (error.outcome_unknown, error.network_error) == (False, None)


def test_an_unknown_outcome_has_the_key_to_ask_again(serve, make, caplog):
    caplog.set_level(logging.INFO, logger="faststar")
    hang_up = serve(lambda n, path, body: None)
    with pytest.raises(faststar.APIConnectionError) as raised:
        make(hang_up.url, max_retries=0).create(**REQUEST)
    error = raised.value
    assert error.outcome_unknown and error.network_error in ("closed", "reset")
    assert error.idempotency_key == hang_up.requests[0][2]["idempotency-key"]
    assert error.idempotency_key in str(error) and error.idempotency_key in caplog.text

    cut_short = serve(lambda n, path, body: (200, {}, b"") if n < 3 else ok(CREATED))
    made = make(cut_short.url).create(**REQUEST, idempotency_key=error.idempotency_key)
    assert made.session.id == "cs_1"
    keys = {headers["idempotency-key"] for _, _, headers, _ in cut_short.requests}
    assert keys == {error.idempotency_key}

    with pytest.raises(faststar.APIConnectionError) as raised:
        make(hang_up.url, max_retries=0).retrieve("cs_1")
    assert (raised.value.outcome_unknown, raised.value.idempotency_key) == (False, None)


def test_a_refused_connection_says_so(make):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(faststar.APIConnectionError) as raised:
        make(url, max_retries=1).create(**REQUEST)
    error = raised.value
    assert (error.network_error, error.attempts, error.outcome_unknown) == ("refused", 2, False)
    assert error.idempotency_key


@pytest.mark.parametrize("way", ["cancelled task", "signal handler"])
def test_an_interrupted_call_tells_its_key_to_hooks_and_the_log(way, caplog):
    caplog.set_level(logging.INFO, logger="faststar")
    heads, connections, infos = [], [], []

    def stall(listener):
        connection = listener.accept()[0]
        connections.append(connection)
        heads.append(connection.recv(65536).decode())
        if way == "signal handler":
            signal.raise_signal(signal.SIGUSR1)
        else:
            loop.call_soon_threadsafe(task.cancel)

    def leave(*_):
        raise SystemExit(1)

    async def cancelled():
        nonlocal loop, task
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        thread.start()
        await AsyncFastStar(**setup).checkout.sessions.create(**REQUEST)

    loop = task = None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
        setup = {"api_key": KEY, "base_url": url, "event_hooks": {"response": [infos.append]}}
        thread = threading.Thread(target=stall, args=(listener,))
        if way == "signal handler":
            before = signal.signal(signal.SIGUSR1, leave)
            try:
                thread.start()
                with pytest.raises(SystemExit):
                    FastStar(**setup).checkout.sessions.create(**REQUEST)
            finally:
                signal.signal(signal.SIGUSR1, before)
        else:
            with pytest.raises(asyncio.CancelledError):
                asyncio.run(cancelled())
        thread.join()
        connections[0].close()

    (info,) = infos
    assert info.outcome_unknown
    assert f"idempotency-key: {info.idempotency_key}\r\n" in heads[0].lower()
    message = caplog.records[-1].getMessage()
    assert info.idempotency_key in message
    assert type(info.error).__name__ in message
