"""The client for ordinary code. asyncio has `AsyncFastStar`."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

import os

from . import _faststar
from ._errors import ConfigurationError
from ._faststar import CreatedSession, Event, Price, Product, Session
from ._hooks import Watchers
from ._payment_check import PaymentCheck, check_payment, session_to_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from functools import cached_property
    from typing import Generic, TypeVar

    from . import _typing as t
    from . import types

    T_co = TypeVar("T_co", covariant=True)
else:
    from ._generic import Generic, cached_property
    from ._lazy import t, types

    T_co = None


def call_options(
    timeout: t.Optional[float],
    max_retries: t.Optional[int],
    idempotency_key: t.Optional[str] = None,
) -> dict[str, object]:
    """Gathers the overrides of one call."""
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


class Caller:
    """Makes the calls of one client; its groups of calls share it."""

    __slots__ = ("_base_url", "_native", "_watchers")

    def __init__(
        self, native: _faststar.Client, base_url: t.Optional[str], watchers: Watchers
    ) -> None:
        self._native: t.Optional[_faststar.Client] = native
        # A test looks at it, so that nothing of it leaves this machine.
        self._base_url = base_url or os.environ.get("FASTSTAR_BASE_URL") or None
        self._watchers = watchers

    def close(self) -> None:
        """Lets go of the connections."""
        self._native = None

    def _open(self) -> _faststar.Client:
        if self._native is None:
            raise ConfigurationError(
                "the client is closed; make a new one", code="invalid_configuration"
            )
        return self._native

    def send(self, operation: str, argument: object, options: dict[str, object]) -> t.Any:
        """Carries an operation out and gives its result."""
        native = self._open()
        if not self._watchers.active():
            return native.send(operation, argument, options)
        watch = self._watchers.begin(operation, options)
        try:
            result = native.send(operation, argument, options)
        except BaseException as error:
            watch.failed(error)
            raise
        watch.succeeded(result)
        return result


class BaseClient:
    """What both clients are set up with."""

    def __init__(
        self,
        *,
        api_key: t.Optional[str] = None,
        base_url: t.Optional[str] = None,
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
        merchant: t.Optional[types.MerchantKind] = None,
        event_hooks: t.Optional[types.EventHooks] = None,
    ) -> None:
        watchers = Watchers(event_hooks)
        native = _faststar.Client(api_key, base_url, timeout, max_retries, merchant, _user_agent())
        self._caller = self._make_caller(native, base_url, watchers)

    @staticmethod
    def _make_caller(
        native: _faststar.Client, base_url: t.Optional[str], watchers: Watchers
    ) -> Caller:
        return Caller(native, base_url, watchers)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_key='[redacted]')"


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
        max_retries: How often a failed attempt is repeated where that may help; 2. The client holds
            a budget of twenty retries, so that an outage is not made worse: a second gives one
            back, and so do five calls that succeed. ``max_retries`` of one call wins over it.
        merchant: What the merchant is, so that a request which such a merchant must not send is
            refused before it is sent: ``"direct"`` or ``"mor"`` (Merchant of Record).
        event_hooks: ``{"request": [f], "response": [g]}``: ``f`` gets a `RequestInfo` before a
            call, ``g`` a `ResponseInfo` after it, in the caller's thread and context. An exception
            of a hook is logged and costs no result.

    Raises:
        ConfigurationError: There is no key, or something given cannot work.
    """

    @cached_property
    def checkout(self) -> Checkout:
        """The calls about checkout sessions."""
        return Checkout(self._caller)

    @cached_property
    def catalog(self) -> Catalog:
        """The calls about products and prices."""
        return Catalog(self._caller)

    def close(self) -> None:
        """Closes the connections. A closed client raises `ConfigurationError`."""
        self._caller.close()

    def __enter__(self) -> t.Self:
        return self

    def __exit__(
        self,
        exc_type: t.Optional[type[BaseException]],
        exc: t.Optional[BaseException],
        traceback: t.Optional[t.TracebackType],
    ) -> None:
        self.close()


