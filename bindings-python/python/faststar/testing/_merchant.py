"""A merchant of a sandbox, and the verbs of a test."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

import contextlib
import threading
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Literal, Optional, Union

from .._async_client import AsyncFastStar
from .._client import FastStar
from .._faststar import CreatedSession, Session
from .._typing import Mapping, Self
from ..types import KnownEventType, MerchantKind
from ._control import Control, SandboxError, request
from ._records import SentEvent, sent_event
from ._webhooks import WebhookReceiver

if TYPE_CHECKING:
    from . import _sandbox
else:
    from .._lazy import Module

    _sandbox = Module("faststar.testing._sandbox")

#: A session, what creating one gave, or its id.
AnySession = Union[Session, CreatedSession, str]
#: Takes a webhook's body and headers, and gives the receiver's answer.
Receiver = Callable[[bytes, Mapping[str, str]], object]


class Merchant:
    """A merchant of its own in a sandbox.

    What the verbs cause is there when they return: they wait until the webhooks that are due have
    been attempted. They block, so call them with ``asyncio.to_thread`` where the receiver runs in
    the event loop of the test.

    Attributes:
        id: The merchant's id.
        kind: ``"direct"`` or ``"mor"``.
        api_key: Its API key.
        webhook_secret: Signs its webhooks.
        base_url: What ``FASTSTAR_BASE_URL`` takes.
    """

    id: str
    kind: MerchantKind
    api_key: str
    webhook_secret: str
    base_url: str

    def __init__(self, sandbox: _sandbox.Sandbox, made: dict[str, Any]) -> None:
        self._sandbox = sandbox
        self.id = made["merchant_id"]
        self.kind = made["kind"]
        self.api_key = made["api_key"]
        self.webhook_secret = made["webhook_secret"]
        self.base_url = f"{sandbox.url}/api/v1"
        self._control = Control(sandbox.url, self.api_key)
        self._client: Optional[FastStar] = None
        self._webhooks: Optional[WebhookReceiver] = None
        self._endpoints: dict[str, str] = {}

    @property
    def env(self) -> dict[str, str]:
        """The environment of a program that sells as this merchant."""
        return {
            "FASTSTAR_API_KEY": self.api_key,
            "FASTSTAR_BASE_URL": self.base_url,
            "FASTSTAR_WEBHOOK_SECRET": self.webhook_secret,
        }

    @property
    def client(self) -> FastStar:
        """A client of this merchant."""
        if self._client is None:
            self._client = FastStar(
                api_key=self.api_key, base_url=self.base_url, merchant=self.kind
            )
        return self._client

    def async_client(self) -> AsyncFastStar:
        """Makes a client of this merchant for asyncio."""
        return AsyncFastStar(api_key=self.api_key, base_url=self.base_url, merchant=self.kind)

    # The buyer and the time.

    def complete(
        self,
        session: AnySession,
        *,
        card: str = "success",
        authentication: Optional[Literal["approved", "failed"]] = None,
    ) -> Session:
        """Plays the buyer, and gives the session as it is then.

        A declined card and a bank that asks for authentication are no errors: the session stays
        ``open``.

        Args:
            session: The session, or its id.
            card: ``"success"``, ``"declined"``, ``"authentication"``, or a test card's number.
            authentication: How the bank's check ended, where it asked for one.

        Raises:
            SandboxError: It is complete or expired already, or the card is no test card.
        """
        body: dict[str, object] = {"card": card}
        if authentication is not None:
            body["authentication"] = authentication
        try:
            self._control.post(f"/sessions/{_id_of(session)}/complete", body)
        except SandboxError as error:
            if error.status != _PAYMENT_REQUIRED:
                raise
        self._settle()
        return self.client.checkout.sessions.retrieve(_id_of(session))

    def expire(self, session: AnySession) -> Session:
        """Expires a session, and gives it as it is then.

        Raises:
            SandboxError: It is complete or expired already.
        """
        self._control.post(f"/sessions/{_id_of(session)}/expire")
        return self.client.checkout.sessions.retrieve(_id_of(session))

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Moves this merchant's clock forward, and gives its time then.

        Sessions expire by it, and webhooks that failed become due again.
        """
        by = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        clock = self._control.post("/clock/advance", {"by": f"{by // timedelta(seconds=1)}s"})
        self._settle()
        return datetime.fromisoformat(clock["now"].replace("Z", "+00:00"))

    # Webhooks.

    def deliver_to(self, url: str) -> None:
        """Sends the events from now on to a running server, besides where they go already.

        Args:
            url: The webhook view of the shop under test. It verifies with `webhook_secret`.
        """
        made = self._control.post("/webhook_endpoints", {"url": url})
        self._endpoints[made["id"]] = url

    @property
    def webhooks(self) -> WebhookReceiver:
        """A receiver of this merchant's webhooks; it also has those from before its first use."""
        if self._webhooks is None:
            receiver = self._webhooks = WebhookReceiver(self.webhook_secret)
            self.deliver_to(receiver.url)
            for sent in self.events():
                if all(delivery.url != receiver.url for delivery in sent.deliveries):
                    self._post(receiver.url, sent)
        return self._webhooks

    def deliver(
        self,
        *,
        duplicate: int = 0,
        reorder: int = 0,
        corrupt_signature: int = 0,
        drop: int = 0,
        drop_answer: int = 0,
        delay: timedelta = timedelta(),
    ) -> list[SentEvent]:
        """Sends what waits, and lets webhooks go wrong from here on; gives the events.

        ``deliver(drop=1)`` before a payment loses its webhook, and ``deliver()`` after it sends
        what was lost. Each fault is used up once it has happened; the next call forgets the rest.

        Args:
            duplicate: How many accepted webhooks are followed by the same event once more.
            reorder: How many events are kept until the last of them is there, and then sent in
                reverse.
            corrupt_signature: How many webhooks have a signature that does not match.
            drop: How many webhooks never reach the receiver.
            drop_answer: How many reach the receiver, and count as failed since its answer is lost.
            delay: How long the next event waits, by the merchant's clock.
        """
        self._control.post(
            "/faults",
            {
                "duplicate": duplicate,
                "reorder": reorder,
                "corrupt_signature": corrupt_signature,
                "drop": drop,
                "drop_answer": drop_answer,
                "delay_ms": delay // timedelta(milliseconds=1),
            },
        )
        for sent in self._list("&state=pending"):
            self._control.post(f"/events/{sent.id}/resend")
        self._settle()
        return self.events()

    def events(self) -> list[SentEvent]:
        """Lists the merchant's events and what came of them, the oldest first."""
        return self._list()

    def replay(
        self,
        to: Receiver,
        *,
        type: Optional[KnownEventType] = None,
        corrupt_signature: bool = False,
    ) -> list[object]:
        """Hands the webhooks so far to a function, and gives its answers. No server is needed.

        With Django's test client::

            def receive(body, headers):
                return client.post(
                    "/webhooks/faststar/", body, content_type="application/json", headers=headers
                )

            faststar_merchant.replay(to=receive)

        Args:
            to: Takes the body, as bytes, and the headers.
            type: Only events of this type.
            corrupt_signature: Whether the signatures match nothing.
        """
        secret = "whsec_of_another" if corrupt_signature else self.webhook_secret
        wanted = [sent for sent in self.events() if type in (None, sent.type)]
        return [to(sent.body, sent.headers(secret)) for sent in wanted]

    def expect_processed_once(
        self,
        count: Callable[[], int],
        *,
        to: Optional[Receiver] = None,
        type: KnownEventType = "payment.succeeded",
        times: int = 3,
        at_once: int = 1,
    ) -> None:
        """Sends an event again and again, and expects that it took effect exactly once.

        It is the last event of the type, and goes to each `deliver_to` or to a function::

            faststar_merchant.expect_processed_once(
                lambda: Order.objects.filter(paid=True).count()
            )

        Args:
            count: Counts the effects in your shop.
            to: Takes the webhook instead of the servers; see `replay`.
            type: Which event.
            times: How often it is sent, one after the other.
            at_once: How often it is sent at the same time before that, which finds races in a
                shop that does not know the event yet: give `to`, or call `deliver_to` after
                `complete`. The receiver must be able to: SQLite in memory is not.

        Raises:
            AssertionError: It took effect never or more than once.
        """
        sent = next((sent for sent in reversed(self.events()) if sent.type == type), None)
        if sent is None:
            raise AssertionError(f"there is no {type} yet; complete a session first")
        posts = self._posts(sent, to)
        answers: list[object] = []
        # First, since a shop that knows the event already has no race to lose.
        if at_once > 1:
            answers += _run_at_once([post for post in posts for _ in range(at_once)])
            _expect_at_most_one(count(), sent, f"{at_once} deliveries at once")
        for n in range(1, times + 1):
            answers += [post() for post in posts]
            _expect_at_most_one(count(), sent, f"{n} deliveries")
        if count() == 0:
            answered = ", ".join(_status_of(answer) for answer in answers)
            raise AssertionError(
                f"{sent.type} {sent.id} took no effect; the receiver answered {answered}"
            )

    def _posts(self, sent: SentEvent, to: Optional[Receiver]) -> list[Callable[[], object]]:
        if to is not None:
            return [lambda: to(sent.body, sent.headers(self.webhook_secret))]
        own = self._webhooks.url if self._webhooks else None
        urls = [url for url in self._endpoints.values() if url != own]
        if not urls:
            raise AssertionError("nothing receives: call deliver_to(url) first, or give to=")
        return [partial(self._post, url, sent) for url in urls]

    def _post(self, url: str, sent: SentEvent) -> int:
        return request("POST", url, sent.headers(self.webhook_secret), sent.body)[0]

    def _list(self, query: str = "") -> list[SentEvent]:
        listed: list[Any] = []
        cursor = ""
        while True:
            page = self._control.get(f"/events?limit=100{query}{cursor}")
            listed += page["items"]
            if page["next_cursor"] is None:
                return [sent_event(one, self.webhook_secret) for one in reversed(listed)]
            cursor = f"&cursor={page['next_cursor']}"

    def _settle(self) -> None:
        self._control.post("/deliver?limit=1")

    def close(self) -> None:
        """Ends the client and the receiver, and sends nothing more."""
        # Where the sandbox has ended already, nothing is sent anyway.
        with contextlib.suppress(OSError):
            for endpoint in list(self._endpoints):
                self._control.delete(f"/webhook_endpoints/{endpoint}")
                del self._endpoints[endpoint]
        if self._webhooks is not None:
            self._webhooks.close()
            self._webhooks = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Merchant(id={self.id!r}, kind={self.kind!r}, api_key='[redacted]')"


# The card was declined, or the bank asks.
_PAYMENT_REQUIRED = 402


def _id_of(session: AnySession) -> str:
    if isinstance(session, str):
        return session
    return session.session.id if isinstance(session, CreatedSession) else session.id


def _expect_at_most_one(effects: int, sent: SentEvent, after: str) -> None:
    if effects > 1:
        raise AssertionError(
            f"{sent.type} {sent.id} took effect {effects} times after {after}; keep the event's id "
            "in the transaction of the effect, under a unique constraint"
        )


def _run_at_once(posts: list[Callable[[], object]]) -> list[object]:
    start = threading.Barrier(len(posts))
    answers: list[object] = []

    def run(post: Callable[[], object]) -> None:
        start.wait()
        try:
            answers.append(post())
        except Exception as error:
            answers.append(error)

    threads = [threading.Thread(target=run, args=(post,)) for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _status_of(answer: object) -> str:
    """Tells an answer's status: an int, or what Django, Flask, Starlette and requests give."""
    return str(getattr(answer, "status_code", answer))
