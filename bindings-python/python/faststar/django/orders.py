"""The open session of an order."""

# pyright finds types of Django's that it does not know.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Optional, Union, cast

from asgiref.sync import sync_to_async
from django.db import IntegrityError, router, transaction
from django.utils.functional import Promise

from faststar import (
    AsyncFastStar,
    ConflictError,
    CreatedSession,
    FastStar,
    FastStarError,
    NotFoundError,
    Session,
)
from faststar._typing import Unpack
from faststar.types import CreateSessionParams

from .clients import get_async_client, get_client
from .models import OrderSession

# They say where the buyer returns to and nothing of what is sold.
_NOT_SOLD = ("success_url", "cancel_url")
_LONGEST = 255


@dataclass(frozen=True)
class OpenSession:
    """The session of an order, for its next click on "Pay".

    Attributes:
        status: ``"open"``: send the buyer to `url`. ``"complete"``: the order is paid already, and
            its webhook has come or is on its way, so show that and ask for no money.
        session: The session.
        url: The cashier's page; ``None`` where the session is complete. Anyone who has it can pay
            with it, so show it to the buyer alone.
    """

    status: Literal["open", "complete"]
    session: Session
    url: Optional[str] = field(repr=False)


def open_session(
    reference: object,
    *,
    client: Optional[FastStar] = None,
    **params: Unpack[CreateSessionParams],
) -> OpenSession:
    """Gives the one open session of an order, and makes it where there is none.

    Call it at each click on "Pay". The same order gets the same session, however often and from
    whichever host the buyer clicks. It gets another one where the session has expired or ``params``
    say something else than before; other return URLs alone change nothing. An order with a paid
    session, be it an older one, gets that one as ``complete``, so that nobody pays twice.

    The table ``faststar_order_sessions`` has a row for each attempt, written before the call and
    with the idempotency key, so that a crash or forty clicks at once end in one session.

    Args:
        reference: The order's number, up to 255 characters; it becomes ``client_reference_id``.
        client: Another client than `get_client`'s.
        **params: The fields of the session, see `faststar.types.CreateSessionParams`.

    Raises:
        RuntimeError: A transaction is open, as under ``ATOMIC_REQUESTS``: decorate the view with
            ``transaction.non_atomic_requests``.
        FastStarError: The session could not be looked at or made. Another call with the same order
            goes on where this one ended.
    """
    chosen = client or get_client()
    steps = _steps(reference, cast("dict[str, Any]", params))
    step = _next(steps)
    while not isinstance(step, OpenSession):
        sessions = chosen.checkout.sessions
        answer: Answer
        try:
            if isinstance(step, _Retrieve):
                answer = sessions.retrieve(step.id)
            else:
                answer = sessions.create(idempotency_key=step.idempotency_key, **step.params)
        except FastStarError as error:
            answer = error
        step = _next(steps, answer)
    return step


async def aopen_session(
    reference: object,
    *,
    client: Optional[AsyncFastStar] = None,
    **params: Unpack[CreateSessionParams],
) -> OpenSession:
    """Gives the one open session of an order, in ``async`` views; see `open_session`."""
    chosen = client or get_async_client()
    steps = _steps(reference, cast("dict[str, Any]", params))
    # The ORM is not for the event loop's thread.
    advance = sync_to_async(_next)
    step = await advance(steps)
    while not isinstance(step, OpenSession):
        sessions = chosen.checkout.sessions
        answer: Answer
        try:
            if isinstance(step, _Retrieve):
                answer = await sessions.retrieve(step.id)
            else:
                answer = await sessions.create(idempotency_key=step.idempotency_key, **step.params)
        except FastStarError as error:
            answer = error
        step = await advance(steps, answer)
    return step


@dataclass(frozen=True)
class _Retrieve:
    """A call that the steps need."""

    id: str


@dataclass(frozen=True)
class _Create:
    """A call that the steps need."""

    idempotency_key: str
    params: Any


Answer = Union[Session, CreatedSession, FastStarError]
Step = Union[_Retrieve, _Create, OpenSession]
Steps = Generator[Step, Any, None]


def _next(steps: Steps, answer: Optional[Answer] = None) -> Step:
    if isinstance(answer, FastStarError):
        return steps.throw(answer)
    return steps.send(answer)


