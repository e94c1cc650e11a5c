"""The whole way, over sockets: two server processes, PostgreSQL, a sandbox that sends webhooks."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

import psycopg
import pytest
from conftest import SHOP, Sandbox
from faststar import Webhook
from postgres import Postgres


class Server:
    """A gunicorn of its own, with the shop in it."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--threads", "4"]
        self.process = subprocess.Popen(
            [*command, "project.wsgi"],
            cwd=folder,
            # gunicorn keeps a socket in the home directory.
            env={**environment, "PYTHONPATH": str(SHOP), "HOME": str(folder)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.log: list[str] = []
        self.url = ""
        for line in self.process.stderr:
            self.log.append(line)
            found = re.search(r"Listening at: (http://\S+)", line)
            if found:
                self.url = found[1]
                break
        assert self.url, "".join(self.log)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(self.process.stderr)

    @property
    def webhook(self) -> str:
        return f"{self.url}/webhooks/faststar/"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class Shop:
    """The shop as a whole."""

    def __init__(self, sandbox: Sandbox, postgres: Postgres, folders: list[Path]) -> None:
        self.sandbox = sandbox
        database = {"host": postgres.socket, "user": "postgres"}
        with psycopg.connect(**database, dbname="postgres", autocommit=True) as connection:
            connection.execute("create database shop")
        self.database = psycopg.connect(**database, dbname="shop", autocommit=True)
        environment = {
            **os.environ,
            **sandbox.environment,
            "SHOP_DATABASE": "postgresql",
            "PGHOST": postgres.socket,
            "PGUSER": "postgres",
        }
        for command in ("migrate", "seed_catalog"):
            subprocess.run(
                [sys.executable, "manage.py", command],
                cwd=SHOP,
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
            )
        self.servers = [Server(environment, folder) for folder in folders]

    def one(self, query: str, *values: object) -> Any:
        row = self.database.execute(query, values).fetchone()
        assert row is not None
        return row[0] if len(row) == 1 else row

    def stock(self) -> int:
        stock: int = self.one("select stock from shop_product where name = 'First Flush'")
        return stock

    def stop(self) -> None:
        self.database.close()
        for server in self.servers:
            server.stop()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    running = Postgres()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def shop(
    sandbox: Sandbox, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
    running = Shop(sandbox, postgres, folders)
    yield running
    running.stop()


class Buyer:
    """A browser without JavaScript."""

    def __init__(self, url: str) -> None:
        self._url = url
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(self, path: str) -> str:
        with self._opener.open(self._url + path, timeout=30) as answer:
            self.at = urllib.parse.urlsplit(answer.geturl()).path
            page: str = answer.read().decode()
            return page

    def send(self, page: str, path: str, **fields: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
        with self._opener.open(self._url + path, data, timeout=30) as answer:
            self.at = urllib.parse.urlsplit(answer.geturl()).path
            answered: str = answer.read().decode()
            return answered

    def order(self) -> str:
        """Puts two tins into the cart, checks out, and gives the order's page."""
        page = self.get("/")
        path = re.search(r'action="(/cart/add/\d+/)"', page)
        assert path is not None
        self.send(page, path[1])
        self.send(page, path[1])
        page = self.send(self.get("/cart/"), "/checkout/", country="US-CA", presentation="iframe")
        assert "Waiting for the payment" in page
        return self.at


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def events_of(shop: Shop, session_id: str) -> list[dict[str, Any]]:
    items = shop.sandbox.call("/sandbox/v1/events?limit=100")["items"]
    return [
        item for item in items if item["event"]["data"].get("checkout_session_id") == session_id
    ]


def attempts(shop: Shop, session_id: str) -> list[dict[str, Any]]:
    return [
        attempt
        for item in events_of(shop, session_id)
        for delivery in item["deliveries"]
        for attempt in delivery["attempts"]
    ]


def order(shop: Shop) -> tuple[str, str]:
    """Places an order and gives its page and its session."""
    page = Buyer(shop.servers[0].url).order()
    session_id = shop.one(
        "select session_id from faststar_order_sessions order by created_at desc limit 1"
    )
    return page, session_id


def test_an_order_is_paid_once_by_an_event_that_comes_five_times_to_two_processes(
    shop: Shop,
) -> None:
    page, session_id = order(shop)
    stock = shop.stock()
    endpoints = [
        shop.sandbox.call("/sandbox/v1/webhook_endpoints", {"url": server.webhook})
        for server in shop.servers
    ]
    assert len(endpoints) == 2

    url = shop.one("select url from faststar_order_sessions where session_id = %s", session_id)
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["token"][0]
    card = {"number": "4242 4242 4242 4242"}
    shop.sandbox.call(f"/cashier/v1/sessions/{session_id}/pay", {"token": token, "card": card})
    until(lambda: len(attempts(shop, session_id)) == 2)
    (event,) = events_of(shop, session_id)
    for again in range(2, 6):
        shop.sandbox.call(f"/sandbox/v1/events/{event['event']['id']}/resend", {})
        until(lambda: len(attempts(shop, session_id)) == 2 * again)  # noqa: B023

    assert [attempt["status"] for attempt in attempts(shop, session_id)] == [200] * 10
    for server in shop.servers:
        assert "Thank you." in Buyer(server.url).get(page)
    assert shop.stock() == stock - 2
    row = shop.one(
        "select state, attempts from faststar_webhookevent where id = %s", event["event"]["id"]
    )
    assert row == ("processed", 1)


def test_forty_deliveries_at_once_pay_an_order_once(shop: Shop) -> None:
    page, session_id = order(shop)
    stock = shop.stock()
    reference, total = shop.one(
        "select reference, total from shop_order join faststar_order_sessions on reference = "
        "shop_order.id::text where session_id = %s",
        session_id,
    )
    payment = {
        "checkout_session_id": session_id,
        "payment_id": "pi_once",
        "amount": total,
        "currency": "EUR",
        "status": "succeeded",
        "client_reference_id": reference,
    }
    event = {"id": "evt_at_once", "type": "payment.succeeded", "data": payment}
    body = json.dumps(event).encode()
    signature = Webhook.sign_for_test(body, shop.sandbox.environment["FASTSTAR_WEBHOOK_SECRET"])
    start = threading.Barrier(20)

    def send(number: int) -> int:
        headers = {"X-Webhook-Signature": signature, "Content-Type": "application/json"}
        url = shop.servers[number % 2].webhook
        start.wait()
        try:
            request = urllib.request.Request(url, body, headers)
            with urllib.request.urlopen(request, timeout=30) as sent:
                status: int = sent.status
                return status
        except urllib.error.HTTPError as answer:
            # On a slow machine a copy may have waited too long.
            assert (answer.code, answer.headers["Retry-After"]) == (503, "2")
            return answer.code

    with ThreadPoolExecutor(20) as pool:
        assert 200 in list(pool.map(send, range(40)))
    assert "Thank you." in Buyer(shop.servers[1].url).get(page)
    assert shop.stock() == stock - 2
    state, ran = shop.one(
        "select state, attempts from faststar_webhookevent where id = 'evt_at_once'"
    )
    assert (state, ran) == ("processed", 1)


def test_a_forged_webhook_pays_nothing(shop: Shop) -> None:
    page, _ = order(shop)
    body = json.dumps({"id": "evt_forged", "type": "payment.succeeded", "data": {}}).encode()
    headers = {
        "X-Webhook-Signature": Webhook.sign_for_test(body, "whsec_guessed"),
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(shop.servers[0].webhook, body, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert (refused.value.code, refused.value.read()) == (400, b"not verified\n")
    assert "Waiting for the payment" in Buyer(shop.servers[0].url).get(page)
