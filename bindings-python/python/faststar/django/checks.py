"""System checks: what is wrong with the settings and the handlers, before the first request."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast, get_args

from asgiref.sync import iscoroutinefunction
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, router

from faststar import ConfigurationError, FastStar, FastStarError
from faststar.types import EventType

from . import conf, handlers
from .signals import webhook_received

_NO_ACCOUNT = "Without an account, `manage.py faststar_sandbox` runs the server with a sandbox's."
_MODULE = "faststar_handlers"
_PAID = "payment.succeeded"


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
    yield from _check_webhooks()
    if conf.is_sandbox() and not settings.DEBUG:
        yield Warning(
            "FastStar's base URL is on this machine, a sandbox's, and DEBUG is False.",
            hint="A sandbox takes no money. Unset BASE_URL and FASTSTAR_BASE_URL in production.",
            id="faststar.W001",
        )


def check_missing(**_: Any) -> Iterable[CheckMessage]:
    """Warns of secrets that are not there, as while an image is built."""
    for name, text, hint in _missing():
        yield Warning(text, hint=hint, id={"API_KEY": "faststar.W003"}.get(name, "faststar.W004"))


def check_missing_in_production(**_: Any) -> Iterable[CheckMessage]:
    """Refuses to be deployed without secrets."""
    for name, text, hint in _missing():
        yield Error(text, hint=hint, id={"API_KEY": "faststar.E003"}.get(name, "faststar.E004"))


def _missing() -> Iterator[tuple[str, str, str]]:
    if not isinstance(conf.from_settings(), Mapping):
        return
    if conf.get("API_KEY") is None:
        hint = 'Set FASTSTAR["API_KEY"], or FASTSTAR_API_KEY in the environment. ' + _NO_ACCOUNT
        yield "API_KEY", "FastStar's API key is missing.", hint
    if not conf.get("WEBHOOK_SECRET"):
        hint = (
            'Set FASTSTAR["WEBHOOK_SECRET"], or FASTSTAR_WEBHOOK_SECRET in the environment. '
            + _NO_ACCOUNT
        )
        text = "FastStar's webhook secret is missing, so each webhook is answered with 500."
        yield "WEBHOOK_SECRET", text, hint


def _check_names(given: Mapping[object, object]) -> Iterable[CheckMessage]:
    for name in given:
        if name not in conf.NAMES:
            close = get_close_matches(str(name).upper(), conf.NAMES, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"It has {', '.join(conf.NAMES)}."
            yield Error(f"FASTSTAR has an unknown key, {name!r}.", hint=hint, id="faststar.E002")


def _check_client() -> Iterable[CheckMessage]:
    if conf.get("API_KEY") is None:
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


def _check_webhooks() -> Iterable[CheckMessage]:
    if conf.get("WEBHOOK_SECRET"):
        try:
            conf.webhook_secrets()
        except ConfigurationError as error:
            yield Error(f"No webhook can be verified: {error}.", id="faststar.E005")
    tolerance = conf.get("WEBHOOK_TOLERANCE")
    if tolerance is not None and (type(tolerance) is not int or tolerance < 0):
        yield Error(
            f'FASTSTAR["WEBHOOK_TOLERANCE"] must be an int, seconds, and not {tolerance!r}.',
            id="faststar.E007",
        )
    for name in conf.INBOX_OPTIONS:
        try:
            conf.inbox_option(name)
        except ConfigurationError as error:
            yield Error(f"{error}.", id="faststar.E007")


def check_handlers(**_: Any) -> Iterable[CheckMessage]:
    """Checks what handlers are registered for."""
    # EventType is the known types, or any other text.
    known = get_args(get_args(EventType)[0])
    for one in sorted(handlers.registered_types() - {handlers.ANY, *known}):
        close = get_close_matches(one, known, n=1)
        yield Warning(
            f"A handler is registered for {one!r}, a type that FastStar is not known to send.",
            hint=f"Did you mean {close[0]!r}?" if close else None,
            id="faststar.W002",
        )
    if not handlers.handlers_of(_PAID) and not webhook_received.has_listeners():
        yield Warning(
            f"No handler takes {_PAID}, so what is paid is kept in the inbox and not fulfilled.",
            hint=_where_handlers_belong(),
            id="faststar.W005",
        )


def _where_handlers_belong() -> str:
    for app in apps.get_app_configs():
        stems = [file.stem for file in Path(app.path).glob("*.py")]
        if _MODULE in stems:
            continue
        close = get_close_matches(_MODULE, stems, n=1, cutoff=0.8)
        if close:
            return f"{app.name} has a module {close[0]}; it must be named {_MODULE}."
    return (
        f'Register one with @on("{_PAID}") in a module {_MODULE} of an app that is in '
        "INSTALLED_APPS."
    )


def check_on_commit(**_: Any) -> Iterable[CheckMessage]:
    """Warns of ``transaction.on_commit`` where it does not wait for the event's transaction."""
    from .models import WebhookEvent

    elsewhere = router.db_for_write(WebhookEvent) != DEFAULT_DB_ALIAS
    found = handlers.registered()
    # In an async handler it is another thread's connection, so it never waits there.
    modules = dict.fromkeys(
        one.__module__ for one in found if elsewhere or iscoroutinefunction(one)
    )
    for name in modules:
        for line in _early_calls(name, every=elsewhere):
            yield Warning(
                f"transaction.on_commit in line {line} of {name} does not wait until the event is "
                "stored as done.",
                hint="Use faststar.django.on_commit, which takes the same function.",
                id="faststar.W006",
            )


