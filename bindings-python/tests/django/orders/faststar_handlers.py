"""Found by the app; the tests register handlers of their own."""

from faststar.django import on


@on("settlement.succeeded")
def found(event):
    """Is only looked at."""
