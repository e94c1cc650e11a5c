"""Stands in at run time for what takes longer to import than this package."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Generic:
    """`typing.Generic`: a base whose subscripts are for type checkers."""

    __slots__ = ()

    def __class_getitem__(cls, item: object) -> type:
        return cls


class cached_property:
    """`functools.cached_property`: all threads share its object, and `help` shows its docstring."""

    name: str

    def __init__(self, func: Callable[[object], object]) -> None:
        self.func = func
        self.__doc__ = func.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: object = None) -> object:
        if instance is None:
            return self
        value: object = instance.__dict__.setdefault(self.name, self.func(instance))
        return value

    def __set__(self, instance: object, value: object) -> None:
        instance.__dict__[self.name] = value

    def __delete__(self, instance: object) -> None:
        instance.__dict__.pop(self.name, None)
