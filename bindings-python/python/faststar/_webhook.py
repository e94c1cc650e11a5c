"""Verifies webhooks."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

from . import _faststar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._faststar import Event


class Webhook:
    """Verifies what FastStar sends, and signs as it does, for tests.

    ::

        event = Webhook.verify(request.body, request.headers["X-Webhook-Signature"], secret)
        if event.fulfils:
            ...  # remember event.id, compare the amount with the order's, and fulfil
    """

    #: The header with the signature, ``t=<unix seconds>,v1=<hex>``.
    SIGNATURE_HEADER = "X-Webhook-Signature"
    #: The header with the event's id. It is not signed.
    ID_HEADER = "X-Webhook-ID"

    @staticmethod
    def verify(
        body: bytes | bytearray | memoryview | str,
        header: str | None,
        secret: str | Iterable[str],
        *,
        event_id: str | None = None,
        tolerance: int | None = None,
        now: int | None = None,
    ) -> Event:
        """Verifies a webhook and gives its event.

        Args:
            body: The raw body, the bytes as they came, before any JSON parser.
            header: The value of ``X-Webhook-Signature``.
            secret: The endpoint's secret, or several while one is replaced: any one may match.
            event_id: The value of ``X-Webhook-ID``, which must then name the signed event.
            tolerance: How many seconds the signature's time may be off, both ways; 300.
            now: The time in unix seconds, for tests; the system's clock otherwise.

        Raises:
            SignatureVerificationError: It must not be trusted; `code` says why.
        """
        secrets = [secret] if isinstance(secret, str) else list(secret)
        return _faststar.verify_webhook(
            body, header, secrets, event_id=event_id, tolerance=tolerance, now=now
        )

    @staticmethod
    def sign_for_test(
        body: bytes | bytearray | memoryview | str,
        secret: str | Iterable[str],
        *,
        timestamp: int | None = None,
    ) -> str:
        """Signs a body as FastStar does and gives the value of ``X-Webhook-Signature``.

        Args:
            body: The body to sign.
            secret: The secret, or several: one ``v1`` for each.
            timestamp: When it is signed, in unix seconds; now.
        """
        secrets = [secret] if isinstance(secret, str) else list(secret)
        return _faststar.sign_webhook(body, secrets, timestamp=timestamp)
