"""A real receiver of webhooks, for tests that have no server of their own."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Optional

from .._errors import SignatureVerificationError
from .._faststar import Event
from .._webhook import Webhook
from ..types import KnownEventType


@dataclass(frozen=True)
class ReceivedWebhook:
    """A request that came to the receiver.

    Attributes:
        body: The raw body.
        headers: The headers, with the names in lower case.
        event: The event, or ``None`` where the signature does not hold.
        error: Why it was refused, or ``None``.
    """

    body: bytes
    headers: dict[str, str]
    event: Optional[Event]
    error: Optional[SignatureVerificationError]


class WebhookReceiver:
    """Listens on a free port of this machine, verifies what comes, and keeps it.

    It answers 200 to what is verified and 400 to what is not.

    Attributes:
        url: Where it listens.
    """

    url: str

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._received: list[ReceivedWebhook] = []
        self._taken: dict[str, int] = {}
        self._came = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._take))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/webhooks/faststar"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="faststar-webhooks", daemon=True
        )
        self._thread.start()

    @property
    def received(self) -> list[ReceivedWebhook]:
        """Everything that came, in that order."""
        with self._came:
            return list(self._received)

    @property
    def events(self) -> list[Event]:
        """The verified events in the order they came, each as often as it came."""
        return [one.event for one in self.received if one.event is not None]

    def wait_for(self, type: KnownEventType, *, timeout: float = 10) -> Event:
        """Waits for the next event of a type, and gives it.

        Each call gives another one: the second call waits for the second event.

        Args:
            type: The event's type: ``"payment.succeeded"``.
            timeout: How many seconds to wait.

        Raises:
            AssertionError: It did not come in time; the message says what came.
        """
        deadline = time.monotonic() + timeout
        with self._came:
            place = self._taken.get(type, 0)
            while True:
                came = [one.event for one in self._received if one.event is not None]
                found = [event for event in came if event.type == type]
                if len(found) > place:
                    self._taken[type] = place + 1
                    return found[place]
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no {type} within {timeout:g} s; {self._summary()}")
                self._came.wait(left)

    def _summary(self) -> str:
        if not self._received:
            return "nothing came"
        told = [one.event.type if one.event else f"refused: {one.error}" for one in self._received]
        return f"what came: {', '.join(told)}"

    def _take(self, headers: dict[str, str], body: bytes) -> bool:
        event, error = None, None
        try:
            event = Webhook.verify(
                body,
                headers.get("x-webhook-signature"),
                self._secret,
                event_id=headers.get("x-webhook-id"),
            )
        except SignatureVerificationError as wrong:
            error = wrong
        with self._came:
            self._received.append(ReceivedWebhook(body, headers, event, error))
            self._came.notify_all()
        return error is None

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __repr__(self) -> str:
        return f"WebhookReceiver({self.url!r}, received={len(self.received)})"


def _handler(take: Callable[[dict[str, str], bytes], bool]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(200 if take(headers, body) else 400)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: a test's output is its own."""

    return Handler
