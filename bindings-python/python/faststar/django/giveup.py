"""A failure that no retry will mend."""

from __future__ import annotations


class GiveUp(Exception):
    """Ends an event that no retry will mend.

    Raise it in a handler. Everything that the handlers did with the event is rolled back, the inbox
    keeps the event as ``given up`` with your text, the log has it once, and FastStar is answered
    with 200, so that it does not send the event again. The text is shown in the admin: keep the
    buyer's data out of it. Once the cause is mended, ``manage.py faststar_events replay`` or the
    admin runs the event again.

    ::

        raise GiveUp(f"{payment.payment_id} is for no order of this shop")
    """