class Resource:
    """A group of calls; a client has one object of it, so a test can replace a call of that."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller


class Checkout(Resource):
    """The calls about checkout sessions."""

    @cached_property
    def sessions(self) -> Sessions:
        """Creates and retrieves sessions."""
        return Sessions(self._caller)


class Sessions(Resource):
    """Creates and retrieves checkout sessions."""

    def create(
        self,
        *,
        idempotency_key: t.Optional[str] = None,
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
        **params: t.Unpack[types.CreateSessionParams],
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
        created: CreatedSession = self._caller.send("checkout.sessions.create", params, options)
        return created

    def retrieve(
        self, id: str, *, timeout: t.Optional[float] = None, max_retries: t.Optional[int] = None
    ) -> Session:
        """Retrieves a session by its id, ``cs_…``.

        Show the buyer what it says; fulfil on the webhook alone.

        Raises:
            NotFoundError: No session of this merchant has the id.
            FastStarError: Any other of the package's errors.
        """
        options = call_options(timeout, max_retries)
        session: Session = self._caller.send("checkout.sessions.retrieve", id, options)
        return session

    def check_payment(
        self,
        event: Event,
        *,
        amount: t.Optional[int],
        currency: t.Optional[str],
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
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

    @cached_property
    def products(self) -> Products:
        """Creates and lists products."""
        return Products(self._caller)

    @cached_property
    def prices(self) -> Prices:
        """Creates and lists prices."""
        return Prices(self._caller)


class Products(Resource):
    """Creates and lists products."""

    def create(
        self,
        *,
        idempotency_key: t.Optional[str] = None,
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
        **params: t.Unpack[types.CreateProductParams],
    ) -> Product:
        """Creates a product; see `faststar.types.CreateProductParams` and `Sessions.create`."""
        options = call_options(timeout, max_retries, idempotency_key)
        product: Product = self._caller.send("catalog.products.create", params, options)
        return product

    def list(
        self,
        *,
        limit: t.Optional[int] = None,
        cursor: t.Optional[str] = None,
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
    ) -> Page[Product]:
        """Lists the products, a page at a time; iterate over the page to go through all of them.

        Args:
            limit: How many items a page has at most; the sandbox takes 1 to 100 and gives 20.
            cursor: Starts after the page whose `Page.next_cursor` it is.
            timeout: As for the client, for each page.
            max_retries: As for the client, for each page.
        """
        options = call_options(timeout, max_retries)
        return fetch_page(self._caller, "catalog.products.list", limit, cursor, options)


class Prices(Resource):
    """Creates and lists prices."""

    def create(
        self,
        *,
        idempotency_key: t.Optional[str] = None,
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
        **params: t.Unpack[types.CreatePriceParams],
    ) -> Price:
        """Creates a price of a product; see `faststar.types.CreatePriceParams`."""
        options = call_options(timeout, max_retries, idempotency_key)
        price: Price = self._caller.send("catalog.prices.create", params, options)
        return price

    def list(
        self,
        *,
        limit: t.Optional[int] = None,
        cursor: t.Optional[str] = None,
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
    ) -> Page[Price]:
        """Lists the prices; see `Products.list`."""
        options = call_options(timeout, max_retries)
        return fetch_page(self._caller, "catalog.prices.list", limit, cursor, options)


class Page(Generic[T_co]):
    """One page of a list, and the way to the next.

    ::

        for product in client.catalog.products.list():
            ...  # all of them; each page is fetched when the one before has been read

    A test makes one of items: ``Page([product])``.

    Attributes:
        items: The items of this page, in the server's order.
        next_cursor: What ``list(cursor=…)`` takes for the next page; ``None`` on the last one.
        request_id: The answer's ``X-Request-Id``.
    """

    __slots__ = ("_fetch", "_start", "items", "next_cursor", "request_id")

    items: tuple[T_co, ...]
    next_cursor: t.Optional[str]
    request_id: t.Optional[str]

    def __init__(
        self,
        items: t.Iterable[T_co],
        *,
        next_cursor: t.Optional[str] = None,
        request_id: t.Optional[str] = None,
    ) -> None:
        self._start: t.Optional[str] = None
        self._fetch: t.Optional[t.Callable[[str], Page[T_co]]] = None
        self.items = tuple(items)
        self.next_cursor = next_cursor
        self.request_id = request_id

    def next_page(self) -> t.Optional[Page[T_co]]:
        """Fetches the page after this one; ``None`` after the last."""
        if self.next_cursor is None or self._fetch is None:
            return None
        return self._fetch(self.next_cursor)

    def __iter__(self) -> t.Iterator[T_co]:
        """Goes through all items from this page on, and fetches each page when it is needed."""
        cursors = _faststar.Cursors(self._start)
        page: t.Optional[Page[T_co]] = self
        while page is not None:
            # Before the items, so that a list which runs in a circle gives none of them twice.
            cursors.follow(page.next_cursor)
            yield from page.items
            page = page.next_page()

    def __repr__(self) -> str:
        return f"Page(items={len(self.items)}, next_cursor={self.next_cursor!r})"


def fetch_page(
    caller: Caller,
    name: str,
    limit: t.Optional[int],
    cursor: t.Optional[str],
    options: dict[str, object],
) -> Page[t.Any]:
    """Fetches a page that fetches the pages after it."""
    fetched = caller.send(name, {"limit": limit, "cursor": cursor}, options)
    page: Page[t.Any] = Page(
        fetched.items, next_cursor=fetched.next_cursor, request_id=fetched.request_id
    )
    page._start = cursor
    page._fetch = lambda cursor: fetch_page(caller, name, limit, cursor, options)
    return page
