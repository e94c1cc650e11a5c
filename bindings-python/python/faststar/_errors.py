"""What can go wrong."""

# pyright: reportUnusedFunction=false
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import _typing as t
else:
    from ._lazy import t


class FastStarError(Exception):
    """Says what went wrong, where, and what to do.

    Attributes:
        code: A stable machine-readable code such as ``out_of_range``. FastStar documents no codes;
            these are ours, and a live answer may carry another.
        message: What is wrong and what to do, without the place. Never a secret.
        param: The place of the mistake, ``line_items[2].quantity``, or ``None``.
        status: The HTTP status of the answer, or ``None`` where none came.
        request_id: The answer's ``X-Request-Id``. Quote it to support.
        retryable: Whether the same call, with the same idempotency key, may succeed later.
        attempts: How many attempts the call made; 0 where nothing was sent.
        retry_after: How many seconds the server asked to wait (``Retry-After``), or ``None``.
        headers: The answer's headers, names in lower case; empty where no answer came.
        idempotency_key: The key that the call sent, yours or the client's own; ``None`` where the
            call changes nothing or was refused before it was sent.
        outcome_unknown: Whether the request may have taken effect although no answer says so. Make
            the same call with `idempotency_key` to learn the outcome.
        network_error: Why no answer came, where the network says so: ``refused``, ``dns``,
            ``unreachable``, ``reset``, ``closed``, ``tls``, ``certificate`` or ``timeout``.
    """

    code: str
    message: str
    param: t.Optional[str]
    status: t.Optional[int]
    request_id: t.Optional[str]
    retryable: bool
    attempts: int
    retry_after: t.Optional[float]
    headers: t.Mapping[str, str]
    idempotency_key: t.Optional[str]
    outcome_unknown: bool
    network_error: t.Optional[str]

    def __init__(
        self,
        message: str,
        fields: t.Optional[t.Mapping[str, t.Any]] = None,
        *,
        code: str = "internal",
        param: t.Optional[str] = None,
        status: t.Optional[int] = None,
        request_id: t.Optional[str] = None,
        retryable: bool = False,
        attempts: int = 0,
        retry_after: t.Optional[float] = None,
        headers: t.Optional[t.Mapping[str, str]] = None,
        idempotency_key: t.Optional[str] = None,
        outcome_unknown: bool = False,
        network_error: t.Optional[str] = None,
    ) -> None:
        self.message = message
        self.code = code
        self.param = param
        self.status = status
        self.request_id = request_id
        self.retryable = retryable
        self.attempts = attempts
        self.retry_after = retry_after
        self.headers = dict(headers or {})
        self.idempotency_key = idempotency_key
        self.outcome_unknown = outcome_unknown
        self.network_error = network_error
        # Whatever makes an exception anew from its `args` has the rest from there: Celery's JSON.
        if isinstance(fields, dict):
            self.__dict__.update(fields)
        rest = {name: value for name, value in self.__dict__.items() if _says_something(value)}
        super().__init__(rest.pop("message", message), rest)

    def __str__(self) -> str:
        text = f"{self.param}: {self.message}" if self.param else self.message
        if self.status is not None:
            request = f", request {self.request_id}" if self.request_id is not None else ""
            text = f"{text} (status {self.status}{request})"
        if self.outcome_unknown and self.idempotency_key is not None:
            text += f"; outcome unknown, ask again with the idempotency key {self.idempotency_key}"
        return text

    def __repr__(self) -> str:
        fields = [repr(self.message), f"code={self.code!r}"]
        for name in ("param", "status", "request_id", "network_error", "idempotency_key"):
            value = getattr(self, name)
            if value is not None:
                fields.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(fields)})"

    def __reduce__(self) -> tuple[object, ...]:
        # With its own attributes, so that it crosses processes: Celery, multiprocessing.
        return _restore, (type(self), self.args, self.__dict__.copy())


class ValidationError(FastStarError):
    """The input is wrong; without a `status` it was refused before any request was sent."""


class AuthenticationError(FastStarError):
    """The API key is missing or not known."""


class PermissionDeniedError(FastStarError):
    """The key is known and may not do this."""


class NotFoundError(FastStarError):
    """No such object, or another merchant's."""


class ConflictError(FastStarError):
    """The object's state or the idempotency key does not allow it."""


class PaymentError(FastStarError):
    """The card was declined, or the bank asks for authentication."""


class RateLimitError(FastStarError):
    """Too many requests, still after the retries."""


class APIConnectionError(FastStarError):
    """No answer came: refused, reset, unresolved, or TLS failed."""


class APITimeoutError(APIConnectionError):
    """The call's deadline passed. Repeat it with its `idempotency_key` to learn the outcome."""


class ServerError(FastStarError):
    """The server failed, still after the retries."""


class SignatureVerificationError(FastStarError):
    """A webhook that must not be trusted: answer it with a 4xx and do nothing else."""


class ConfigurationError(FastStarError):
    """The client was set up wrongly."""


class UnexpectedResponseError(FastStarError):
    """An answer that the API does not give."""


class InternalError(FastStarError):
    """A defect of this package."""


_CLASSES: dict[str, type[FastStarError]] = {
    "validation": ValidationError,
    "authentication": AuthenticationError,
    "permission": PermissionDeniedError,
    "not_found": NotFoundError,
    "conflict": ConflictError,
    "payment": PaymentError,
    "rate_limit": RateLimitError,
    "connection": APIConnectionError,
    "timeout": APITimeoutError,
    "server": ServerError,
    "signature": SignatureVerificationError,
    "configuration": ConfigurationError,
    "unexpected_response": UnexpectedResponseError,
    "internal": InternalError,
}


def _from_core(kind: str, message: str, **details: t.Any) -> FastStarError:
    return _CLASSES.get(kind, FastStarError)(message, **details)


def _says_something(value: object) -> bool:
    return not (value is None or value is False or value == {})


def _restore(
    cls: type[FastStarError], args: tuple[object, ...], attributes: dict[str, object]
) -> FastStarError:
    # Without `__init__`: a subclass of yours may take other arguments.
    error = cls.__new__(cls, *args)
    error.__dict__.update(attributes)
    return error
