"""The clients of this process."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from faststar import AsyncFastStar, FastStar

from . import conf

Client = TypeVar("Client", FastStar, AsyncFastStar)


class _Kept(Generic[Client]):
    """A client, and the options that it was made with."""

    def __init__(self, kind: type[Client]) -> None:
        self._kind: type[Client] = kind
        # One value, so that another thread never sees a client beside another's options.
        self._kept: tuple[dict[str, Any], Client] | None = None

    def get(self) -> Client:
        options = conf.client_options()
        kept = self._kept
        if kept is None or kept[0] != options:
            kept = self._kept = (options, self._kind(**options))
        return kept[1]


_sync = _Kept(FastStar)
_async = _Kept(AsyncFastStar)


def get_client() -> FastStar:
    """Gives the client of this process, made from the settings at the first call.

    It is safe in every thread and after a fork. Changed settings (``override_settings``) or another
    environment make a new one, so call this where you need it and do not keep it in a module.

    Raises:
        ConfigurationError: The settings cannot work; ``manage.py check`` says what is wrong.
    """
    return _sync.get()


def get_async_client() -> AsyncFastStar:
    """Gives the client of this process for ``async`` views; see `get_client`."""
    return _async.get()
