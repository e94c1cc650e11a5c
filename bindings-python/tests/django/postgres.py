"""A private PostgreSQL server on a Unix socket, for as long as the tests run."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path


class Postgres:
    """Starts a new cluster in a directory of its own, without a TCP port.

    Attributes:
        socket: The directory of its socket: what a client takes as the host.
    """

    socket: str

    def __init__(self) -> None:
        binaries = _binaries()
        self.socket = tempfile.mkdtemp(prefix="fs-pg-")
        data = os.path.join(self.socket, "data")
        # The server refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self.socket, self._user)
            os.chmod(self.socket, 0o755)
        run = {"user": self._user, "cwd": self.socket}
        subprocess.run(
            [f"{binaries}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            **run,
        )
        settings = {"listen_addresses": "", "unix_socket_directories": self.socket, "fsync": "off"}
        options = [part for pair in settings.items() for part in ("-c", "=".join(pair))]
        self._log = open(os.path.join(self.socket, "log"), "wb")  # noqa: SIM115
        self._process = subprocess.Popen(
            [f"{binaries}/postgres", "-D", data, *options],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            **run,
        )
        ready = [f"{binaries}/psql", "-h", self.socket, "-U", "postgres", "-c", "select 1"]
        deadline = time.monotonic() + 60
        while subprocess.run(ready, capture_output=True).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"PostgreSQL did not start; see {self._log.name}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends the server, with whatever is connected."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        self._log.close()
        shutil.rmtree(self.socket)


def _binaries() -> str:
    # Debian keeps them off the PATH.
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    initdb = found[-1] if found else shutil.which("initdb")
    if initdb is None:
        raise RuntimeError("these tests need a PostgreSQL server: apt-get install postgresql")
    return str(Path(initdb).resolve().parent)
