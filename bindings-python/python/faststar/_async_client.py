"""The client for asyncio."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from . import _faststar
from ._client import BaseClient, Caller, call_options
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

# A bridge lives as long as its event loop.
_bridges: WeakKeyDictionary[asyncio.AbstractEventLoop, _faststar.Bridge] = WeakKeyDictionary()


class AsyncCaller(Caller):
    """Makes the calls of one client for asyncio."""

    __slots__ = ()

    async def send_async(
        self, operation: str, argument: object, options: dict[str, object]
    ) -> t.Any:
        """Carries an operation out and gives its result."""
        if not self._watchers.active():
            return await self._await(operation, argument, options)
        watch = self._watchers.begin(operation, options)
        try:
            result = await self._await(operation, argument, options)
        except BaseException as error:
            watch.failed(error)
            raise
        watch.succeeded(result)
        return result

    async def _await(self, operation: str, argument: object, options: dict[str, object]) -> t.Any:
        native = self._open()
        loop = asyncio.get_running_loop()
        bridge = _bridges.get(loop)
        if bridge is None:
            bridge = _bridges[loop] = _faststar.Bridge(loop)
        future = loop.create_future()
        started = native.start(operation, argument, options, bridge, future)
        try:
            return await future
        except asyncio.CancelledError:
            started.cancel()
            raise


class AsyncFastStar(BaseClient):
    """Calls the API on behalf of one merchant, from asyncio.

    It takes what `FastStar` takes and has the same calls, to be awaited. Cancelling a task cancels
    its request. One client serves any number of tasks, and event loops one after another.

    ::

        async with AsyncFastStar() as client:
            session = await client.checkout.sessions.retrieve("cs_xxx")
            async for product in client.catalog.products.list():
                ...
    """

    _caller: AsyncCaller

    @staticmethod
    def _make_caller(
        native: _faststar.Client, base_url: t.Optional[str], watchers: Watchers
    ) -> AsyncCaller:
        return AsyncCaller(native, base_url, watchers)

    @cached_property
    def checkout(self) -> AsyncCheckout:
        """The calls about checkout sessions."""
        return AsyncCheckout(self._caller)

    @cached_property
    def catalog(self) -> AsyncCatalog:
        """The calls about products and prices."""
        return AsyncCatalog(self._caller)

    async def close(self) -> None:
        """Closes the connections. A closed client raises `ConfigurationError`."""
        self._caller.close()

    async def __aenter__(self) -> t.Self:
        return self

    async def __aexit__(
        self,
        exc_type: t.Optional[type[BaseException]],
        exc: t.Optional[BaseException],
        traceback: t.Optional[t.TracebackType],
    ) -> None:
        await self.close()


class AsyncResource:
    """A group of calls; see `Resource`."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller


class AsyncCheckout(AsyncResource):
    """The calls about checkout sessions."""

    @cached_property
    def sessions(self) -> AsyncSessions:
        """Creates and retrieves sessions."""
        return AsyncSessions(self._caller)


class AsyncSessions(AsyncResource):
    """Creates and retrieves checkout sessions; see `Sessions`."""

    async def create(
        self,
        *,
        idempotency_key: t.Optional[str] = None,
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
        **params: t.Unpack[types.CreateSessionParams],
    ) -> CreatedSession:
        """Creates a session; see `Sessions.create`."""
        options = call_options(timeout, max_retries, idempotency_key)
        created: CreatedSession = await self._caller.send_async(
            "checkout.sessions.create", params, options
        )
        return created

    async def retrieve(
        self, id: str, *, timeout: t.Optional[float] = None, max_retries: t.Optional[int] = None
    ) -> Session:
        """Retrieves a session by its id; see `Sessions.retrieve`."""
        options = call_options(timeout, max_retries)
        session: Session = await self._caller.send_async("checkout.sessions.retrieve", id, options)
        return session

    async def check_payment(
        self,
        event: Event,
        *,
        amount: t.Optional[int],
        currency: t.Optional[str],
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
    ) -> PaymentCheck:
        """Judges whether a payment settles an order; see `Sessions.check_payment`."""
        check = check_payment(event, amount=amount, currency=currency)
        id = session_to_read(check)
        if id is None:
            return check
        session = await self.retrieve(id, timeout=timeout, max_retries=max_retries)
        return check_payment(event, amount=amount, currency=currency, session=session)


