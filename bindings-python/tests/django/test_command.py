"""What `faststar_sandbox` refuses. The shop's tests run it."""

from __future__ import annotations

from io import StringIO
from types import ModuleType
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.test import override_settings
from django.urls import path
from faststar.django.management.commands import faststar_sandbox
from faststar.django.views import awebhook

NO_KEYS = override_settings(FASTSTAR={})


def urls(*patterns: Any) -> Any:
    module = ModuleType("urls_of_a_test")
    module.urlpatterns = list(patterns)  # type: ignore[attr-defined]
    return override_settings(ROOT_URLCONF=module)


@pytest.mark.parametrize("name", ["API_KEY", "WEBHOOK_SECRET", "BASE_URL"])
def test_settings_that_would_win_over_the_sandbox_are_refused(name: str) -> None:
    with override_settings(FASTSTAR={name: "CANARY"}), pytest.raises(CommandError) as refused:
        call_command("faststar_sandbox")
    assert f'FASTSTAR["{name}"] is fixed in the settings' in str(refused.value)
    assert "CANARY" not in str(refused.value)


@NO_KEYS
def test_without_the_binary_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("FASTSTAR_SANDBOX", str(tmp_path / "none"))
    with pytest.raises(CommandError, match="none"):
        call_command("faststar_sandbox", stdout=StringIO())


@NO_KEYS
def test_without_a_webhook_view_it_says_how_to_have_one() -> None:
    nothing = urls(path("admin/", admin.site.urls))
    with nothing, pytest.raises(CommandError, match=r'include "faststar.django.urls"'):
        call_command("faststar_sandbox")


def test_it_finds_the_view_wherever_it_is() -> None:
    find = faststar_sandbox._webhook_url
    assert find("8000") == "http://127.0.0.1:8000/webhooks/faststar/"
    assert find("0.0.0.0:9000") == "http://127.0.0.1:9000/webhooks/faststar/"
    with urls(path("paid/", awebhook)):
        assert find("8000") == "http://127.0.0.1:8000/paid/"


def test_it_runs_without_the_key_that_it_gives() -> None:
    command: BaseCommand = faststar_sandbox.Command()
    assert not command.requires_system_checks
