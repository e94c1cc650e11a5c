"""What tools read at run time: annotations, docstrings, typed dicts."""

from __future__ import annotations

import ast
import inspect
import pydoc
import subprocess
import sys
import types
import typing
from pathlib import Path

import faststar
import faststar.testing
import faststar.types
import pydantic
import pytest
from faststar.types import CartParams, CreateSessionParams, LineItemParams


def public_callables():
    for module in (faststar, faststar.testing):
        for name in module.__all__:
            thing = getattr(module, name)
            if not callable(thing):
                continue
            yield name, thing
            if not inspect.isclass(thing):
                continue
            for member, value in inspect.getmembers(thing):
                if member.startswith("_") and member not in ("__init__", "__enter__", "__aenter__"):
                    continue
                if isinstance(value, property):
                    value = value.fget
                elif hasattr(value, "func"):
                    value = value.func
                if inspect.isroutine(value):
                    yield f"{name}.{member}", value


CALLABLES = dict(public_callables())


@pytest.mark.parametrize("name", CALLABLES)
def test_hints_are_read_at_run_time(name):
    thing = CALLABLES[name]
    hints = typing.get_type_hints(thing)
    if isinstance(thing, types.FunctionType):
        assert set(hints) == set(thing.__annotations__)
        assert not any(isinstance(hint, str) for hint in hints.values())


def test_hints_say_what_is_meant():
    hints = typing.get_type_hints(faststar.FastStar.__init__)
    assert hints["api_key"] == typing.Optional[str]
    assert hints["merchant"] == typing.Optional[typing.Literal["direct", "mor"]]
    assert typing.get_type_hints(faststar.Sessions.retrieve)["return"] is faststar.Session
    assert typing.get_type_hints(faststar.Webhook.verify)["return"] is faststar.Event
    assert len(CALLABLES) > 100


def test_hints_need_no_typing_extensions():
    script = """
import sys
sys.modules["typing_extensions"] = None
import typing, faststar, faststar.testing, faststar.types
for thing in (faststar.FastStar.__enter__, faststar.Sessions.create, faststar.quote,
              faststar.AsyncFastStar.__aenter__, faststar.testing.Merchant.__enter__):
    assert typing.get_type_hints(thing), thing
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def declared():
    """Gives each public class of the typed face."""
    face = Path(faststar._faststar.__file__).with_name("_faststar.pyi")
    for node in ast.parse(face.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            real = getattr(faststar, node.name, None)
            if getattr(real, "__module__", "") == "faststar":
                yield node, real


def test_help_tells_what_the_typed_face_tells():
    told = 0
    for node, real in declared():
        assert inspect.getdoc(real).split("\n")[0] == ast.get_docstring(node).split("\n")[0]
        for member in node.body:
            if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                doc = ast.get_docstring(member)
                assert doc, f"{node.name}.{member.name} has no docstring"
                assert inspect.getdoc(getattr(real, member.name)) == doc
                told += 1
    assert told > 60


def test_no_field_of_a_result_is_without_a_docstring():
    for name in faststar.__all__:
        kind = getattr(faststar, name)
        if inspect.isclass(kind) and kind.__module__ == "faststar":
            for member, value in vars(kind).items():
                assert member.startswith("_") or value.__doc__, f"{name}.{member}"


@pytest.mark.parametrize("kind", [faststar.FastStar, faststar.AsyncFastStar])
def test_help_shows_the_groups_of_calls(kind):
    shown = pydoc.plain(pydoc.render_doc(kind))
    assert "checkout\n |      The calls about checkout sessions." in shown
    assert "catalog\n |      The calls about products and prices." in shown


PARAMS = [getattr(faststar.types, name) for name in vars(faststar.types) if name.endswith("Params")]


@pytest.mark.parametrize("params", PARAMS, ids=lambda params: params.__name__)
def test_pydantic_takes_the_types(params):
    schema = pydantic.TypeAdapter(params).json_schema()
    assert schema["properties"]


def test_pydantic_refuses_what_is_not_meant():
    session = pydantic.TypeAdapter(CreateSessionParams)
    good = {"mode": "payment", "presentation": "link", "line_items": [{"price_id": "p"}]}
    assert session.validate_python(good) == good
    for wrong in ({"mode": "paymnt"}, {"presentation": "lnk"}, {"line_items": [{"quantity": "x"}]}):
        with pytest.raises(pydantic.ValidationError):
            session.validate_python({**good, **wrong})
    for params in (LineItemParams, CartParams):
        with pytest.raises(pydantic.ValidationError):
            pydantic.TypeAdapter(params).validate_python([])
