"""Fixtures for pytest, which finds them by the package's entry point."""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

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
    ``FastStar()`` is a client of it and nothing reaches the live API.
    """
    with faststar_sandbox.add_merchant() as merchant:
        for name, value in merchant.env.items():
            monkeypatch.setenv(name, value)
        yield merchant
