"""The handlers of webhooks: which function runs for which event."""

from __future__ import annotations

from typing import Any, Callable, TypeVar

from asgiref.sync import async_to_sync, iscoroutinefunction

from faststar import Event

Handler = TypeVar("Handler", bound=Callable[[Event], Any])

#: Stands for every type of event.
ANY = "*"

_registered: list[tuple[frozenset[str], Callable[[Event], Any]]] = []


def on(*types: str) -> Callable[[Handler], Handler]:
    """Registers a handler for one or several types of events; ``"*"`` is every type.

    Put it in the module ``faststar_handlers`` of an app, which is found by itself. The handler gets
    the verified `faststar.Event` and runs in a database transaction that also marks the event as
    done. It runs once: where it raises, everything it did in that database is rolled back, and
    FastStar sends the event again later. So let errors pass, raise `GiveUp` where no retry will
    help, and leave what cannot be rolled back, such as an e-mail, to `on_commit`.

    Handlers run in the order of their registration. They may be ``async def``; their ORM calls are
    in the same transaction.

    ::

        @on("payment.succeeded")
        def fulfil(event):
            ...
    """
    if not types or callable(types[0]):
        raise TypeError('name the types of events: @on("payment.succeeded")')

    def register(handler: Handler) -> Handler:
        _registered.append((frozenset(types), handler))
        return handler

    return register


def registered_types() -> set[str]:
    """Gives the types that some handler names."""
    return {one for types, _ in _registered for one in types}


def registered() -> list[Callable[[Event], Any]]:
    """Gives all handlers, each once."""
    return list(dict.fromkeys(handler for _, handler in _registered))


def handlers_of(type: str) -> list[Callable[[Event], Any]]:
    """Gives the handlers of a type, each once, in the order of their registration."""
    found = (handler for types, handler in _registered if type in types or ANY in types)
    return list(dict.fromkeys(found))


def dispatch(event: Event) -> None:
    """Runs the handlers of an event. What one raises goes to the caller."""
    for handler in handlers_of(event.type):
        if iscoroutinefunction(handler):
            async_to_sync(handler)(event)
        else:
            handler(event)
