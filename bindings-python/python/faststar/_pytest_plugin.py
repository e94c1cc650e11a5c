"""Fixtures for pytest, which finds them by the package's entry point."""

# pyright: reportPrivateUsage=false
from __future__ import annotations

import contextlib
import sys

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._client import Caller
    from ._faststar import Client
    from .testing import Merchant, Sandbox


@pytest.fixture(scope="session")
def faststar_sandbox() -> Iterator[Sandbox]:
    """A sandbox that all tests of this run share."""
    # Here, so that a run that does not ask for it does not pay for it.
    from .testing import Sandbox

    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def faststar_merchant(
    faststar_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Merchant]:
    """A merchant of its own for this test.

    While the test runs, the environment has its API key, base URL and webhook secret, so that
    ``FastStar()`` is a client of it; in Django the settings, ``get_client()`` and the webhook view
    are its own too. Nothing reaches the live API: a client of another machine, made in the test or
    before it, raises a `ConfigurationError` instead of calling.
    """
    from ._client import Caller

    with faststar_sandbox.add_merchant() as merchant, contextlib.ExitStack() as stack:
        for name, value in merchant.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(Caller, "_open", _staying_here(Caller._open))
        if _has_django_app():
            from .django.testing import sell_as

            stack.enter_context(sell_as(merchant))
        yield merchant


def _staying_here(open: Callable[[Caller], Client]) -> Callable[[Caller], Client]:
    """Wraps what each call of a client begins with."""

    def checked(caller: Caller) -> Client:
        if not _is_here(caller._base_url):
            from ._errors import ConfigurationError

            where = caller._base_url or "the live API"
            raise ConfigurationError(
                f"a test with faststar_merchant does not call {where}: make the client in the "
                "test, without a base_url, or take the merchant's",
                code="invalid_configuration",
            )
        return open(caller)

    return checked


def _is_here(url: str | None) -> bool:
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    host = urlsplit(url or "").hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _has_django_app() -> bool:
    """Tells whether Django is set up with ``faststar.django``; does not import it."""
    apps = sys.modules.get("django.apps")
    return apps is not None and apps.apps.ready and apps.apps.is_installed("faststar.django")
