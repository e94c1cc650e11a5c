"""What tools read at run time of the Django app."""

from __future__ import annotations

import inspect
import types
import typing

import faststar.django
import pytest
from faststar.django import retention, testing, views

NAMES = [
    *((faststar.django, name) for name in faststar.django.__all__),
    (testing, "sell_as"),
    (retention, "prune"),
    (retention, "Pruned"),
    (views, "webhook"),
    (views, "awebhook"),
]


@pytest.mark.parametrize(("module", "name"), NAMES, ids=lambda given: str(given))
def test_hints_are_read_at_run_time(module: types.ModuleType, name: str) -> None:
    thing = getattr(module, name)
    hints = typing.get_type_hints(thing)
    assert set(hints) >= set(getattr(inspect.unwrap(thing), "__annotations__", {}))
    if inspect.isfunction(thing):
        assert hints and not any(isinstance(hint, str) for hint in hints.values())
