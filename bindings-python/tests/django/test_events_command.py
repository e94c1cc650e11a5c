"""``manage.py faststar_events``: list, replay, prune."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone
from faststar import Event
from faststar.django import GiveUp, on
from faststar.django.inbox import Outcome, receive, run_again
from faststar.django.models import OrderSession, WebhookEvent
from orders.models import Fulfilment
from posts import SECRET, fulfilments, inbox, payment_body

pytestmark = pytest.mark.django_db(databases=["default", "postgresql"], transaction=True)

OF_TYPE = {
    "evt_processed": "payment.succeeded",
    "evt_failed": "payment.failed",
    "evt_given_up": "payment.canceled",
    "evt_unhandled": "invoice.paid",
}


class Told:
    """What a command wrote."""

    def __init__(self, *arguments: str) -> None:
        out, err = StringIO(), StringIO()
        self.error = ""
        try:
            call_command("faststar_events", *arguments, stdout=out, stderr=err)
        except CommandError as error:
            self.error = str(error)
        self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def ids(self) -> list[str]:
        return [line.split()[0] for line in self.out.splitlines()]


@pytest.fixture
def mended(database: str) -> dict[str, bool]:
    """One event in each state, a day between them; and whether handlers work."""
    state = {"mended": False}

    @on("payment.succeeded")
    def fulfil(event: Event) -> None:
        Fulfilment.objects.create(order=event.id)

    @on("payment.failed")
    def fails(event: Event) -> None:
        if not state["mended"]:
            raise ValueError("a name of the buyer")

    @on("payment.canceled")
    def gives_up(event: Event) -> None:
        if not state["mended"]:
            raise GiveUp("no such order")

    for age, (id, type) in zip(range(4, 0, -1), OF_TYPE.items()):
        receive(Event.parse(payment_body(id, type)))
        came = timezone.now() - timedelta(days=age)
        WebhookEvent.objects.filter(pk=id).update(received_at=came)
    return state


def states() -> dict[str, str]:
    return dict(WebhookEvent.objects.values_list("pk", "state"))


def test_it_lists_the_newest_first_by_state_type_and_time(mended: object) -> None:
    assert Told("list").ids == list(reversed(OF_TYPE))
    assert Told("list", "--limit", "2").ids == ["evt_unhandled", "evt_given_up"]
    assert Told("list", "--state", "failed", "--state", "processed").ids == [
        "evt_failed", "evt_processed",
    ]  # fmt: skip
    assert Told("list", "--type", "invoice.paid").ids == ["evt_unhandled"]
    assert Told("list", "--since", "36h").ids == ["evt_unhandled"]
    day = (timezone.now() - timedelta(days=3)).date().isoformat()
    assert "evt_processed" not in Told("list", "--since", day).ids
    assert Told("list", "--since", "2000-01-01T10:00:00+02:00").ids == list(reversed(OF_TYPE))
    told = Told("list", "--state", "given_up").out
    assert "payment.canceled  given up" in told and told.endswith("no such order\n")
    assert "buyer" not in Told("list").out
    nothing = Told("list", "--since", "1m")
    assert (nothing.out, nothing.err.strip()) == ("", "No event is like that.")


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "5x", ""])
def test_a_time_that_is_none_is_refused(database: str, since: str) -> None:
    assert "is no time: write 2026-11-28" in Told("list", f"--since={since}").error


def test_it_replays_what_is_not_done_the_oldest_first(mended: dict[str, bool]) -> None:
    told = Told("replay", "--since", "30d")
    assert told.ids == ["evt_failed", "evt_given_up", "evt_unhandled"]
    assert told.error == "1 failed, 1 given up, 1 unhandled"
    mended["mended"] = True
    on("invoice.paid")(lambda event: None)
    assert Told("replay", "--since", "36h").ids == ["evt_unhandled"]
    told = Told("replay", "--state", "failed", "--state", "given_up")
    assert (told.ids, told.error) == (["evt_failed", "evt_given_up"], "")
    assert "evt_failed  payment.failed  processed" in told.out
    assert set(states().values()) == {"processed"}
    assert Told("replay", "--since", "30d").err.strip() == "No event is like that."
    assert fulfilments() == 1, "what was done has not run again"


def test_it_replays_by_id(mended: dict[str, bool]) -> None:
    mended["mended"] = True
    told = Told("replay", "evt_failed")
    assert (told.ids, told.error, states()["evt_failed"]) == (["evt_failed"], "", "processed")
    told = Told("replay", "evt_given_up", "evt_nothing")
    assert told.error == "the inbox has no such event: evt_nothing"
    assert states()["evt_given_up"] == "given_up", "all of them or none"


def test_what_is_processed_runs_again_by_force_alone(mended: object) -> None:
    told = Told("replay", "evt_processed")
    assert told.error == "1 refused"
    assert "evt_processed is processed" in told.err and "force it" in told.err
    assert "only with --force" in Told("replay", "--state", "processed").error
    assert fulfilments() == 1
    assert Told("replay", "evt_processed", "--force").error == ""
    assert Told("replay", "--state", "processed", "--force").ids == ["evt_processed"]
    assert (fulfilments(), inbox("evt_processed").attempts) == (3, 3)


def test_a_replay_needs_a_choice(database: str) -> None:
    assert "choose them with --state or --since" in Told("replay").error


def test_a_row_that_another_process_has_done_meanwhile_is_no_failure(
    mended: dict[str, bool],
) -> None:
    stale = inbox("evt_failed")
    mended["mended"] = True
    assert receive(Event.parse(payment_body("evt_failed", "payment.failed"))) is Outcome.PROCESSED
    assert run_again(stale) is Outcome.DUPLICATE


def test_what_is_not_kept_cannot_run_again(mended: object) -> None:
    WebhookEvent.objects.update(body="")
    told = Told("replay", "evt_failed", "evt_unhandled")
    assert told.error == "2 refused"
    assert "let FastStar send the event again" in told.err
    with pytest.raises(ValueError, match="is not kept any more"):
        run_again(inbox("evt_processed"), force=True)


def test_pruning_empties_what_is_processed_and_old(mended: object) -> None:
    told = Told("prune")
    assert told.out == "Emptied 0 events and 0 attempts to pay; deleted 0 events.\n"
    with override_settings(FASTSTAR={"WEBHOOK_SECRET": SECRET, "BODY_RETENTION_DAYS": 1.5}):
        told = Told("prune")
    assert told.out == "Emptied 1 events and 0 attempts to pay; deleted 0 events.\n"
    assert "2 old events are not processed, so their bodies stay" in told.err
    kept = WebhookEvent.objects.exclude(body="").values_list("pk", flat=True)
    assert set(kept) == {"evt_failed", "evt_given_up", "evt_unhandled"}
    assert Told("prune", "--days", "0", "--all").err == ""
    assert not WebhookEvent.objects.exclude(body="").exists()
    assert len(states()) == 4, "rows stay: they keep events from running twice"
    assert receive(Event.parse(payment_body("evt_processed"))) is Outcome.DUPLICATE


def test_pruning_empties_what_attempts_to_pay_have_sent(database: str) -> None:
    for number in (1, 2):
        OrderSession.objects.create(
            reference="1", attempt=number, session_id=f"cs_{number}", url="https://c", params="{}"
        )
    OrderSession.objects.filter(attempt=1).update(created_at=timezone.now() - timedelta(days=31))
    assert "and 1 attempts to pay" in Told("prune").out
    rows = OrderSession.objects.values_list("attempt", "session_id", "url", "params")
    assert list(rows) == [(1, "cs_1", "", ""), (2, "cs_2", "https://c", "{}")]


def test_pruning_leaves_the_url_of_a_session_that_may_be_open(database: str) -> None:
    OrderSession.objects.create(reference="1", attempt=1, session_id="cs_1", url="https://c")
    assert "and 0 attempts to pay" in Told("prune", "--days", "0").out
    with override_settings(FASTSTAR={"WEBHOOK_SECRET": SECRET, "BODY_RETENTION_DAYS": 0}):
        assert "and 0 attempts to pay" in Told("prune").out
        OrderSession.objects.update(created_at=timezone.now() - timedelta(days=2, minutes=1))
        assert "and 1 attempts to pay" in Told("prune").out


def test_pruning_deletes_the_rows_that_were_asked_for(mended: object) -> None:
    day_ago = timezone.now() - timedelta(days=1)
    WebhookEvent.objects.update(processed_at=day_ago)
    assert Told("prune", "--rows", "2").out.endswith("deleted 0 events.\n")
    assert Told("prune", "--rows", "0.5").out.endswith("deleted 1 events.\n")
    assert set(states()) == {"evt_failed", "evt_given_up", "evt_unhandled"}


def test_pruning_goes_in_batches(
    database: str, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    old = timezone.now() - timedelta(days=40)
    WebhookEvent.objects.bulk_create(
        WebhookEvent(id=f"evt_{n}", type="a.b", livemode=False, state="processed", body="{}")
        for n in range(25)
    )
    WebhookEvent.objects.update(received_at=old)
    from django.db import connections

    # Three batches of a select and an update, a select that finds no more; one for the attempts to
    # pay, and a count of what is kept.
    with django_assert_num_queries(9, connection=connections[database]) as captured:
        told = Told("prune", "--batch", "10")
    assert told.out.startswith("Emptied 25 events")
    updates = [one["sql"] for one in captured.captured_queries if one["sql"].startswith("UPDATE")]
    assert [sql.count("'evt_") for sql in updates] == [10, 10, 5]
