"""What the tests of this package share: a sandbox, and a server that answers as a test says."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


class RunningSandbox:
    """A sandbox process, and the calls that only a sandbox has."""

    def __init__(self, *arguments: str) -> None:
        binary = os.environ.get("FASTSTAR_SANDBOX", str(TARGET / "debug" / "faststar"))
        self.process = subprocess.Popen(
            [binary, "sandbox", "--port", "0", "--json", *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.info = json.loads(self.process.stdout.readline())
        self.url = self.info["url"]

    def merchant(self, kind="direct"):
        """Makes a merchant of its own."""
        return self.post(self.info["api_key"], "/sandbox/v1/merchants", {"kind": kind})

    def post(self, api_key, path, body):
        """Posts to a path and gives the answer's data."""
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-API-Key": api_key},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]

    def stop(self):
        self.process.terminate()
        self.process.wait()


@pytest.fixture(scope="session")
def sandbox():
    running = RunningSandbox()
    yield running
    running.stop()


@pytest.fixture
def merchant(sandbox):
    return sandbox.merchant()


class Server:
    """Answers each request with what `answer` gives, and remembers the requests."""

    def __init__(self, answer):
        self.requests = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                outer.requests.append((self.command, self.path, dict(self.headers), body))
                answered = answer(len(outer.requests), self.path, body)
                if answered is None:
                    self.close_connection = True
                    return
                status, headers, payload = answered
                data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = serve

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def serve():
    """Starts servers: ``serve(lambda n, path, body: (200, {}, {...}))``; None hangs up."""
    servers = []

    def start(answer):
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


SESSION = {
    "id": "cs_1",
    "status": "open",
    "amount_subtotal": 999,
    "amount_tax": 80,
    "amount_total": 1079,
    "currency": "USD",
    "session_token": "CANARY-token",
    "expires_at": "2026-06-13T12:00:00Z",
    "tomorrow": {"new": [1]},
}


def ok(data, **headers):
    """A success as the API answers it."""
    return 200, {"X-Request-Id": "req_1", **headers}, {"success": True, "data": data}


def failed(status, code=None, **headers):
    """A failure as the sandbox answers it."""
    error = None if code is None else {"code": code, "param": None}
    body = {"success": False, "message": "no", "data": None, "error": error}
    return status, {"X-Request-Id": "req_9", **headers}, body
