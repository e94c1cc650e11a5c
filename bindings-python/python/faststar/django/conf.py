"""Reads the settings: the dict ``FASTSTAR``, and the environment where it leaves something out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

#: What the dict may hold, and the option of the client that it becomes.
CLIENT_OPTIONS = {
    "API_KEY": "api_key",
    "BASE_URL": "base_url",
    "TIMEOUT": "timeout",
    "MAX_RETRIES": "max_retries",
    "MERCHANT": "merchant",
    "EVENT_HOOKS": "event_hooks",
}
WEBHOOK_OPTIONS = ("WEBHOOK_SECRET", "WEBHOOK_TOLERANCE")
NAMES = (*CLIENT_OPTIONS, *WEBHOOK_OPTIONS)

#: What the environment may give.
ENVIRONMENT = {name: f"FASTSTAR_{name}" for name in ("API_KEY", "WEBHOOK_SECRET", "BASE_URL")}


def from_settings() -> Any:
    """Gives ``settings.FASTSTAR`` as it is; an empty dict where there is none."""
    return getattr(settings, "FASTSTAR", {})


def in_settings(name: str) -> Any:
    """Gives an option of the settings' dict; ``None`` where it has none."""
    given = from_settings()
    return cast("Mapping[str, Any]", given).get(name) if isinstance(given, Mapping) else None


def get(name: str) -> Any:
    """Gives an option; ``None`` where neither the settings nor the environment have it."""
    value = in_settings(name)
    if value in (None, "") and name in ENVIRONMENT:
        value = os.environ.get(ENVIRONMENT[name])
    return None if value == "" else value


def client_options() -> dict[str, Any]:
    """Gives what the client is made with."""
    return {option: get(name) for name, option in CLIENT_OPTIONS.items()}


def webhook_secrets() -> list[str]:
    """Gives the secrets that a webhook may be signed with, one or several.

    Raises:
        ImproperlyConfigured: There is none.
    """
    given = get("WEBHOOK_SECRET")
    secrets: list[Any] = [given] if isinstance(given, str) else list(given or ())
    if not secrets or not all(isinstance(one, str) and one.strip() for one in secrets):
        raise ImproperlyConfigured(
            'set FASTSTAR["WEBHOOK_SECRET"], or FASTSTAR_WEBHOOK_SECRET in the environment, to the '
            "secret of the webhook endpoint"
        )
    return secrets


def is_sandbox() -> bool:
    """Tells whether the base URL is on this machine, where only a sandbox listens."""
    host = urlsplit(str(get("BASE_URL") or "")).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
