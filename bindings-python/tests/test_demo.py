"""examples/demo.py tells its story to the end."""

from __future__ import annotations

import os
import subprocess
import sys

from built import ROOT, SANDBOX


def test_the_demo_sells_receives_and_verifies():
    told = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"],
        env={**os.environ, "FASTSTAR_SANDBOX": SANDBOX, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    ).stdout.decode()
    for part in (
        "10.79 USD",
        "7.82 EUR",
        "order_10042 can be shipped",
        "is complete",
        "verifier says",
    ):
        assert part in told, told
