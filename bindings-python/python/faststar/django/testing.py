"""Lets a test sell in a sandbox, whatever the settings say."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from django.test.utils import override_settings

from faststar.testing import Merchant

from . import conf


@contextmanager
def sell_as(merchant: Merchant) -> Generator[None]:
    """Makes the settings, both clients and the webhook view a sandbox merchant's.

    The fixture ``faststar_merchant`` does it by itself; use this without pytest::

        with Sandbox() as sandbox, sell_as(sandbox.merchant):
            ...

    A key, URL or secret in ``settings.FASTSTAR`` is not used meanwhile, not even one that the test
    overrides, so that none of it reaches the live API.
    """
    mine = {
        "API_KEY": merchant.api_key,
        "BASE_URL": merchant.base_url,
        "WEBHOOK_SECRET": merchant.webhook_secret,
        "MERCHANT": merchant.kind,
    }
    before = dict(conf.overrides)
    conf.overrides.update(mine)
    try:
        with override_settings(FASTSTAR={**conf.from_settings(), **mine}):
            yield
    finally:
        conf.overrides.clear()
        conf.overrides.update(before)
