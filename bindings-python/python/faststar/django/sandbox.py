"""Finds and starts a sandbox for development."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from faststar import ConfigurationError
from faststar.testing import sandbox_binary


class SandboxProcess:
    """A running sandbox.

    Attributes:
        environment: What a server needs to sell in it: its URL, key and secret.
    """

    environment: dict[str, str]

    def __init__(self, options: Sequence[str]) -> None:
        """Starts it with options of ``faststar sandbox`` and waits until it listens.

        Raises:
            ConfigurationError: It is not installed or did not start.
        """
        # It ends with this process, even where that is killed.
        command = [sandbox_binary(), "sandbox", "--json", "--until-stdin-closes", *options]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        except OSError as error:
            raise ConfigurationError(
                f"the sandbox did not start: {command[0]}: {error.strerror}",
                code="invalid_configuration",
            ) from error
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            line = stdout.readline()
        if not line:
            self._process.wait()
            raise ConfigurationError(
                "the sandbox did not start; what it wrote above says why",
                code="invalid_configuration",
            )
        ready = json.loads(line)
        self.environment = {
            "FASTSTAR_BASE_URL": f"{ready['url']}/api/v1",
            "FASTSTAR_API_KEY": ready["api_key"],
            "FASTSTAR_WEBHOOK_SECRET": ready["webhook_secret"],
        }

    def has_ended(self) -> bool:
        """Tells whether it has ended by itself."""
        return self._process.poll() is not None

    def wait(self) -> None:
        """Waits until it ends."""
        self._process.wait()

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait()
