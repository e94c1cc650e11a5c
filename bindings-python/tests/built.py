"""Where this checkout and what was built of it are."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))

#: The sandbox that is tested: the debug build, where FASTSTAR_SANDBOX names no other.
SANDBOX = os.environ.get("FASTSTAR_SANDBOX", str(_TARGET / "debug" / "faststar"))
