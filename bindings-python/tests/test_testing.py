"""`faststar.testing`: the sandbox, a merchant's verbs, and webhooks that go wrong."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import subprocess
import sys
import sysconfig
import threading
import types
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import django
import faststar
import pytest
from built import ROOT, SANDBOX
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from faststar.testing import Sandbox, SandboxError, sandbox_binary


@pytest.fixture(scope="module", autouse=True)
def built_sandbox():
    """Takes the binary of this checkout, as no wheel is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTSTAR_SANDBOX", SANDBOX)
        yield


@pytest.fixture(scope="module")
def sandbox(built_sandbox):
    with Sandbox() as running:
        yield running


@pytest.fixture
def merchant(sandbox):
    with sandbox.add_merchant() as made:
        yield made


def order(merchant, reference="order_1"):
    return merchant.client.checkout.sessions.create(
        mode="payment",
        presentation="iframe",
        line_items=[{"ad_hoc_amount": 999, "ad_hoc_currency": "USD", "quantity": 1}],
        client_reference_id=reference,
    )


def states(merchant):
    return [delivery.state for sent in merchant.events() for delivery in sent.deliveries]


class Shop:
    """A shop under test: marks orders as paid, each event once if it is a careful one."""

    def __init__(self, webhook_secret, *, careful=True):
        self.careful = careful
        self.secret = webhook_secret
        self.seen = set()
        self.paid = []
        self.lock = threading.Lock()

    def receive(self, body, headers):
        headers = {name.lower(): value for name, value in headers.items()}
        try:
            event = faststar.Webhook.verify(body, headers["x-webhook-signature"], self.secret)
        except faststar.SignatureVerificationError:
            return 400
        with self.lock:
            if event.fulfils and not (self.careful and event.id in self.seen):
                self.seen.add(event.id)
                self.paid.append(event.payment.client_reference_id)
        return 200

    def count(self):
        return len(self.paid)