class AsyncCatalog(AsyncResource):
    """The calls about products and prices."""

    @cached_property
    def products(self) -> AsyncProducts:
        """Creates and lists products."""
        return AsyncProducts(self._caller)

    @cached_property
    def prices(self) -> AsyncPrices:
        """Creates and lists prices."""
        return AsyncPrices(self._caller)


class AsyncProducts(AsyncResource):
    """Creates and lists products."""

    async def create(
        self,
        *,
        idempotency_key: t.Optional[str] = None,
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
        **params: t.Unpack[types.CreateProductParams],
    ) -> Product:
        """Creates a product; see `Products.create`."""
        options = call_options(timeout, max_retries, idempotency_key)
        product: Product = await self._caller.send_async("catalog.products.create", params, options)
        return product

    def list(
        self,
        *,
        limit: t.Optional[int] = None,
        cursor: t.Optional[str] = None,
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
    ) -> AsyncPages[Product]:
        """Lists the products: ``await`` one page, ``async for`` all; see `Products.list`."""
        options = call_options(timeout, max_retries)
        return fetch_pages(self._caller, "catalog.products.list", limit, cursor, options)


class AsyncPrices(AsyncResource):
    """Creates and lists prices."""

    async def create(
        self,
        *,
        idempotency_key: t.Optional[str] = None,
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
        **params: t.Unpack[types.CreatePriceParams],
    ) -> Price:
        """Creates a price of a product; see `Prices.create`."""
        options = call_options(timeout, max_retries, idempotency_key)
        price: Price = await self._caller.send_async("catalog.prices.create", params, options)
        return price

    def list(
        self,
        *,
        limit: t.Optional[int] = None,
        cursor: t.Optional[str] = None,
        timeout: t.Optional[float] = None,
        max_retries: t.Optional[int] = None,
    ) -> AsyncPages[Price]:
        """Lists the prices; see `AsyncProducts.list`."""
        options = call_options(timeout, max_retries)
        return fetch_pages(self._caller, "catalog.prices.list", limit, cursor, options)


class AsyncPages(Generic[T_co]):
    """A list that is not fetched yet: ``await`` it for a page, ``async for`` for all items.

    A test makes one of items: ``AsyncPages([product])``.
    """

    __slots__ = ("_fetch",)

    def __init__(self, items: t.Iterable[T_co]) -> None:
        page = AsyncPage(items)

        async def fetch() -> AsyncPage[T_co]:
            return page

        self._fetch: t.Callable[[], t.Coroutine[t.Any, t.Any, AsyncPage[T_co]]] = fetch

    def __await__(self) -> t.Generator[t.Any, None, AsyncPage[T_co]]:
        return self._fetch().__await__()

    async def __aiter__(self) -> t.AsyncIterator[T_co]:
        async for item in await self:
            yield item


class AsyncPage(Generic[T_co]):
    """One page of a list, and the way to the next; see `Page`."""

    __slots__ = ("_rest", "_start", "items", "next_cursor", "request_id")

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
        self._rest: t.Optional[AsyncPages[T_co]] = None
        self.items = tuple(items)
        self.next_cursor = next_cursor
        self.request_id = request_id

    async def next_page(self) -> t.Optional[AsyncPage[T_co]]:
        """Fetches the page after this one; ``None`` after the last."""
        return None if self._rest is None else await self._rest

    async def __aiter__(self) -> t.AsyncIterator[T_co]:
        """Goes through all items from this page on, and fetches each page when it is needed."""
        cursors = _faststar.Cursors(self._start)
        page: t.Optional[AsyncPage[T_co]] = self
        while page is not None:
            cursors.follow(page.next_cursor)
            for item in page.items:
                yield item
            page = await page.next_page()

    def __repr__(self) -> str:
        return f"AsyncPage(items={len(self.items)}, next_cursor={self.next_cursor!r})"


def fetch_pages(
    caller: AsyncCaller,
    name: str,
    limit: t.Optional[int],
    cursor: t.Optional[str],
    options: dict[str, object],
) -> AsyncPages[t.Any]:
    """Gives a list that is fetched page by page."""

    async def fetch() -> AsyncPage[t.Any]:
        fetched = await caller.send_async(name, {"limit": limit, "cursor": cursor}, options)
        page: AsyncPage[t.Any] = AsyncPage(
            fetched.items, next_cursor=fetched.next_cursor, request_id=fetched.request_id
        )
        page._start = cursor
        if fetched.next_cursor is not None:
            page._rest = fetch_pages(caller, name, limit, fetched.next_cursor, options)
        return page

    pages: AsyncPages[t.Any] = AsyncPages(())
    pages._fetch = fetch
    return pages
