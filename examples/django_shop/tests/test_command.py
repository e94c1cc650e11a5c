"""``manage.py faststar_sandbox``: one command for a server and its sandbox."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

import pytest
from conftest import SHOP
from test_end_to_end import Buyer, until


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def start(folder: Path, log: IO[str], *arguments: str) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("FASTSTAR_API_KEY",)}
    return subprocess.Popen(
        [sys.executable, "manage.py", "faststar_sandbox", "--port", "0", *arguments],
        cwd=SHOP,
        env={**environment, "SHOP_SQLITE": str(folder / "shop.db"), "PYTHONUNBUFFERED": "1"},
        stdout=log,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell may have started the tests without an ear for Ctrl-C, which a child would inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "kill"])
def test_it_runs_a_shop_that_gets_paid_and_ends_both(tmp_path: Path, end: signal.Signals) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with open(tmp_path / "log", "w+") as log:
        process = start(
            tmp_path, log, "--first", "migrate", "--first", "seed_catalog -v 1", str(port)
        )
        until(lambda: process.poll() is not None or answers(url))
        told = (tmp_path / "log").read_text()
        assert process.poll() is None, told
        sandbox = re.search(r"export FASTSTAR_BASE_URL=(\S+)/api/v1", told)
        assert sandbox is not None
        assert f"Webhooks go to {url}/webhooks/faststar/" in told

        buyer = Buyer(url)
        page = buyer.order()
        command = re.search(r"curl (\S+) -H .*? -d &#x27;(.*?)&#x27;", buyer.get(page))
        assert command is not None
        body = command[2].replace("&quot;", '"').encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(command[1], body, headers), timeout=30)
        until(lambda: "Thank you." in buyer.get(page))

        process.send_signal(end)
        assert process.wait(timeout=30) == 0, (tmp_path / "log").read_text()
    until(lambda: not answers(url))
    assert not answers(sandbox[1])


def test_it_can_run_the_sandbox_alone(tmp_path: Path) -> None:
    with open(tmp_path / "log", "w+") as log:
        process = start(tmp_path, log, "--only", "--merchant", "mor", "127.0.0.1:8123")
        log_file = tmp_path / "log"
        until(lambda: process.poll() is not None or "Webhooks go to" in log_file.read_text())
        told = log_file.read_text()
        assert process.poll() is None, told
        for name in ("BASE_URL", "API_KEY", "WEBHOOK_SECRET"):
            assert re.search(rf"^export FASTSTAR_{name}=\S+$", told, re.MULTILINE)
        assert "http://127.0.0.1:8123/webhooks/faststar/" in told
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0, log_file.read_text()


def test_a_first_command_that_fails_ends_it(tmp_path: Path) -> None:
    with open(tmp_path / "log", "w+") as log:
        process = start(tmp_path, log, "--first", "no_such_command", str(free_port()))
        assert process.wait(timeout=60) == 1
    assert "no_such_command failed, so the server was not started" in (tmp_path / "log").read_text()


def test_the_server_ends_with_the_sandbox(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with open(tmp_path / "log", "w+") as log:
        process = start(tmp_path, log, "--first", "migrate", str(port))
        until(lambda: process.poll() is not None or answers(url))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        names = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in children}
        (sandbox,) = [pid for pid, name in names.items() if "\0sandbox\0" in name]
        os.kill(int(sandbox), signal.SIGKILL)
        assert process.wait(timeout=30) == 1
    assert "the sandbox has ended, and so did the server" in (tmp_path / "log").read_text()
    until(lambda: not answers(url))
