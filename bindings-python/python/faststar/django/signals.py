"""Signals of the webhooks, for what handlers do not fit. Each has ``event``, a `faststar.Event`."""

from __future__ import annotations

from django.dispatch import Signal

#: A verified event is about to be handled, in the transaction of its handlers: a receiver that
#: raises rolls it back. It is sent again with each attempt and not for an event that is done. An
#: event counts as handled where this signal has a receiver.
webhook_received = Signal()

#: The event is done and stored. A receiver that raises is logged and changes nothing.
webhook_processed = Signal()

#: No handler takes the event's type, so it is kept. A receiver that raises changes nothing.
webhook_unhandled = Signal()

#: A handler raised ``error`` and everything was rolled back; FastStar will send the event again,
#: unless the error is a `GiveUp`.
#: A receiver that raises is logged and changes nothing.
webhook_failed = Signal()
