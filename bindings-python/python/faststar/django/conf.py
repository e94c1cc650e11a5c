"""Reads the settings: the dict ``FASTSTAR``, and the environment where it leaves something out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings

from faststar import ConfigurationError

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
#: Numbers of the inbox, and what they are where nothing is given.
INBOX_OPTIONS = {"BODY_RETENTION_DAYS": 30, "LOCK_TIMEOUT": 2}
NAMES = (*CLIENT_OPTIONS, *WEBHOOK_OPTIONS, *INBOX_OPTIONS)

#: What the environment may give.
ENVIRONMENT = {name: f"FASTSTAR_{name}" for name in ("API_KEY", "WEBHOOK_SECRET", "BASE_URL")}


#: Options that win over the settings and the environment, while a test sells in a sandbox.
overrides: dict[str, Any] = {}


def from_settings() -> Any:
    """Gives ``settings.FASTSTAR`` as it is; an empty dict where there is none."""
    return getattr(settings, "FASTSTAR", {})


def in_settings(name: str) -> Any:
    """Gives an option of the settings' dict; ``None`` where it has none."""
    given = from_settings()
    return cast("Mapping[str, Any]", given).get(name) if isinstance(given, Mapping) else None


def get(name: str) -> Any:
    """Gives an option; ``None`` where neither the settings nor the environment have it."""
    if name in overrides:
        return overrides[name]
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
        ConfigurationError: There is none, or one cannot be a secret. The message has no secret.
    """
    given = get("WEBHOOK_SECRET")
    if given is None or given in ("", b"", (), []):
        raise ConfigurationError(
            'FastStar\'s webhook secret is missing: set FASTSTAR["WEBHOOK_SECRET"], or '
            "FASTSTAR_WEBHOOK_SECRET in the environment, to the secret of the webhook endpoint",
            code="invalid_configuration",
        )
    several = list(cast("Iterable[Any]", given)) if isinstance(given, (list, tuple)) else [given]
    return [_secret(one) for one in several]


def _secret(given: Any) -> str:
    if isinstance(given, bytes):
        given = given.decode(errors="replace")
    if not isinstance(given, str):
        raise ConfigurationError(
            "FastStar's webhook secret must be a str, or a list of str while one is replaced, not "
            f"{type(given).__name__}",
            code="invalid_configuration",
        )
    if given.split() != [given]:
        raise ConfigurationError(
            "a webhook secret of FastStar is empty or has white space in it: copy it again; a line "
            "break at its end is the usual cause",
            code="invalid_configuration",
        )
    return given


def inbox_option(name: str) -> float:
    """Gives a number of the inbox: days or seconds, 0 or more.

    Raises:
        ConfigurationError: It is something else.
    """
    given = get(name)
    if given is None:
        return INBOX_OPTIONS[name]
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given < 1e6:
        raise ConfigurationError(
            f'FASTSTAR["{name}"] must be a number from 0 to 1000000, not {given!r}',
            code="invalid_configuration",
        )
    return given


def is_sandbox() -> bool:
    """Tells whether the base URL is on this machine, where only a sandbox listens."""
    host = urlsplit(str(get("BASE_URL") or "")).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
