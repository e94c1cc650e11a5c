"""The names of annotations, from wherever this Python has them.

Nothing imports it to make a call: see `_lazy`.
"""

from __future__ import annotations

import sys
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Optional, TypeVar, Union

if TYPE_CHECKING:
    from typing_extensions import Self, TypedDict, Unpack
elif sys.version_info >= (3, 12):
    from typing import Self, TypedDict, Unpack
else:
    # pydantic takes no TypedDict of an older typing, and brings typing_extensions itself.
    try:
        from typing_extensions import Self, TypedDict, Unpack
    except ImportError:
        from typing import TypedDict

        if sys.version_info >= (3, 11):
            from typing import Self, Unpack
        else:
            Self = TypeVar("Self")

            class Unpack:
                """Gives what it is given: nothing that reads it here takes it apart."""

                def __class_getitem__(cls, item: object) -> object:
                    return item


__all__ = [
    "Any",
    "AsyncIterator",
    "Callable",
    "Coroutine",
    "Generator",
    "Iterable",
    "Iterator",
    "Literal",
    "Mapping",
    "Optional",
    "Self",
    "Sequence",
    "TracebackType",
    "TypedDict",
    "Union",
    "Unpack",
]
