"""``manage.py faststar_sandbox``"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import FrameType
from typing import Any, Callable

from django.core.management.base import BaseCommand, CommandError, CommandParser

from faststar import ConfigurationError
from faststar.django import conf, views
from faststar.django.sandbox import SandboxProcess


class Command(BaseCommand):
    """Runs the development server together with a sandbox that it sells in."""

    help = (
        "Starts a FastStar sandbox and the development server with the sandbox's key and secret in "
        "its environment. The sandbox's webhooks go to the server. Ctrl-C ends both."
    )
    # The key and the secret that the checks miss come from this command.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Names the arguments."""
        parser.add_argument(
            "addrport", nargs="?", default="8000", help="As for runserver: port, or address:port."
        )
        parser.add_argument(
            "--port", type=int, default=4250, help="The sandbox's port; 0 picks a free one."
        )
        parser.add_argument(
            "--db",
            help="The sandbox's database file; without one it forgets everything at the end.",
        )
        parser.add_argument(
            "--merchant", choices=("direct", "mor"), help="What the sandbox's merchant is."
        )
        parser.add_argument(
            "--webhook", metavar="URL", help="Where webhooks go; the server's webhook view."
        )
        parser.add_argument(
            "--first",
            metavar="COMMAND",
            action="append",
            default=[],
            help="A management command to run before the server, such as migrate. May be repeated.",
        )
        parser.add_argument(
            "--only",
            action="store_true",
            help="Starts no server; prints the environment for one that you start.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs until Ctrl-C."""
        if not options["only"]:
            _refuse_fixed_settings()
        webhook = options["webhook"] or _webhook_url(options["addrport"])
        command = ["--port", str(options["port"]), "--webhook", webhook]
        if options["db"]:
            command += ["--db", options["db"]]
        if options["merchant"] or conf.get("MERCHANT"):
            command += ["--merchant", options["merchant"] or conf.get("MERCHANT")]
        before = signal.signal(signal.SIGTERM, _exit)
        try:
            sandbox = SandboxProcess(command)
        except ConfigurationError as error:
            raise CommandError(str(error)) from error
        try:
            self._tell(sandbox, webhook)
            if options["only"]:
                sandbox.wait()
            else:
                for first in options["first"]:
                    if _manage(first.split(), sandbox, lambda: False) != 0:
                        raise CommandError(f"{first} failed, so the server was not started")
                _manage(["runserver", options["addrport"]], sandbox, sandbox.has_ended)
                if sandbox.has_ended():
                    raise CommandError("the sandbox has ended, and so did the server")
        except KeyboardInterrupt:
            pass
        finally:
            sandbox.stop()
            signal.signal(signal.SIGTERM, before)

    def _tell(self, sandbox: SandboxProcess, webhook: str) -> None:
        self.stdout.write("The FastStar sandbox is ready; Ctrl-C ends it.\n\n")
        for name, value in sandbox.environment.items():
            self.stdout.write(f"export {name}={value}\n")
        self.stdout.write(f"\nWebhooks go to {webhook}\n\n")
        self.stdout.flush()


def _refuse_fixed_settings() -> None:
    """Refuses settings that would win over the sandbox's environment: perhaps a live key."""
    for name, variable in conf.ENVIRONMENT.items():
        value = conf.in_settings(name)
        if value and value != os.environ.get(variable):
            raise CommandError(
                f'FASTSTAR["{name}"] is fixed in the settings, so the server would not use the '
                f"sandbox: leave it out of the dict for development, and set {variable} elsewhere"
            )


def _webhook_url(addrport: str) -> str:
    path = views.find_path()
    if path is not None:
        return f"http://127.0.0.1:{addrport.rpartition(':')[2]}{path}"
    raise CommandError(
        'no URL leads to the webhook view: include "faststar.django.urls" in your urls, or say '
        "where it is with --webhook"
    )


def _manage(arguments: list[str], sandbox: SandboxProcess, given_up: Callable[[], bool]) -> int:
    """Runs a management command in the sandbox's environment and gives its exit code."""
    environment = {**os.environ, **sandbox.environment}
    process = subprocess.Popen([sys.executable, sys.argv[0], *arguments], env=environment)
    try:
        while True:
            try:
                return process.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                if given_up():
                    return 1
    finally:
        # On Ctrl-C the terminal has told it already; told twice does no harm.
        process.terminate()
        process.wait()


def _exit(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
