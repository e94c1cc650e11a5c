"""The client for asyncio."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from . import _faststar
from ._client import BaseClient, call_options
from ._payment_check import check_payment, session_to_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator
    from types import TracebackType
    from typing import Any, Generic, TypeVar

    from typing_extensions import Self, Unpack

    from ._faststar import CreatedSession, Event, Price, Product, Session
    from ._payment_check import PaymentCheck
    from .types import CreatePriceParams, CreateProductParams, CreateSessionParams

    T_co = TypeVar("T_co", covariant=True)
else:
    from ._generic import Generic

    T_co = None

# A bridge lives as long as its event loop.
_bridges: WeakKeyDictionary[asyncio.AbstractEventLoop, _faststar.Bridge] = WeakKeyDictionary()


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

    @property
    def checkout(self) -> AsyncCheckout:
        """The calls about checkout sessions."""
        return AsyncCheckout(self)

    @property
    def catalog(self) -> AsyncCatalog:
        """The calls about products and prices."""
        return AsyncCatalog(self)

    async def close(self) -> None:
        """Closes the connections. A closed client raises `ConfigurationError`."""
        self._native = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _send(self, operation: str, argument: object, options: dict[str, object]) -> Any:
        if not self._watchers.active():
            return await self._await(operation, argument, options)
        watch = self._watchers.begin(operation)
        try:
            result = await self._await(operation, argument, options)
        except BaseException as error:
            watch.failed(error)
            raise
        watch.succeeded(result)
        return result

    async def _await(self, operation: str, argument: object, options: dict[str, object]) -> Any:
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


class AsyncResource:
    """A group of calls."""

    __slots__ = ("_client",)

    _client: AsyncFastStar

    def __init__(self, client: AsyncFastStar) -> None:
        self._client = client


class AsyncCheckout(AsyncResource):
    """The calls about checkout sessions."""

    __slots__ = ()

    @property
    def sessions(self) -> AsyncSessions:
        """Creates and retrieves sessions."""
        return AsyncSessions(self._client)


class AsyncSessions(AsyncResource):
    """Creates and retrieves checkout sessions; see `Sessions`."""

    __slots__ = ()

    async def create(
        self,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        **params: Unpack[CreateSessionParams],
    ) -> CreatedSession:
        """Creates a session; see `Sessions.create`."""
        options = call_options(timeout, max_retries, idempotency_key)
        created: CreatedSession = await self._client._send(
            "checkout.sessions.create", params, options
        )
        return created

    async def retrieve(
        self, id: str, *, timeout: float | None = None, max_retries: int | None = None
    ) -> Session:
        """Retrieves a session by its id; see `Sessions.retrieve`."""
        options = call_options(timeout, max_retries)
        session: Session = await self._client._send("checkout.sessions.retrieve", id, options)
        return session

    async def check_payment(
        self,
        event: Event,
        *,
        amount: int | None,
        currency: str | None,
        timeout: float | None = None,
        max_retries: int | None = None,
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

    __slots__ = ()

    @property
    def products(self) -> AsyncProducts:
        """Creates and lists products."""
        return AsyncProducts(self._client)

    @property
    def prices(self) -> AsyncPrices:
        """Creates and lists prices."""
        return AsyncPrices(self._client)


class AsyncProducts(AsyncResource):
    """Creates and lists products."""

    __slots__ = ()

    async def create(
        self,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        **params: Unpack[CreateProductParams],
    ) -> Product:
        """Creates a product; see `Products.create`."""
        options = call_options(timeout, max_retries, idempotency_key)
        product: Product = await self._client._send("catalog.products.create", params, options)
        return product

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> AsyncPages[Product]:
        """Lists the products: ``await`` one page, ``async for`` all; see `Products.list`."""
        options = call_options(timeout, max_retries)
        return AsyncPages(self._client, "catalog.products.list", limit, cursor, options)


class AsyncPrices(AsyncResource):
    """Creates and lists prices."""

    __slots__ = ()

    async def create(
        self,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        **params: Unpack[CreatePriceParams],
    ) -> Price:
        """Creates a price of a product; see `Prices.create`."""
        options = call_options(timeout, max_retries, idempotency_key)
        price: Price = await self._client._send("catalog.prices.create", params, options)
        return price

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
    ) -> AsyncPages[Price]:
        """Lists the prices; see `AsyncProducts.list`."""
        options = call_options(timeout, max_retries)
        return AsyncPages(self._client, "catalog.prices.list", limit, cursor, options)


class AsyncPages(Generic[T_co]):
    """A list that is not fetched yet: ``await`` it for a page, ``async for`` for all items."""

    __slots__ = ("_client", "_cursor", "_limit", "_name", "_options")

    def __init__(
        self,
        client: AsyncFastStar,
        name: str,
        limit: int | None,
        cursor: str | None,
        options: dict[str, object],
    ) -> None:
        self._client = client
        self._name = name
        self._limit = limit
        self._cursor = cursor
        self._options = options

    def __await__(self) -> Generator[Any, None, AsyncPage[T_co]]:
        return self._fetch().__await__()

    async def _fetch(self) -> AsyncPage[T_co]:
        argument = {"limit": self._limit, "cursor": self._cursor}
        page = await self._client._send(self._name, argument, self._options)
        rest: AsyncPages[T_co] | None = None
        if page.next_cursor is not None:
            rest = AsyncPages(
                self._client, self._name, self._limit, page.next_cursor, self._options
            )
        return AsyncPage(page, self._cursor, rest)

    async def __aiter__(self) -> AsyncIterator[T_co]:
        async for item in await self:
            yield item


class AsyncPage(Generic[T_co]):
    """One page of a list, and the way to the next; see `Page`."""

    __slots__ = ("_rest", "_start", "items", "next_cursor", "request_id")

    items: tuple[T_co, ...]
    next_cursor: str | None
    request_id: str | None

    def __init__(self, page: Any, start: str | None, rest: AsyncPages[T_co] | None) -> None:
        self._start = start
        self._rest = rest
        self.items = page.items
        self.next_cursor = page.next_cursor
        self.request_id = page.request_id

    async def next_page(self) -> AsyncPage[T_co] | None:
        """Fetches the page after this one; ``None`` after the last."""
        return None if self._rest is None else await self._rest

    async def __aiter__(self) -> AsyncIterator[T_co]:
        """Goes through all items from this page on, and fetches each page when it is needed."""
        cursors = _faststar.Cursors(self._start)
        page: AsyncPage[T_co] | None = self
        while page is not None:
            cursors.follow(page.next_cursor)
            for item in page.items:
                yield item
            page = await page.next_page()

    def __repr__(self) -> str:
        return f"AsyncPage(items={len(self.items)}, next_cursor={self.next_cursor!r})"
