"""The client for ordinary code. asyncio has `AsyncFastStar`."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

from . import _faststar
from ._errors import ConfigurationError
from ._hooks import Watchers
from ._payment_check import check_payment, session_to_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any, Generic, Literal, TypeVar

    from typing_extensions import Self, Unpack

    from ._faststar import CreatedSession, Event, Price, Product, Session
    from ._hooks import EventHooks
    from ._payment_check import PaymentCheck
    from .types import CreatePriceParams, CreateProductParams, CreateSessionParams

    T_co = TypeVar("T_co", covariant=True)
else:
    from ._generic import Generic

    T_co = None


def call_options(
    timeout: float | None, max_retries: int | None, idempotency_key: str | None = None
) -> dict[str, object]:
    """Gathers what one call has otherwise than its client."""
    return {
        "timeout": timeout,
        "max_retries": max_retries,
        "idempotency_key": idempotency_key,
    }


def _user_agent() -> str:
    import sys

    major, minor = sys.version_info[:2]
    name = sys.implementation.name
    return f"faststar-python/{_faststar.__version__} {name}/{major}.{minor}"


class BaseClient:
    """What both clients are set up with."""

    _native: _faststar.Client | None
    _watchers: Watchers

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        merchant: Literal["direct", "mor"] | None = None,
        event_hooks: EventHooks | None = None,
    ) -> None:
        self._watchers = Watchers(event_hooks)
        self._native = _faststar.Client(
            api_key, base_url, timeout, max_retries, merchant, _user_agent()
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_key='[redacted]')"

    def _open(self) -> _faststar.Client:
        if self._native is None:
            raise ConfigurationError(
                "the client is closed; make a new one", code="invalid_configuration"
            )
        return self._native


class FastStar(BaseClient):
    """Calls the API on behalf of one merchant.

    Make one per process and use it from any thread; it keeps its connections open. After a fork
    (gunicorn, multiprocessing, Celery) the child makes connections of its own. Use it as a context
    manager, or call `close`, to give the connections back early.

    Args:
        api_key: The key; the environment variable ``FASTSTAR_API_KEY`` where it is not given.
        base_url: Where the API is; ``FASTSTAR_BASE_URL``, or FastStar's own. It must be https, but
            for this machine itself: a sandbox.
        timeout: How many seconds a call may take, all its attempts and waits together; 30.
        max_retries: How often a failed attempt is repeated where that may help; 2.
        merchant: What the merchant is, so that a request which such a merchant must not send is
            refused before it is sent: ``"direct"`` or ``"mor"`` (Merchant of Record).
        event_hooks: ``{"request": [f], "response": [g]}``: ``f`` gets a `RequestInfo` before a
            call, ``g`` a `ResponseInfo` after it, in the caller's thread and context.

    Raises:
        ConfigurationError: There is no key, or something given cannot work.
    """

    @property
    def checkout(self) -> Checkout:
        """The calls about checkout sessions."""
        return Checkout(self)

    @property
    def catalog(self) -> Catalog:
        """The calls about products and prices."""
        return Catalog(self)

    def close(self) -> None:
        """Closes the connections. A closed client raises `ConfigurationError`."""
        self._native = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, operation: str, argument: object, options: dict[str, object]) -> Any:
        native = self._open()
        if not self._watchers.active():
            return native.send(operation, argument, options)
        watch = self._watchers.begin(operation)
        try:
            result = native.send(operation, argument, options)
        except BaseException as error:
            watch.failed(error)
            raise
        watch.succeeded(result)
        return result


class Resource:
    """A group of calls."""

    __slots__ = ("_client",)

    _client: FastStar

    def __init__(self, client: FastStar) -> None:
        self._client = client


class Checkout(Resource):
    """The calls about checkout sessions."""

    __slots__ = ()

    @property
    def sessions(self) -> Sessions:
        """Creates and retrieves sessions."""
        return Sessions(self._client)


class Sessions(Resource):
    """Creates and retrieves checkout sessions."""

    __slots__ = ()

    def create(
        self,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        **params: Unpack[CreateSessionParams],
    ) -> CreatedSession:
        """Creates a session.

        What cannot be meant is refused before anything is sent, with the code and the path that the
        server would answer.

        Args:
            idempotency_key: Your own key, 1 to 255 visible ASCII characters, instead of a random
                one. An order number keeps an order from being created twice even where the program
                was restarted in between.
            timeout: As for the client, for this call.
            max_retries: As for the client, for this call.
            **params: The fields of the request, see `faststar.types.CreateSessionParams`.

        Raises:
            ValidationError: The request is wrong; `param` names the place.
            FastStarError: Any other of the package's errors.
        """
        options = call_options(timeout, max_retries, idempotency_key)
        created: CreatedSession = self._client._send("checkout.sessions.create", params, options)
        return created

    def retrieve(
        self, id: str, *, timeout: float | None = None, max_retries: int | None = None
    ) -> Session:
        """Retrieves a session by its id, ``cs_…``.

        Show the buyer what it says; fulfil on the webhook alone.

        Raises:
            NotFoundError: No session of this merchant has the id.
            FastStarError: Any other of the package's errors.
        """
        options = call_options(timeout, max_retries)
        session: Session = self._client._send("checkout.sessions.retrieve", id, options)
        return session

    def check_payment(
        self,
        event: Event,
        *,
        amount: int | None,
        currency: str | None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> PaymentCheck:
        """Judges whether a ``payment.succeeded`` settles an order, and reads its session anew where
        another amount was paid; see `faststar.check_payment`.

        Args:
            event: A ``payment.succeeded``.
            amount: The order's subtotal, before tax that comes on top, in the smallest unit: 999 is
                9.99 USD. ``None``, with the currency, where there is no such order.
            currency: The order's currency, ISO 4217.
            timeout: As for the client, for the call that reads the session.
            max_retries: As for the client, for that call.

        Returns:
            The verdict. It is ``session_needed`` only where the payment names no session.

        Raises:
            ValidationError: The event is not a ``payment.succeeded``, or the amount is no int.
            FastStarError: The session could not be retrieved.
        """
        check = check_payment(event, amount=amount, currency=currency)
        id = session_to_read(check)
        if id is None:
            return check
        session = self.retrieve(id, timeout=timeout, max_retries=max_retries)
        return check_payment(event, amount=amount, currency=currency, session=session)


class Catalog(Resource):
    """The calls about products and prices."""

    __slots__ = ()

    @property
    def products(self) -> Products:
        """Creates and lists products."""
        return Products(self._client)

    @property
    def prices(self) -> Prices:
        """Creates and lists prices."""
        return Prices(self._client)


class Products(Resource):
    """Creates and lists products."""

    __slots__ = ()

    def create(
        self,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        **params: Unpack[CreateProductParams],
    ) -> Product:
        """Creates a product; see `faststar.types.CreateProductParams` and `Sessions.create`."""
        options = call_options(timeout, max_retries, idempotency_key)
        product: Product = self._client._send("catalog.products.create", params, options)
        return product

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Page[Product]:
        """Lists the products, a page at a time; iterate over the page to go through all of them.

        Args:
            limit: How many items a page has at most; the sandbox takes 1 to 100 and gives 20.
            cursor: Starts after the page whose `Page.next_cursor` it is.
            timeout: As for the client, for each page.
            max_retries: As for the client, for each page.
        """
        options = call_options(timeout, max_retries)
        return Page(self._client, "catalog.products.list", limit, cursor, options)


class Prices(Resource):
    """Creates and lists prices."""

    __slots__ = ()

    def create(
        self,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        **params: Unpack[CreatePriceParams],
    ) -> Price:
        """Creates a price of a product; see `faststar.types.CreatePriceParams`."""
        options = call_options(timeout, max_retries, idempotency_key)
        price: Price = self._client._send("catalog.prices.create", params, options)
        return price

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> Page[Price]:
        """Lists the prices; see `Products.list`."""
        options = call_options(timeout, max_retries)
        return Page(self._client, "catalog.prices.list", limit, cursor, options)


class Page(Generic[T_co]):
    """One page of a list, and the way to the next.

    ::

        for product in client.catalog.products.list():
            ...  # all of them; each page is fetched when the one before has been read

    Attributes:
        items: The items of this page, in the server's order.
        next_cursor: What ``list(cursor=…)`` takes for the next page; ``None`` on the last one.
        request_id: The answer's ``X-Request-Id``.
    """

    __slots__ = (
        "_client",
        "_limit",
        "_name",
        "_options",
        "_start",
        "items",
        "next_cursor",
        "request_id",
    )

    items: tuple[T_co, ...]
    next_cursor: str | None
    request_id: str | None

    def __init__(
        self,
        client: FastStar,
        name: str,
        limit: int | None,
        cursor: str | None,
        options: dict[str, object],
    ) -> None:
        page: Any = client._send(name, {"limit": limit, "cursor": cursor}, options)
        self._client = client
        self._name = name
        self._limit = limit
        self._start = cursor
        self._options = options
        self.items = page.items
        self.next_cursor = page.next_cursor
        self.request_id = page.request_id

    def next_page(self) -> Page[T_co] | None:
        """Fetches the page after this one; ``None`` after the last."""
        if self.next_cursor is None:
            return None
        return Page(self._client, self._name, self._limit, self.next_cursor, self._options)

    def __iter__(self) -> Iterator[T_co]:
        """Goes through all items from this page on, and fetches each page when it is needed."""
        cursors = _faststar.Cursors(self._start)
        page: Page[T_co] | None = self
        while page is not None:
            # Before the items, so that a list which runs in a circle gives none of them twice.
            cursors.follow(page.next_cursor)
            yield from page.items
            page = page.next_page()

    def __repr__(self) -> str:
        return f"Page(items={len(self.items)}, next_cursor={self.next_cursor!r})"
