"""Modules that annotations name, imported when something reads the annotations.

`typing` takes longer to import than this package. ``typing.get_type_hints`` finds each name as an
attribute of `t` or `types`; type checkers see the modules themselves.
"""

from __future__ import annotations

import sys


class Module:
    """Stands for a module until a name of it is asked for."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> object:
        __import__(self._name)
        return getattr(sys.modules[self._name], name)


t = Module("faststar._typing")
types = Module("faststar.types")
