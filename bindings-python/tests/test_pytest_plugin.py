"""The fixtures, in runs of pytest as a user has them: found by the entry point alone."""

from __future__ import annotations

import pytest
from built import SANDBOX

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def users_environment(monkeypatch):
    monkeypatch.setenv("FASTSTAR_SANDBOX", SANDBOX)
    monkeypatch.delenv("FASTSTAR_API_KEY", raising=False)
    # Django's plugin, where it is installed, does not belong to this.
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider -p no:django")


def test_each_test_has_a_merchant_of_its_own_in_one_sandbox(pytester):
    pytester.makepyfile(
        """
        import os

        from faststar import FastStar

        seen = []


        def sell(merchant):
            client = FastStar()
            assert not client.catalog.products.list().items
            client.catalog.products.create(name="Tea")
            assert os.environ["FASTSTAR_WEBHOOK_SECRET"] == merchant.webhook_secret
            seen.append((merchant.base_url, merchant.id))


        def test_one(faststar_merchant):
            sell(faststar_merchant)


        def test_two(faststar_merchant, faststar_sandbox):
            sell(faststar_merchant)
            assert faststar_merchant.base_url.startswith(faststar_sandbox.url)


        def test_environment_is_put_back():
            assert "FASTSTAR_API_KEY" not in os.environ
            assert len({url for url, _ in seen}) == 1
            assert len({id for _, id in seen}) == 2
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=3)


def test_no_client_calls_another_machine(pytester):
    pytester.makepyfile(
        """
        import asyncio

        import pytest
        from faststar import AsyncFastStar, ConfigurationError, FastStar

        LIVE = "https://api.faststarpay.com/api/v1"
        early = FastStar(api_key="fs_live_x")


        async def wait_for(answer):
            return await answer


        @pytest.mark.parametrize("make", [
            lambda: early,
            lambda: FastStar(base_url=LIVE),
            lambda: AsyncFastStar(api_key="fs_live_x", base_url=LIVE),
        ])
        def test_it_refuses(faststar_merchant, make):
            with pytest.raises(ConfigurationError, match="make the client in the test"):
                answer = make().catalog.products.list()
                if isinstance(make(), AsyncFastStar):
                    asyncio.run(wait_for(answer))


        def test_the_merchants_own_calls(faststar_merchant):
            faststar_merchant.client.catalog.products.list()
            FastStar().catalog.products.list()
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=4)


def test_a_run_without_the_fixtures_pays_for_nothing(pytester):
    pytester.makepyfile(
        """
        import sys


        def test_nothing():
            loaded = {"faststar.testing", "faststar._async_client", "http.server"}
            assert "faststar._pytest_plugin" in sys.modules
            assert not loaded & set(sys.modules)
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_missing_sandbox_is_said(pytester, monkeypatch):
    monkeypatch.setenv("FASTSTAR_SANDBOX", str(pytester.path / "nothing"))
    pytester.makepyfile("def test_it(faststar_merchant): ...")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ConfigurationError: FASTSTAR_SANDBOX names no program*"])


def test_the_fixtures_are_listed(pytester):
    result = pytester.runpytest_subprocess("--fixtures")
    lines = ["faststar_sandbox*", "*all tests of this run share*", "faststar_merchant*"]
    result.stdout.fnmatch_lines(lines)
