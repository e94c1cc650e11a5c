"""Verifies webhooks."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

from . import _faststar
from ._faststar import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import _typing as t
    from . import types
else:
    from ._lazy import t, types


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
        body: types.Body,
        header: types.HeaderValue,
        secret: types.Secrets,
        *,
        event_id: types.HeaderValue = None,
        tolerance: t.Optional[float] = None,
        now: t.Optional[float] = None,
    ) -> Event:
        """Verifies a webhook and gives its event.

        Args:
            body: The raw body, the bytes as they came, before any JSON parser.
            header: The value of ``X-Webhook-Signature``: a str, bytes, or the list of them that
                some frameworks give.
            secret: The endpoint's secret, or several while one is replaced: any one may match.
            event_id: The value of ``X-Webhook-ID``, which must then name the signed event.
            tolerance: How many seconds the signature's time may be off, both ways; 300.
            now: The time in unix seconds, for tests; the system's clock otherwise.

        Raises:
            SignatureVerificationError: It must not be trusted; `code` says why. Answer 400.
            ConfigurationError: There is no secret, or an option cannot work. Answer 500, so that
                the webhook comes again.
            ValidationError: `body` or `header` is of a type that cannot be what came.
        """
        return _faststar.verify_webhook(
            body, header, secret, event_id=event_id, tolerance=tolerance, now=now
        )

    @staticmethod
    def sign_for_test(
        body: types.Body,
        secret: types.Secrets,
        *,
        timestamp: t.Optional[float] = None,
    ) -> str:
        """Signs a body as FastStar does and gives the value of ``X-Webhook-Signature``.

        Args:
            body: The body to sign.
            secret: The secret, or several: one ``v1`` for each.
            timestamp: When it is signed, in unix seconds; now.

        Raises:
            ConfigurationError: There is no secret.
        """
        return _faststar.sign_webhook(body, secret, timestamp=timestamp)
