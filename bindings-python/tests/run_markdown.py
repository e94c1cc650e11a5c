"""Runs the Python of Markdown files as it is written, against a sandbox.

``python run_markdown.py FILE…`` runs each block that starts with ```` ```python ````, and no other.
The blocks of a file run in their order, in one namespace. A block that has tests is a file for
pytest. The environment has a fresh merchant's ``FASTSTAR_API_KEY``, ``FASTSTAR_BASE_URL`` and
``FASTSTAR_WEBHOOK_SECRET``. Nothing but the installed package, and pytest, is needed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HAS_TESTS = re.compile(r"^(async )?def test_|^class Test", re.MULTILINE)


class Block(NamedTuple):
    """A piece of code and the line at which it stands."""

    code: str
    line: int


def blocks(text: str) -> list[Block]:
    """Finds the blocks of a Markdown text."""
    return [
        Block(found[1], text.count("\n", 0, found.start(1)) + 1) for found in _BLOCK.finditer(text)
    ]


def run(file: Path) -> int:
    """Runs the blocks of a file, says what it ran, and gives how many there were."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    found = blocks(file.read_text(encoding="utf-8"))
    for block in found:
        print(f"{file}:{block.line}", flush=True)
        if _HAS_TESTS.search(block.code):
            _run_tests(block.code)
        else:
            # The empty lines make a traceback name the line in the Markdown.
            code = compile("\n" * (block.line - 1) + block.code, file, "exec")
            exec(code, namespace)
    return len(found)


def _run_tests(code: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_block.py").write_text(code, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        subprocess.run(command, cwd=folder, check=True)


def main(files: list[str]) -> int:
    """Runs files, each against a merchant of its own; fails where none of them has Python."""
    from faststar.testing import Sandbox

    count = 0
    with Sandbox() as sandbox:
        for file in files:
            with sandbox.add_merchant() as merchant:
                os.environ.update(merchant.env)
                count += run(Path(file))
    print(f"{count} blocks ran")
    return 0 if count > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
