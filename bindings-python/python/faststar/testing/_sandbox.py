"""A sandbox process that ends with the test."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import weakref
from types import TracebackType
from typing import IO, Any, Optional, Union

from .._errors import ConfigurationError
from .._typing import Self
from ..types import MerchantKind
from ._binary import sandbox_binary
from ._control import Control
from ._merchant import Merchant

# How long a stop may take; the sandbox answers what has come and sends what is being sent.
_STOP = 15


class Sandbox:
    """A sandbox on a free port of this machine, with a merchant in it.

    It ends when it is closed, at the interpreter's exit, and also when this process is killed.

    Args:
        kind: What its first merchant is: ``"direct"`` or ``"mor"`` (Merchant of Record).
        database: A file that keeps everything; in memory where it is not given.
        binary: The program; what `sandbox_binary` finds where it is not given.
        timeout: How many seconds the start may take.

    Raises:
        ConfigurationError: The binary is missing, or did not start.

    Attributes:
        url: Where it listens: ``http://127.0.0.1:4250``.
        merchant: The merchant that it has from the start.
    """

    url: str
    merchant: Merchant

    def __init__(
        self,
        *,
        kind: MerchantKind = "direct",
        database: Optional[Union[str, os.PathLike[str]]] = None,
        binary: Optional[Union[str, os.PathLike[str]]] = None,
        timeout: float = 30,
    ) -> None:
        command = [os.fspath(binary or sandbox_binary()), "sandbox", "--until-stdin-closes"]
        command += ["--port", "0", "--json", "--merchant", kind]
        if database is not None:
            command += ["--db", os.fspath(database)]
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the sandbox)
        self._process = _start(command, self._log)
        # Also where nobody closes it: when it is forgotten, and at exit.
        self._finalizer = weakref.finalize(self, _end, self._process, os.getpid())
        ready = self._ready(timeout)
        self.url = ready["url"]
        self._control = Control(self.url, ready["api_key"])
        self.merchant = Merchant(self, {"kind": kind, **ready})

    def _ready(self, timeout: float) -> Any:
        """Reads the line that says where it listens."""
        assert self._process.stdout is not None
        # Nothing else ends a read of a pipe in time.
        too_late = threading.Timer(timeout, self._process.kill)
        too_late.daemon = True
        too_late.start()
        line = self._process.stdout.readline()
        too_late.cancel()
        if line:
            return json.loads(line)
        self._finalizer()
        message = f"the sandbox did not start: {self.log().strip() or 'it said nothing'}"
        raise ConfigurationError(message, code="invalid_configuration")

    def add_merchant(
        self, *, kind: MerchantKind = "direct", default_currency: str = "USD"
    ) -> Merchant:
        """Makes another merchant, which sees nothing of the others.

        Args:
            kind: ``"mor"`` must reference the catalog, ``"direct"`` may use ad hoc amounts too.
            default_currency: The currency of ad hoc amounts that name none.
        """
        body: dict[str, object] = {"kind": kind, "default_currency": default_currency}
        return Merchant(self, self._control.post("/merchants", body))

    def log(self) -> str:
        """Gives what the sandbox has logged; with ``FASTSTAR_LOG=debug`` it says more."""
        # Without a seek, which would move where the sandbox writes: they share the file's position.
        log = self._log.fileno()
        return os.pread(log, os.fstat(log).st_size, 0).decode(errors="replace")

    def close(self) -> None:
        """Ends the sandbox."""
        self.merchant.close()
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._process.poll() is not None else f"pid={self._process.pid}"
        return f"Sandbox({self.url!r}, {state})"


def _start(command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
    except OSError as error:
        message = f"the sandbox did not start: {command[0]}: {error.strerror}"
        raise ConfigurationError(message, code="invalid_configuration") from error


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    # A fork of this process has the object too, but not the sandbox.
    if os.getpid() != owner:
        return
    process.terminate()
    try:
        process.wait(_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
