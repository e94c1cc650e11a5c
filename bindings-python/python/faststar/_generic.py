"""Stands in for `typing.Generic` at run time: typing takes longer to import than this package."""

from __future__ import annotations


class Generic:
    """A base whose subscripts are for type checkers."""

    __slots__ = ()

    def __class_getitem__(cls, item: object) -> type:
        return cls