def _steps(reference: object, params: dict[str, Any]) -> Steps:
    """Says which calls are needed, and ends with the session."""
    number = _number(reference, params)
    fields = {name: value for name, value in params.items() if value is not None}
    fields["client_reference_id"] = number
    text = json.dumps(fields, default=_plain)
    sold = {name: value for name, value in fields.items() if name not in _NOT_SOLD}
    fingerprint = hashlib.sha256(
        json.dumps(sold, sort_keys=True, default=_plain).encode()
    ).hexdigest()
    using = router.db_for_write(OrderSession)
    rows = OrderSession.objects.using(using).filter(reference=number).order_by("attempt")
    looked_at: dict[str, Optional[Session]] = {}
    while True:
        attempts = list(rows.all())
        for attempt in attempts:
            id = attempt.session_id
            if not id or attempt.ended or id in looked_at:
                continue
            session = looked_at[id] = yield from _look(id)
            if session is None:
                continue
            if session.status == "complete" or session.payment_status == "paid":
                yield OpenSession("complete", session, None)
            if session.status == "expired":
                attempt.ended = True
                attempt.save(using=using, update_fields=["ended"])
        latest = attempts[-1] if attempts else None
        if latest is None or latest.fingerprint != fingerprint:
            pass
        elif latest.session_id:
            session = looked_at.get(latest.session_id)
            if session is not None and session.status == "open" and latest.url:
                yield OpenSession("open", session, latest.url)
        elif latest.params:
            created = yield from _create(latest, using)
            if created is not None:
                yield OpenSession("open", created.session, created.url)
            continue
        _begin(number, latest.attempt + 1 if latest else 1, fingerprint, text, using)


def _number(reference: object, params: dict[str, Any]) -> str:
    number = str(reference)
    if not 0 < len(number) <= _LONGEST or reference is None:
        raise ValueError(f"reference must be the order's number, 1 to {_LONGEST} characters")
    if params.get("client_reference_id") not in (None, number):
        raise TypeError("reference becomes client_reference_id: leave client_reference_id out")
    return number


def _plain(value: object) -> object:
    """Gives what JSON has for a value that it does not know."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    if isinstance(value, Sequence):
        return list(cast("Sequence[object]", value))
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a session's params")


def _look(id: str) -> Generator[Step, Any, Optional[Session]]:
    """Retrieves a session; ``None`` where the merchant has none of that id."""
    try:
        session: Session = yield _Retrieve(id)
    except NotFoundError:
        # As in another merchant's database, or in a sandbox that has forgotten it.
        return None
    return session


def _create(attempt: OrderSession, using: str) -> Generator[Step, Any, Optional[CreatedSession]]:
    """Makes an attempt's session, or gets the one that was made under its key."""
    try:
        created: CreatedSession = yield _Create(attempt.idempotency_key, json.loads(attempt.params))
    except ConflictError as error:
        # Another click makes it at this moment. Where that has ended, look at what it made.
        attempt.refresh_from_db(using=using, fields=["session_id"])
        if error.code != "idempotency_in_flight" or not attempt.session_id:
            raise
        return None
    attempt.session_id = created.session.id
    attempt.url = created.url
    with _transaction(using):
        attempt.save(using=using, update_fields=["session_id", "url"])
    return created


def _begin(number: str, attempt: int, fingerprint: str, params: str, using: str) -> None:
    """Writes the intent, unless another click has written its own."""
    new = OrderSession(
        reference=number,
        attempt=attempt,
        idempotency_key=f"order-session-{uuid.uuid4()}",
        fingerprint=fingerprint,
        params=params,
    )
    try:
        with _transaction(using):
            new.save(using=using, force_insert=True)
    except IntegrityError:
        others = OrderSession.objects.using(using).filter(reference=number, attempt=attempt)
        if not others.exists():
            raise


@contextmanager
def _transaction(using: str) -> Generator[None]:
    """Commits the body, so that other clicks see it while the call runs."""
    with ExitStack() as stack:
        try:
            stack.enter_context(transaction.atomic(using=using, durable=True))
        except RuntimeError as error:
            raise RuntimeError(
                "open_session needs to commit before it calls FastStar, and a transaction is open: "
                "call it outside of atomic(), and where ATOMIC_REQUESTS is on, decorate the view "
                "with transaction.non_atomic_requests"
            ) from error
        yield
