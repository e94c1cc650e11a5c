"""Reports what the client does: to the logger ``faststar``, and to the hooks of a client."""

from __future__ import annotations

import os
import sys
from time import perf_counter

from ._errors import FastStarError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import _typing as t
    from . import types
else:
    from ._lazy import t, types


class RequestInfo:
    """A call that is about to be made.

    Attributes:
        operation: Its name, such as ``checkout.sessions.create``.
    """

    __slots__ = ("operation",)

    operation: str

    def __init__(self, operation: str) -> None:
        self.operation = operation

    def __repr__(self) -> str:
        return f"RequestInfo(operation={self.operation!r})"


class ResponseInfo:
    """A call that has ended, well or not.

    Attributes:
        request: The call.
        status: The HTTP status of the last answer, or ``None`` where none came.
        request_id: The answer's ``X-Request-Id``, or ``None``.
        duration: What it took in seconds, with its retries and waits.
        attempts: How many attempts it made, or ``None`` where it was interrupted.
        error: What it raised, or ``None``.
        idempotency_key: The key that a failed call sent, yours or the client's own, or ``None``.
        outcome_unknown: Whether a failed call may have taken effect, as it may where a cancelled
            task or a signal handler ended it. The same call with the key gives the outcome.
    """

    __slots__ = (
        "attempts",
        "duration",
        "error",
        "idempotency_key",
        "outcome_unknown",
        "request",
        "request_id",
        "status",
    )

    request: RequestInfo
    status: t.Optional[int]
    request_id: t.Optional[str]
    duration: float
    attempts: t.Optional[int]
    error: t.Optional[BaseException]
    idempotency_key: t.Optional[str]
    outcome_unknown: bool

    def __init__(
        self,
        request: RequestInfo,
        *,
        status: t.Optional[int],
        request_id: t.Optional[str],
        duration: float,
        attempts: t.Optional[int],
        error: t.Optional[BaseException],
        idempotency_key: t.Optional[str] = None,
        outcome_unknown: bool = False,
    ) -> None:
        self.request = request
        self.status = status
        self.request_id = request_id
        self.duration = duration
        self.attempts = attempts
        self.error = error
        self.idempotency_key = idempotency_key
        self.outcome_unknown = outcome_unknown

    def __repr__(self) -> str:
        return (
            f"ResponseInfo(operation={self.request.operation!r}, status={self.status!r}, "
            f"request_id={self.request_id!r}, duration={self.duration:.6f})"
        )


class Watchers:
    """The hooks of one client, and the logger ``faststar``."""

    __slots__ = ("_on_request", "_on_response")

    def __init__(self, hooks: t.Optional[types.EventHooks]) -> None:
        hooks = hooks or {}
        unknown = set(hooks) - {"request", "response"}
        if unknown:
            from ._errors import ConfigurationError

            raise ConfigurationError(
                "event_hooks has request and response, lists of functions",
                code="invalid_configuration",
                param=f"event_hooks.{sorted(unknown)[0]}",
            )
        self._on_request = tuple(hooks.get("request", ()))
        self._on_response = tuple(hooks.get("response", ()))

    def active(self) -> bool:
        """Tells whether anybody listens."""
        return bool(self._on_request or self._on_response) or _log_level_is_on()

    def begin(self, operation: str, options: dict[str, object]) -> Watch:
        """Tells of a call that begins, and gives one that changes something its key."""
        if operation.endswith(".create") and options["idempotency_key"] is None:
            # Made here: no error of ours tells the key of a call that is interrupted.
            options["idempotency_key"] = f"fs_{os.urandom(16).hex()}"
        request = RequestInfo(operation)
        for hook in self._on_request:
            _call(hook, request)
        return Watch(request, self._on_response, options["idempotency_key"])


class Watch:
    """A call that is watched."""

    __slots__ = ("_hooks", "_key", "_request", "_started")

    def __init__(
        self,
        request: RequestInfo,
        hooks: tuple[t.Callable[[ResponseInfo], object], ...],
        key: t.Any,
    ) -> None:
        self._key: t.Optional[str] = key
        self._request = request
        self._hooks = hooks
        self._started = perf_counter()

    def succeeded(self, result: t.Any) -> None:
        """Tells of the result."""
        self._end(result._status, result.request_id, result._attempts, None)

    def failed(self, error: BaseException) -> None:
        """Tells of what was raised."""
        if isinstance(error, FastStarError):
            self._end(error.status, error.request_id, error.attempts, error)
        else:
            self._end(None, None, None, error)

    def _end(
        self,
        status: t.Optional[int],
        request_id: t.Optional[str],
        attempts: t.Optional[int],
        error: t.Optional[BaseException],
    ) -> None:
        duration = perf_counter() - self._started
        key, unknown = None, False
        if isinstance(error, FastStarError):
            key, unknown = error.idempotency_key, error.outcome_unknown
        elif error is not None:
            # A cancelled task or a signal handler ended it, most likely after it was sent.
            key, unknown = self._key, self._key is not None
        if _log_level_is_on():
            outcome: object = status
            if error is not None:
                # `SystemExit` has a `code` too, of another kind.
                name = type(error).__name__
                outcome = error.code if isinstance(error, FastStarError) else name
            sys.modules["logging"].getLogger("faststar").info(
                "%s: %s in %.1f ms (request %s)%s",
                self._request.operation,
                outcome,
                duration * 1000,
                request_id,
                f"; outcome unknown, idempotency key {key}" if unknown else "",
                extra={
                    "idempotency_key": key,
                    "outcome_unknown": unknown,
                    "operation": self._request.operation,
                    "status": status,
                    "request_id": request_id,
                    "attempts": attempts,
                    "duration": duration,
                },
            )
        if self._hooks:
            info = ResponseInfo(
                self._request,
                status=status,
                request_id=request_id,
                duration=duration,
                attempts=attempts,
                error=error,
                idempotency_key=key,
                outcome_unknown=unknown,
            )
            for hook in self._hooks:
                _call(hook, info)


def _call(hook: t.Callable[[t.Any], object], info: t.Union[RequestInfo, ResponseInfo]) -> None:
    """Calls a hook. What it raises costs no result: it is logged, and the call goes on."""
    try:
        hook(info)
    except Exception:
        import logging

        logging.getLogger("faststar").exception("an event hook raised; the call goes on")


def _log_level_is_on() -> bool:
    # Nobody can have set a handler up without importing logging, which takes a while to import.
    logging = sys.modules.get("logging")
    return logging is not None and logging.getLogger("faststar").isEnabledFor(logging.INFO)
