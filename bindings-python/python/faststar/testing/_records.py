"""What a sandbox tells of its events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Optional

from .._faststar import Event
from .._webhook import Webhook


@dataclass(frozen=True)
class Attempt:
    """One request to a receiver.

    Attributes:
        status: The HTTP status of the answer, or ``None`` where none came.
        error: Why it did not count, or ``None`` where it did.
    """

    status: Optional[int]
    error: Optional[str]


@dataclass(frozen=True)
class Delivery:
    """An event's way to one receiver.

    Attributes:
        url: The receiver.
        state: ``"pending"``, ``"delivered"``, or ``"parked"`` where the sandbox has given up.
        attempts: The attempts, the oldest first.
    """

    url: str
    state: str
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class SentEvent:
    """An event of the sandbox.

    Attributes:
        event: The event, as a receiver gets it.
        body: Its body.
        deliveries: What came of it, one for each receiver.
    """

    event: Event
    body: bytes
    deliveries: tuple[Delivery, ...]

    @property
    def id(self) -> str:
        """The event's id, ``evt_…``."""
        return self.event.id

    @property
    def type(self) -> str:
        """What happened: ``"payment.succeeded"``."""
        return self.event.type

    def headers(self, secret: str) -> dict[str, str]:
        """Gives the headers of a webhook that is signed now."""
        return {
            "Content-Type": "application/json",
            "X-Webhook-Signature": Webhook.sign_for_test(self.body, secret),
            "X-Webhook-ID": self.event.id,
            "X-Webhook-Timestamp": str(self.event.created),
        }


def sent_event(listed: Any, secret: str) -> SentEvent:
    """Reads an event of the sandbox's list."""
    text = json.dumps(listed["event"], ensure_ascii=False, separators=(",", ":"))
    body = text.encode()
    event = Webhook.verify(body, Webhook.sign_for_test(body, secret), secret)
    return SentEvent(event, body, tuple(_delivery(one) for one in listed["deliveries"]))


def _delivery(listed: Any) -> Delivery:
    attempts = tuple(Attempt(one.get("status"), one.get("error")) for one in listed["attempts"])
    return Delivery(listed["url"], listed["state"], attempts)
