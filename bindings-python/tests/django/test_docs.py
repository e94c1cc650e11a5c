"""docs/django.md is a project that works."""

from __future__ import annotations

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

ROOT = Path(__file__).resolve().parents[3]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project with the files of the page, each named in its block's first line."""
    call_command("startproject", "docs", tmp_path)
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "__init__.py").touch()
    text = (ROOT / "docs" / "django.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == text.count("```python")
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


def test_its_tests_pass(project: Path) -> None:
    keys = environment(FASTSTAR_API_KEY="sk_test", FASTSTAR_WEBHOOK_SECRET="whsec_test")
    command = [sys.executable, "manage.py", "test"]
    ran = subprocess.run(command, cwd=project, env=keys, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "Ran 2 tests" in ran.stderr


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
    opener = urllib.request.build_opener(NoRedirect)

    def pay() -> str | None:
        try:
            opener.open(f"http://127.0.0.1:{port}/orders/1/pay/", timeout=30)
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
            values = "(id, total, currency, paid) values (1, 999, 'EUR', 0)"
            database.execute(f"insert into orders_order {values}")
        until(lambda: pay() is not None)
        cashier = urllib.parse.urlsplit(pay() or "")
        token = urllib.parse.parse_qs(cashier.query)["token"][0]
        url = (
            f"http://{cashier.netloc}{cashier.path.replace('/checkout/', '/cashier/v1/sessions/')}"
        )
        body = json.dumps({"token": token, "card": {"number": "4242424242424242"}}).encode()
        request = urllib.request.Request(f"{url}/pay", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30)
        until(lambda: database.execute("select paid from orders_order").fetchone() == (1,))
        database.close()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
