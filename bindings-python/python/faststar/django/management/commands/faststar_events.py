"""``manage.py faststar_events``"""

# pyright finds types of Django's that it does not know.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from faststar.django.inbox import Outcome, run_again
from faststar.django.models import WebhookEvent
from faststar.django.retention import Pruned, prune

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_OPEN = [
    WebhookEvent.State.FAILED,
    WebhookEvent.State.UNHANDLED,
    WebhookEvent.State.GIVEN_UP,
]


class Command(BaseCommand):
    """Lists the inbox, runs events again, and prunes what is old."""

    help = "Lists the events of the inbox, runs them again, and prunes what is old."

    def add_arguments(self, parser: CommandParser) -> None:
        """Names the arguments."""
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

        listed = commands.add_parser("list", help="Lists events, the newest first.")
        _add_filters(listed)
        listed.add_argument("--limit", type=_positive, default=50, help="How many at most; 50.")

        replayed = commands.add_parser(
            "replay",
            help="Runs the handlers of events again, the oldest first: those that are named, or "
            "those that are failed, unhandled or given up.",
        )
        replayed.add_argument("ids", nargs="*", metavar="ID", help="An event's id, evt_...")
        _add_filters(replayed)
        replayed.add_argument(
            "--force",
            action="store_true",
            help="Runs processed events too. Their effects then happen twice.",
        )

        pruned = commands.add_parser(
            "prune",
            help="Empties the bodies of processed events, and what attempts to pay have sent, "
            "after BODY_RETENTION_DAYS.",
        )
        pruned.add_argument("--days", type=_days, help="Another age than BODY_RETENTION_DAYS.")
        pruned.add_argument(
            "--all", action="store_true", help="Empties those that are not processed too."
        )
        pruned.add_argument(
            "--rows",
            type=_days,
            metavar="DAYS",
            help="Deletes the rows of events processed so many days ago. If FastStar sends one of "
            "them again, it runs again.",
        )
        pruned.add_argument(
            "--batch", type=_positive, default=500, help="How many rows one statement changes; 500."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs one of the commands."""
        getattr(self, f"_{options['command']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        labels = dict(WebhookEvent.State.choices)
        found = _filtered(options).order_by("-received_at", "-pk")[: options["limit"]]
        for record in found:
            came = record.received_at.isoformat(sep=" ", timespec="seconds")
            state = str(labels.get(record.state, record.state))
            parts = (record.pk, record.type, state, came, record.error)
            self.stdout.write("  ".join(part for part in parts if part))
        if not found:
            self.stderr.write("No event is like that.")

    def _replay(self, options: dict[str, Any]) -> None:
        outcomes: Counter[str] = Counter()
        for record in _chosen(options):
            try:
                told = run_again(record, force=options["force"]).value
            except ValueError as error:
                told = "refused"
                self.stderr.write(str(error))
            if told == Outcome.DUPLICATE.value:
                # Another process was first.
                told = Outcome.PROCESSED.value
            outcomes[told] += 1
            self.stdout.write(f"{record.pk}  {record.type}  {told}")
        wrong = {told: n for told, n in outcomes.items() if told != Outcome.PROCESSED.value}
        if wrong:
            raise CommandError(", ".join(f"{n} {told}" for told, n in wrong.items()))
        if not outcomes:
            self.stderr.write("No event is like that.")

    def _prune(self, options: dict[str, Any]) -> None:
        done: Pruned = prune(
            days=options["days"],
            unfinished=options["all"],
            rows_days=options["rows"],
            batch=options["batch"],
        )
        self.stdout.write(
            f"Emptied {done.bodies} events and {done.attempts} attempts to pay; deleted "
            f"{done.rows} events."
        )
        if done.kept:
            self.stderr.write(
                f"{done.kept} old events are not processed, so their bodies stay: replay them, or "
                "prune with --all."
            )


def _add_filters(parser: Any) -> None:
    states = ["processed", *(state.value for state in _OPEN)]
    parser.add_argument(
        "--state", choices=states, action="append", help="Only these states. May be repeated."
    )
    parser.add_argument("--type", help="Only this type of events.")
    parser.add_argument(
        "--since", type=_since, help="Only what came since: 2026-11-28, 2026-11-28T10:00, 90m, 2d."
    )


def _filtered(options: dict[str, Any]) -> QuerySet[WebhookEvent]:
    found = WebhookEvent.objects.using(router.db_for_write(WebhookEvent))
    if options["state"]:
        found = found.filter(state__in=options["state"])
    if options["type"]:
        found = found.filter(type=options["type"])
    if options["since"]:
        found = found.filter(received_at__gte=options["since"])
    return found.all()


def _chosen(options: dict[str, Any]) -> Iterator[WebhookEvent]:
    if not any(options[name] for name in ("ids", "state", "type", "since")):
        raise CommandError("name events by their ids, or choose them with --state or --since")
    if WebhookEvent.State.PROCESSED in (options["state"] or ()) and not options["force"]:
        raise CommandError(
            "processed events run again only with --force, and their effects then happen twice"
        )
    found = _filtered(options)
    if options["ids"]:
        found = found.filter(pk__in=options["ids"])
        there = set(found.values_list("pk", flat=True))
        unknown = [id for id in options["ids"] if id not in there]
        if unknown:
            raise CommandError(f"the inbox has no such event: {', '.join(unknown)}")
    wanted = options["state"] or _OPEN
    if not options["ids"]:
        found = found.filter(state__in=wanted)
    ids = list(found.order_by("received_at", "pk").values_list("pk", flat=True))
    rows = WebhookEvent.objects.using(found.db)
    for id in ids:
        # Read now: FastStar may have sent it again while the one before it ran.
        record = rows.get(pk=id)
        if record.state in wanted or options["ids"]:
            yield record


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ArgumentTypeError("must be 1 or more")
    return number


def _days(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1e6:
        raise ArgumentTypeError("must be a number of days, 0 or more")
    return number


def _since(text: str) -> datetime:
    ago = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if ago:
        return timezone.now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        day = parse_date(text)
        moment = datetime(day.year, day.month, day.day) if day else parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ArgumentTypeError(f"{text!r} is no time: write 2026-11-28, 2026-11-28T10:00, 90m, 2d")
    return _as_stored(moment)


def _as_stored(moment: datetime) -> datetime:
    """Gives a time as the database has it, with a zone or without."""
    from django.conf import settings

    if settings.USE_TZ and timezone.is_naive(moment):
        return timezone.make_aware(moment)
    if not settings.USE_TZ and timezone.is_aware(moment):
        return timezone.make_naive(moment)
    return moment
