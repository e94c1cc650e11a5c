"""An inbox of the first version is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from faststar import Event
from faststar.django import on
from faststar.django.inbox import Outcome, receive, run_again
from faststar.django.models import WebhookEvent
from orders.models import Fulfilment
from posts import fulfilments, inbox, payment_body

pytestmark = pytest.mark.django_db(databases=["default", "postgresql"], transaction=True)


@pytest.fixture
def old(database: str) -> Iterator[MigrationExecutor]:
    executor = MigrationExecutor(connections[database])
    executor.migrate([("faststar", "0001_initial")])
    yield executor
    MigrationExecutor(connections[database]).migrate([("faststar", "0002_order_sessions")])


def test_its_rows_keep_events_from_running_twice(database: str, old: MigrationExecutor) -> None:
    then = old.loader.project_state([("faststar", "0001_initial")]).apps
    OldEvent = then.get_model("faststar", "WebhookEvent")
    failed = payment_body("evt_failed").decode()
    fields = {"type": "payment.succeeded", "livemode": False, "attempts": 1}
    rows = OldEvent.objects.using(database)
    rows.create(id="evt_done", state="processed", **fields)
    rows.create(id="evt_failed", state="failed", error="builtins.KeyError", body=failed, **fields)
    MigrationExecutor(connections[database]).migrate([("faststar", "0002_order_sessions")])

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        Fulfilment.objects.create(order=event.id)

    assert WebhookEvent.objects.count() == 2
    assert receive(Event.parse(payment_body("evt_done"))) is Outcome.DUPLICATE
    with pytest.raises(ValueError, match="body of evt_done is not kept"):
        run_again(inbox("evt_done"), force=True)
    assert run_again(inbox("evt_failed")) is Outcome.PROCESSED
    assert (fulfilments(), inbox("evt_failed").state) == (1, "processed")


def test_no_migration_is_missing(database: str) -> None:
    call_command("makemigrations", "--check", "--dry-run", "faststar")
