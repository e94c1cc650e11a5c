"""The clients of this process."""

from __future__ import annotations

from functools import cache
from typing import Any

from faststar import AsyncFastStar, FastStar

from . import conf


@cache
def get_client() -> FastStar:
    """Gives the client of this process, made from the settings at the first call.

    It is safe in every thread and after a fork. Changed settings (``override_settings``) make a new
    one, so call this where you need it and do not keep it in a module.

    Raises:
        ConfigurationError: The settings cannot work; ``manage.py check`` says what is wrong.
    """
    return FastStar(**conf.client_options())


@cache
def get_async_client() -> AsyncFastStar:
    """Gives the client of this process for ``async`` views; see `get_client`."""
    return AsyncFastStar(**conf.client_options())


def forget(*, setting: str, **_: Any) -> None:
    """Makes new clients after a change of the settings; receives ``setting_changed``."""
    if setting == "FASTSTAR":
        get_client.cache_clear()
        get_async_client.cache_clear()
