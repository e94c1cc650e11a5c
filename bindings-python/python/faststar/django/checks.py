"""System checks: what is wrong with the settings, before the first request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, cast, get_args

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from faststar import FastStar, FastStarError
from faststar.types import EventType

from . import conf, handlers

_NO_ACCOUNT = "Without an account, `manage.py faststar_sandbox` runs the server with a sandbox's."


def check_settings(**_: Any) -> Iterable[CheckMessage]:
    """Checks ``FASTSTAR`` and the environment."""
    given = conf.from_settings()
    if not isinstance(given, Mapping):
        yield Error(
            "FASTSTAR must be a dict.",
            hint='For example {"API_KEY": "...", "WEBHOOK_SECRET": "whsec_..."}.',
            id="faststar.E001",
        )
        return
    yield from _check_names(cast("Mapping[object, object]", given))
    yield from _check_client()
    yield from _check_secrets()
    if conf.is_sandbox() and not settings.DEBUG:
        yield Warning(
            "FastStar's base URL is on this machine, a sandbox's, and DEBUG is False.",
            hint="A sandbox takes no money. Unset BASE_URL and FASTSTAR_BASE_URL in production.",
            id="faststar.W001",
        )


def _check_names(given: Mapping[object, object]) -> Iterable[CheckMessage]:
    for name in given:
        if name not in conf.NAMES:
            close = get_close_matches(str(name).upper(), conf.NAMES, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"It has {', '.join(conf.NAMES)}."
            yield Error(f"FASTSTAR has an unknown key, {name!r}.", hint=hint, id="faststar.E002")


def _check_client() -> Iterable[CheckMessage]:
    if conf.get("API_KEY") is None:
        yield Error(
            "FastStar's API key is missing.",
            hint='Set FASTSTAR["API_KEY"], or FASTSTAR_API_KEY in the environment. ' + _NO_ACCOUNT,
            id="faststar.E003",
        )
        return
    try:
        # The client's own checks; it opens no connection.
        FastStar(**conf.client_options())
    except (FastStarError, TypeError) as error:
        yield Error(
            f"FastStar's client cannot be made from the settings: {error}.",
            hint="Look at FASTSTAR in the settings, and at FASTSTAR_* in the environment.",
            id="faststar.E006",
        )


def _check_secrets() -> Iterable[CheckMessage]:
    given = conf.get("WEBHOOK_SECRET")
    if not given:
        yield Error(
            "FastStar's webhook secret is missing, so no webhook can be verified.",
            hint='Set FASTSTAR["WEBHOOK_SECRET"], or FASTSTAR_WEBHOOK_SECRET in the environment. '
            + _NO_ACCOUNT,
            id="faststar.E004",
        )
        return
    several: list[Any] = [given] if isinstance(given, str) else _as_list(given)
    if not several or not all(isinstance(one, str) for one in several):
        yield Error(
            "FastStar's webhook secret must be a str, or a list of str while one is replaced.",
            id="faststar.E004",
        )
    elif any(not secret or secret.split() != [secret] for secret in several):
        yield Error(
            "A webhook secret of FastStar is empty or has white space in it.",
            hint="Copy it again; a line break at the end is the usual cause.",
            id="faststar.E005",
        )


def _as_list(given: Any) -> list[Any]:
    return list(cast("Iterable[Any]", given)) if isinstance(given, (list, tuple)) else []


def check_handlers(**_: Any) -> Iterable[CheckMessage]:
    """Checks the types that handlers are registered for."""
    # EventType is the known types, or any other text.
    known = get_args(get_args(EventType)[0])
    for one in sorted(handlers.registered_types() - {handlers.ANY, *known}):
        close = get_close_matches(one, known, n=1)
        yield Warning(
            f"A handler is registered for {one!r}, a type that FastStar is not known to send.",
            hint=f"Did you mean {close[0]!r}?" if close else None,
            id="faststar.W002",
        )