def _early_calls(name: str, *, every: bool) -> list[int]:
    """Finds the lines of a module that call ``transaction.on_commit`` for no database."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (KeyError, OSError, TypeError, SyntaxError):
        return []
    found = _OnCommitCalls(every)
    found.visit(tree)
    return sorted(found.lines)


class _OnCommitCalls(ast.NodeVisitor):
    """Collects the lines of the calls, all of them or those in ``async def`` alone."""

    def __init__(self, every: bool) -> None:
        self.lines: set[int] = set()
        self._every = every
        self._in_async = False
        self._modules: set[str] = set()
        self._functions: set[str] = set()

    def visit_Import(self, node: ast.Import) -> None:
        self._modules.update(
            one.asname or one.name for one in node.names if one.name == "django.db.transaction"
        )

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for one in node.names:
            if (node.module, one.name) == ("django.db", "transaction"):
                self._modules.add(one.asname or one.name)
            elif (node.module, one.name) == ("django.db.transaction", "on_commit"):
                self._functions.add(one.asname or one.name)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        before, self._in_async = self._in_async, True
        self.generic_visit(node)
        self._in_async = before

    def visit_Call(self, node: ast.Call) -> None:
        called = ast.unparse(node.func)
        module, _, function = called.rpartition(".")
        is_it = called in self._functions or (function == "on_commit" and module in self._modules)
        # `using` is the second argument.
        names_one = len(node.args) > 1 or any(one.arg == "using" for one in node.keywords)
        if is_it and (self._in_async or (self._every and not names_one)):
            self.lines.add(node.lineno)
        self.generic_visit(node)


def check_gates(**_: Any) -> Iterable[CheckMessage]:
    """Checks what stands in front of the webhook view in production."""
    from .views import find_path

    try:
        path = find_path()
    except (ImproperlyConfigured, ImportError):
        # Django's own checks tell of URLs that cannot be loaded.
        return
    if path is None:
        return
    middleware = [str(one).rpartition(".")[2] for one in settings.MIDDLEWARE or ()]
    if "SecurityMiddleware" in middleware and _is_redirected(path):
        yield Warning(
            f"SECURE_SSL_REDIRECT is on, so a webhook that reaches {path} by http is redirected "
            "and not taken.",
            hint="Behind a proxy that ends TLS every request is one: set SECURE_PROXY_SSL_HEADER. "
            "Give FastStar the https:// URL.",
            id="faststar.W007",
        )
    outside = [host for host in settings.ALLOWED_HOSTS if host not in _LOOPBACK]
    if not outside and not conf.is_sandbox():
        yield Warning(
            "ALLOWED_HOSTS has no host that FastStar can reach, so webhooks are answered with 400.",
            hint="Add the host of the webhook endpoint's URL.",
            id="faststar.W008",
        )
    if settings.APPEND_SLASH and "CommonMiddleware" in middleware and path.endswith("/"):
        yield Info(
            f"Webhooks are taken at {path} alone: APPEND_SLASH redirects one that is sent to "
            f"{path.rstrip('/')}, and it is lost.",
            hint="Give FastStar the URL with the slash at its end.",
            id="faststar.I001",
        )


_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", ".localhost")


def _is_redirected(path: str) -> bool:
    if not settings.SECURE_SSL_REDIRECT or settings.SECURE_PROXY_SSL_HEADER:
        return False
    exempt = settings.SECURE_REDIRECT_EXEMPT
    return not any(re.search(pattern, path.lstrip("/")) for pattern in exempt)


#: The checks of every command, and those of ``check --deploy`` alone.
ALWAYS = (check_settings, check_missing, check_handlers, check_on_commit)
DEPLOY = (check_missing_in_production, check_gates)
