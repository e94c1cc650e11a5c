"""What the shop's tests share: a sandbox, and a shop that sells in it."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from faststar.django.sandbox import SandboxProcess

SHOP = Path(__file__).resolve().parents[1]
REPOSITORY = SHOP.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
os.environ.setdefault("FASTSTAR_SANDBOX", str(TARGET / "debug" / "faststar"))


class Sandbox(SandboxProcess):
    """A sandbox, and the calls that only a sandbox has."""

    def __init__(self) -> None:
        super().__init__(["--port", "0"])
        self.url = self.environment["FASTSTAR_BASE_URL"].removesuffix("/api/v1")

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Gets a path, or posts to it, and gives the answer's data."""
        headers = {
            "Content-Type": "application/json",
            "X-API-Key": self.environment["FASTSTAR_API_KEY"],
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    running = Sandbox()
    yield running
    running.stop()


@pytest.fixture
def shop(sandbox: Sandbox, settings: Any, db: None) -> Client:
    """A buyer in the shop, in this process."""
    settings.FASTSTAR = {
        "API_KEY": sandbox.environment["FASTSTAR_API_KEY"],
        "BASE_URL": sandbox.environment["FASTSTAR_BASE_URL"],
        "WEBHOOK_SECRET": sandbox.environment["FASTSTAR_WEBHOOK_SECRET"],
    }
    call_command("seed_catalog")
    return Client()
