"""Finds the sandbox's binary."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

from .._errors import ConfigurationError

#: Names the binary where it is not the installed one.
VARIABLE = "FASTSTAR_SANDBOX"


def sandbox_binary() -> str:
    """Gives the path of the binary ``faststar``, which has the sandbox.

    It is the one that the environment variable ``FASTSTAR_SANDBOX`` names; else the one that
    ``faststar[sandbox]`` installed beside this interpreter; else the first on ``PATH``.

    Raises:
        ConfigurationError: There is none.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if _is_program(named):
            return named
        raise _missing(f"{VARIABLE} names no program: {named}")
    name = "faststar" + (sysconfig.get_config_var("EXE") or "")
    for folder in _script_folders():
        installed = os.path.join(folder, name)
        if _is_program(installed):
            return installed
    found = shutil.which(name)
    if found is None:
        raise _missing('the sandbox is not installed: pip install "faststar[sandbox]"')
    return found


def _script_folders() -> list[str]:
    """Lists where pip puts programs: for this interpreter, for the user, and with ``--target``."""
    if sys.version_info >= (3, 10):
        user = sysconfig.get_preferred_scheme("user")
    else:
        user = f"{os.name}_user"
    return [
        sysconfig.get_path("scripts"),
        sysconfig.get_path("scripts", scheme=user),
        str(Path(__file__).resolve().parents[2] / "bin"),
    ]


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _missing(message: str) -> ConfigurationError:
    return ConfigurationError(message, code="invalid_configuration")
