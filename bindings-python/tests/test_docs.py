"""The Python in the documents runs as it is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from built import ROOT, SANDBOX
from run_markdown import Block, blocks

RUNNER = Path(__file__).with_name("run_markdown.py")


def run(*files, cwd):
    return subprocess.run(
        [sys.executable, RUNNER, *files],
        cwd=cwd,
        env={**os.environ, "FASTSTAR_SANDBOX": SANDBOX},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_python_of_the_documents_runs():
    ran = run("README.md", "docs/python.md", cwd=ROOT)
    assert ran.returncode == 0, ran.stdout
    assert "python.md:" in ran.stdout


def test_blocks_are_found_with_their_lines():
    text = "# A\n\n```python\na = 1\n```\n\n```py\nb\n```\n```sh\nc\n```\n```python\nd\n```\n"
    assert blocks(text) == [Block("a = 1\n", 4), Block("d\n", 14)]


def test_a_block_sees_those_before_it_and_the_sandbox(tmp_path):
    (tmp_path / "good.md").write_text(
        "```python\nfrom faststar import FastStar\nname = 'Tea'\n```\n"
        "```python\nassert FastStar().catalog.products.create(name=name).name == 'Tea'\n```\n"
    )
    ran = run("good.md", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "good.md:2\ngood.md:6\n2 blocks ran\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# A\n```python\nassert False, 'wrong'\n```\n", 'bad.md", line 3'),
        ("```python\ndef test_it():\n    assert False, 'wrong'\n```\n", "1 failed"),
        ("```py\na\n```\n", "0 blocks ran"),
    ],
)
def test_what_does_not_run_fails(tmp_path, text, told):
    (tmp_path / "bad.md").write_text(text)
    ran = run("bad.md", cwd=tmp_path)
    assert ran.returncode != 0 and told in ran.stdout, ran.stdout