@pytest.fixture
def live_shop(merchant):
    """The shop as a server that knows nothing of the sandbox but the secret."""
    shop = Shop(merchant.webhook_secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(shop.receive(body, dict(self.headers)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield shop
    server.shutdown()
    server.server_close()
    thread.join()


class TestBinary:
    def test_the_environment_names_it(self, monkeypatch, tmp_path):
        program = self.program(tmp_path / "mine")
        monkeypatch.setenv("FASTSTAR_SANDBOX", program)
        assert sandbox_binary() == program

    def test_a_wrong_name_in_the_environment_is_said(self, monkeypatch, tmp_path):
        monkeypatch.setenv("FASTSTAR_SANDBOX", str(tmp_path))
        with pytest.raises(faststar.ConfigurationError, match="FASTSTAR_SANDBOX names no program"):
            sandbox_binary()

    @pytest.mark.parametrize("scheme", ["venv", "user"])
    def test_an_installed_one_comes_before_the_path(self, monkeypatch, tmp_path, scheme):
        folders = {"venv": tmp_path / "venv", "user": tmp_path / "user"}
        monkeypatch.setattr(
            sysconfig, "get_path", lambda _, scheme=None: str(folders["user" if scheme else "venv"])
        )
        monkeypatch.delenv("FASTSTAR_SANDBOX")
        monkeypatch.setenv("PATH", str(tmp_path / "path"))
        on_path = self.program(tmp_path / "path" / "faststar")
        assert sandbox_binary() == on_path
        installed = self.program(folders[scheme] / "faststar")
        assert sandbox_binary() == installed

    def test_without_any_it_says_what_to_install(self, monkeypatch, tmp_path):
        monkeypatch.delenv("FASTSTAR_SANDBOX")
        monkeypatch.setattr(sysconfig, "get_path", lambda *_, **__: str(tmp_path))
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(faststar.ConfigurationError) as raised:
            Sandbox()
        assert 'pip install "faststar[sandbox]"' in str(raised.value)

    def test_the_extra_has_the_version_of_the_workspace(self):
        def version(file, before):
            return (ROOT / file).read_text().split(before, 1)[1].split('"', 1)[0]

        extra = version("bindings-python/pyproject.toml", "faststar-sandbox==")
        assert extra == version("Cargo.toml", '[workspace.package]\nversion = "')

    @staticmethod
    def program(path):
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return str(path)


class TestSandbox:
    def test_ends_when_it_is_closed_and_when_it_is_forgotten(self):
        with Sandbox(kind="mor") as sandbox:
            assert sandbox.merchant.kind == "mor"
            closed = sandbox._process
        assert closed.returncode == 0
        sandbox = Sandbox()
        forgotten = sandbox._process
        del sandbox
        gc.collect()
        assert forgotten.returncode == 0

    @pytest.mark.parametrize("end", ["pass", "os.kill(os.getpid(), signal.SIGKILL)"])
    def test_ends_with_the_program_that_started_it(self, end):
        program = (
            "import os, signal\n"
            "from faststar.testing import Sandbox\n"
            "sandbox = Sandbox()\n"
            "print(sandbox._process.pid, flush=True)\n"
            f"{end}\n"
        )
        run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        output, _ = run.communicate(timeout=60)
        assert run.returncode == (0 if end == "pass" else -signal.SIGKILL)
        wait_for_end(int(output))

    def test_a_fork_does_not_end_it(self, sandbox):
        child = os.fork()
        if child == 0:
            sandbox._finalizer()
            os._exit(0)
        os.waitpid(child, 0)
        with sandbox.add_merchant() as merchant:
            order(merchant)

    def test_keeps_what_it_knows_in_a_file(self, tmp_path):
        with Sandbox(database=tmp_path / "shop.db") as sandbox:
            created = order(sandbox.merchant)
            key = sandbox.merchant.api_key
        with Sandbox(database=tmp_path / "shop.db") as sandbox:
            client = faststar.FastStar(api_key=key, base_url=sandbox.merchant.base_url)
            assert client.checkout.sessions.retrieve(created.session.id).status == "open"

    def test_says_why_it_did_not_start(self, tmp_path):
        with pytest.raises(faststar.ConfigurationError, match=r"did not start: error: .*database"):
            Sandbox(database=tmp_path / "missing" / "shop.db")
        with pytest.raises(faststar.ConfigurationError, match="did not start: it said nothing"):
            Sandbox(binary="/bin/false")
        with pytest.raises(faststar.ConfigurationError, match="did not start: /nowhere: No such"):
            Sandbox(binary="/nowhere")

    def test_has_a_log(self, merchant, live_shop):
        with Sandbox() as sandbox:
            sandbox.merchant.deliver_to(live_shop.url)
            for _ in range(2):
                sandbox.merchant.complete(order(sandbox.merchant))
                told = sandbox.log()
            assert told.count("webhook not delivered") == 2 and "\0" not in told

    def test_prints_no_secret(self, sandbox, merchant):
        shown = f"{sandbox!r} {merchant!r} {merchant.webhooks!r} {vars(sandbox)!r}"
        assert merchant.id in shown and sandbox.url in shown
        for secret in (merchant.api_key, merchant.webhook_secret, sandbox.merchant.api_key):
            assert secret not in shown


def wait_for_end(pid):
    """Waits until a process that is not our child has ended."""
    try:
        ended = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    assert select.select([ended], [], [], 20)[0], f"{pid} still runs"
    os.close(ended)


class TestVerbs:
    def test_a_merchant_sees_nothing_of_another(self, sandbox, merchant):
        created = order(merchant)
        with sandbox.add_merchant(default_currency="EUR") as other:
            with pytest.raises(faststar.NotFoundError):
                other.client.checkout.sessions.retrieve(created.session.id)
            ad_hoc = other.client.checkout.sessions.create(
                mode="payment",
                presentation="link",
                line_items=[{"ad_hoc_amount": 100, "quantity": 1}],
            )
            assert ad_hoc.session.currency == "EUR"

    def test_the_buyer_pays(self, merchant):
        created = order(merchant)
        paid = merchant.complete(created)
        assert (paid.status, paid.payment_status) == ("complete", "paid")
        assert [sent.type for sent in merchant.events()] == ["payment.succeeded"]
        with pytest.raises(SandboxError, match="complete already") as raised:
            merchant.complete(paid)
        assert raised.value.status == 409
        assert merchant.complete(order(merchant), card="4242 4242 4242 4242").status == "complete"

    def test_the_buyer_does_not_pay(self, merchant):
        created = order(merchant)
        assert merchant.complete(created, card="declined").status == "open"
        assert merchant.complete(created.session, card="authentication").status == "open"
        failed = merchant.complete(created, card="authentication", authentication="failed")
        assert failed.status == "open"
        assert [sent.type for sent in merchant.events()] == ["payment.failed"] * 2
        approved = merchant.complete(
            created.session.id, card="authentication", authentication="approved"
        )
        assert approved.status == "complete"
        with pytest.raises(SandboxError, match="test cards") as raised:
            merchant.complete(order(merchant), card="4111")
        assert (raised.value.status, raised.value.param) == (400, "card")

    def test_time_passes(self, merchant):
        created = order(merchant)
        before = merchant.advance(seconds=1)
        after = merchant.advance(hours=23, minutes=58)
        assert timedelta(hours=23, minutes=58) <= after - before
        assert merchant.client.checkout.sessions.retrieve(created.session.id).status == "open"
        merchant.advance(minutes=1, seconds=60)
        assert merchant.client.checkout.sessions.retrieve(created.session.id).status == "expired"
        assert merchant.expire(order(merchant)).status == "expired"

    def test_asyncio_has_a_client_too(self, merchant):
        async def run():
            async with merchant.async_client() as client:
                return await client.catalog.products.create(name="Tea")

        product = asyncio.run(run())
        assert [one.id for one in merchant.client.catalog.products.list()] == [product.id]

    def test_lists_more_events_than_a_page_has_in_order(self, merchant):
        created = order(merchant)
        for _ in range(102):
            merchant.complete(created, card="declined")
        merchant.complete(created)
        types = [sent.type for sent in merchant.events()]
        assert types == ["payment.failed"] * 102 + ["payment.succeeded"]


class TestWebhooks:
    def test_the_receiver_waits_and_verifies(self, merchant):
        receiver = merchant.webhooks
        created = order(merchant)
        waiting = []
        thread = threading.Thread(
            target=lambda: waiting.append(receiver.wait_for("payment.succeeded"))
        )
        thread.start()
        merchant.complete(created)
        thread.join()
        assert waiting[0].payment.checkout_session_id == created.session.id
        assert receiver.events == waiting
        assert receiver.received[0].headers["x-webhook-id"] == waiting[0].id
        with pytest.raises(AssertionError, match=r"no payment.refunded within 0 s.*succeeded"):
            receiver.wait_for("payment.refunded", timeout=0)
        with pytest.raises(AssertionError):
            receiver.wait_for("payment.succeeded", timeout=0)

    def test_the_receiver_has_what_came_before_its_first_use(self, merchant, live_shop):
        merchant.deliver_to(live_shop.url)
        live_shop.careful = False
        created = order(merchant)
        merchant.complete(created, card="declined")
        merchant.complete(created)
        assert merchant.webhooks.wait_for("payment.succeeded", timeout=0).fulfils
        types = [event.type for event in merchant.webhooks.events]
        assert types == ["payment.failed", "payment.succeeded"]
        # Nobody else hears of it again.
        assert live_shop.count() == 1

    def test_a_live_server_gets_events_while_the_verb_runs(self, merchant, live_shop):
        merchant.deliver_to(live_shop.url)
        merchant.complete(order(merchant, "order_7"))
        assert live_shop.paid == ["order_7"]

    def test_nothing_is_sent_for_a_merchant_that_is_closed(self, sandbox, live_shop):
        with sandbox.add_merchant() as merchant:
            live_shop.secret = merchant.webhook_secret
            merchant.deliver_to(live_shop.url)
        merchant.complete(order(merchant))
        assert live_shop.count() == 0 and states(merchant) == []
        merchant.close()

    def test_duplicates(self, merchant):
        receiver = merchant.webhooks
        merchant.deliver(duplicate=2)
        merchant.complete(order(merchant))
        assert len(receiver.events) == 3 and len({event.id for event in receiver.events}) == 1
        for _ in range(3):
            receiver.wait_for("payment.succeeded", timeout=0)

    def test_another_order(self, merchant):
        receiver = merchant.webhooks
        merchant.deliver(reorder=2)
        merchant.complete(order(merchant, "first"))
        assert receiver.events == []
        merchant.complete(order(merchant, "second"))
        came = [event.payment.client_reference_id for event in receiver.events]
        assert came == ["second", "first"]

    def test_a_wrong_signature_is_refused_and_the_right_one_comes_later(self, merchant, live_shop):
        merchant.deliver_to(live_shop.url)
        merchant.deliver(corrupt_signature=1)
        merchant.complete(order(merchant))
        assert live_shop.count() == 0
        (sent,) = merchant.events()
        assert [attempt.status for attempt in sent.deliveries[0].attempts] == [400]
        merchant.advance(seconds=5)
        assert live_shop.count() == 1 and states(merchant) == ["delivered"]

    def test_the_receiver_keeps_what_it_refused(self, merchant):
        receiver = merchant.webhooks
        merchant.deliver(corrupt_signature=1)
        merchant.complete(order(merchant))
        (refused,) = receiver.received
        assert refused.event is None and refused.error.code == "signature_mismatch"
        with pytest.raises(AssertionError, match="refused"):
            receiver.wait_for("payment.succeeded", timeout=0)

    @pytest.mark.parametrize("fault", ["drop", "drop_answer"])
    def test_what_was_lost_is_sent_by_the_next_deliver(self, merchant, live_shop, fault):
        merchant.deliver_to(live_shop.url)
        merchant.deliver(**{fault: 1})
        merchant.complete(order(merchant))
        assert live_shop.count() == (0 if fault == "drop" else 1)
        assert states(merchant) == ["pending"]
        (sent,) = merchant.deliver()
        assert live_shop.count() == 1
        assert sent.deliveries[0].state == "delivered"
        assert [attempt.error is None for attempt in sent.deliveries[0].attempts] == [False, True]

    def test_a_late_event(self, merchant, live_shop):
        merchant.deliver_to(live_shop.url)
        merchant.deliver(delay=timedelta(hours=1))
        merchant.complete(order(merchant))
        merchant.advance(minutes=59)
        assert live_shop.count() == 0
        merchant.advance(minutes=1)
        assert live_shop.count() == 1


class TestProcessedOnce:
    def test_a_careful_shop_passes(self, merchant, live_shop):
        merchant.deliver_to(live_shop.url)
        receiver = merchant.webhooks
        merchant.complete(order(merchant))
        merchant.expect_processed_once(live_shop.count, times=4, at_once=4)
        assert len(receiver.received) == 1

    def test_a_careless_shop_is_found(self, merchant, live_shop):
        live_shop.careful = False
        merchant.deliver_to(live_shop.url)
        merchant.complete(order(merchant))
        with pytest.raises(AssertionError, match="took effect 2 times"):
            merchant.expect_processed_once(live_shop.count)

    def test_a_race_is_found(self, merchant):
        both_looked = threading.Barrier(2)
        paid = []

        def receive(body, headers):
            known = bool(paid)
            both_looked.wait(timeout=20)
            if not known:
                paid.append(body)
            return 200

        merchant.complete(order(merchant))
        with pytest.raises(AssertionError, match="took effect 2 times"):
            merchant.expect_processed_once(lambda: len(paid), to=receive, at_once=2)

    def test_no_effect_is_found_with_what_was_answered(self, merchant):
        shop = Shop("whsec_wrong")
        merchant.complete(order(merchant))
        with pytest.raises(AssertionError, match="took no effect; the receiver answered 400, 400"):
            merchant.expect_processed_once(shop.count, to=shop.receive, times=2)

    def test_it_says_what_is_missing(self, merchant, live_shop):
        with pytest.raises(AssertionError, match="complete a session first"):
            merchant.expect_processed_once(live_shop.count)
        merchant.complete(order(merchant))
        merchant.webhooks.wait_for("payment.succeeded")
        with pytest.raises(AssertionError, match="deliver_to"):
            merchant.expect_processed_once(live_shop.count)

    def test_a_function_needs_no_server(self, merchant):
        shop = Shop(merchant.webhook_secret)
        created = order(merchant)
        merchant.complete(created, card="declined")
        merchant.complete(created)
        assert merchant.replay(to=shop.receive, corrupt_signature=True) == [400, 400]
        assert shop.count() == 0
        assert merchant.replay(to=shop.receive, type="payment.failed") == [200]
        assert shop.count() == 0
        merchant.expect_processed_once(shop.count, to=shop.receive)
        assert merchant.replay(to=shop.receive) == [200, 200]
        assert shop.count() == 1

    def test_a_django_view_needs_no_server(self, merchant):
        if not settings.configured:
            settings.configure(ALLOWED_HOSTS=["*"])
            django.setup()
        shop = Shop(merchant.webhook_secret)

        @csrf_exempt
        def view(request):
            return HttpResponse(status=shop.receive(request.body, request.headers))

        urls = types.ModuleType("urls")
        urls.urlpatterns = [path("webhooks/faststar/", view)]

        def receive(body, headers):
            return Client().post(
                "/webhooks/faststar/", body, content_type="application/json", headers=headers
            )

        merchant.complete(order(merchant))
        with override_settings(ROOT_URLCONF=urls):
            (answer,) = merchant.replay(to=receive, corrupt_signature=True)
            assert answer.status_code == 400
            merchant.expect_processed_once(shop.count, to=receive)
