"""docs/django.md is a project that works."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Callable

import pytest
from django.core.management import call_command
from faststar.django import conf
from postgres import Postgres

ROOT = Path(__file__).resolve().parents[3]
RECIPE = Path(__file__).with_name("recipe.py")
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project with the files of the page, each named in its block's first line."""
    call_command("startproject", "docs", tmp_path)
    (tmp_path / "orders" / "templates" / "orders").mkdir(parents=True)
    (tmp_path / "orders" / "__init__.py").touch()
    text = (ROOT / "docs" / "django.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:python\n#|html\n<!--) (\S+)(?: -->)?\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == text.count("```python") + text.count("```html")
    for name, code in blocks:
        file = tmp_path / ("docs" if "/" not in name else "") / name
        before = file.read_text() if name == "settings.py" else ""
        file.write_text(before + code)
    return tmp_path


def environment(**values: str) -> dict[str, str]:
    mine = {k: v for k, v in os.environ.items() if k not in conf.ENVIRONMENT.values()}
    mine.pop("DJANGO_SETTINGS_MODULE", None)
    mine.setdefault("FASTSTAR_SANDBOX", str(TARGET / "debug" / "faststar"))
    return {**mine, **values}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def run(project: Path, *arguments: str, **values: str) -> str:
    """Runs Python in the project and gives what it told."""
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=environment(DJANGO_SETTINGS_MODULE="docs.settings", **values),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--ds=docs.settings")


def test_its_tests_pass_without_any_secret(project: Path) -> None:
    assert "2 passed" in run(project, *PYTEST, "orders")


def test_it_has_nothing_to_warn_of_but_the_secrets(project: Path) -> None:
    run(project, "manage.py", "makemigrations", "orders")
    told = run(project, "manage.py", "check")
    assert set(re.findall(r"faststar\.\w+", told)) == {"faststar.W003", "faststar.W004"}
    keys = {"FASTSTAR_API_KEY": "sk_test", "FASTSTAR_WEBHOOK_SECRET": "whsec_test"}
    assert "no issues" in run(project, "manage.py", "check", **keys)


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_its_recipe_holds_an_orders_life_long(project: Path, vendor: str) -> None:
    (project / "test_recipe.py").write_text(RECIPE.read_text())
    values = {"RECIPE_DATABASE": vendor}
    if vendor == "postgresql":
        server = Postgres()
        database: Any = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "recipe",
            "USER": "postgres",
            "HOST": server.socket,
        }
    else:
        # In a file, since forty threads share it.
        name = str(project / "recipe.db")
        database = {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            "TEST": {"NAME": name},
            "OPTIONS": {"timeout": 30},
        }
    with open(project / "docs" / "settings.py", "a") as settings:
        settings.write(f'DATABASES = {{"default": {database!r}}}\n')
    try:
        told = run(project, *PYTEST, "test_recipe.py", **values)
    finally:
        if vendor == "postgresql":
            server.stop()
    tests = RECIPE.read_text().count("\ndef test_")
    assert f"{tests} passed" in told


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def test_an_order_is_paid_in_the_sandbox(project: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    log = project / "log"
    first = ["--first", "makemigrations orders", "--first", "migrate"]
    with open(log, "w") as writer:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "faststar_sandbox", "--port", "0", str(port), *first],
            cwd=project,
            env=environment(PYTHONUNBUFFERED="1"),
            stdout=writer,
            stderr=subprocess.STDOUT,
        )
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPCookieProcessor(jar))
    page = f"http://127.0.0.1:{port}/orders/A-17/"

    def pay() -> str | None:
        try:
            with opener.open(page, timeout=30) as answer:
                form = answer.read().decode()
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
            assert token is not None
            opener.open(f"{page}pay/", f"csrfmiddlewaretoken={token[1]}".encode(), timeout=30)
        except urllib.error.HTTPError as answer:
            return answer.headers["Location"]
        except OSError:
            assert server.poll() is None, log.read_text()
        return None

    try:
        until(lambda: server.poll() is not None or "Quit the server" in log.read_text())
        assert server.poll() is None, log.read_text()
        database = sqlite3.connect(project / "db.sqlite3")
        with database:
            database.execute(
                "insert into orders_order (number, amount, currency, state, payment_id, note) "
                "values ('A-17', 999, 'EUR', 'pending', '', '')"
            )
        until(lambda: pay() is not None)
        cashier = urllib.parse.urlsplit(pay() or "")
        token = urllib.parse.parse_qs(cashier.query)["token"][0]
        url = (
            f"http://{cashier.netloc}{cashier.path.replace('/checkout/', '/cashier/v1/sessions/')}"
        )
        body = json.dumps({"token": token, "card": {"number": "4242424242424242"}}).encode()
        request = urllib.request.Request(f"{url}/pay", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30)
        until(lambda: database.execute("select state from orders_order").fetchone() == ("paid",))
        database.close()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
