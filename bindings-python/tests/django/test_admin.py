"""The inbox in the admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from faststar import Event
from faststar.django import GiveUp, on
from faststar.django.inbox import Outcome, receive
from faststar.django.models import OrderSession, WebhookEvent
from orders.models import Fulfilment
from posts import fulfilments, inbox, payment_body

pytestmark = pytest.mark.django_db(databases=["default", "postgresql"], transaction=True)

LIST = "/admin/faststar/webhookevent/"


@pytest.fixture
def broken() -> dict[str, bool]:
    """A handler that fails until it is mended."""
    state = {"broken": True}

    @on("payment.succeeded")
    def handler(event: Event) -> None:
        Fulfilment.objects.create(order=event.payment.client_reference_id)
        if state["broken"]:
            raise ValueError

    return state


@pytest.fixture
def admin(database: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def run_all(client: Client) -> list[str]:
    ids = list(WebhookEvent.objects.values_list("pk", flat=True))
    chosen = {"action": "run_again", "_selected_action": ids}
    answer = client.post(LIST, chosen, follow=True)
    return [str(message) for message in answer.context["messages"]]


def test_failed_events_are_run_again(admin: Client, broken: dict[str, bool]) -> None:
    on("payment.failed")(lambda event: None)
    receive(Event.parse(payment_body("evt_done", "payment.failed")))
    for id in ("evt_1", "evt_2"):
        assert receive(Event.parse(payment_body(id))) is Outcome.FAILED
    assert run_all(admin) == ["Failed again: 2. The log says why."]
    assert (fulfilments(), inbox().attempts) == (0, 2)
    broken["broken"] = False
    assert run_all(admin) == ["Done: 2."]
    assert (fulfilments(), inbox().state, inbox().attempts) == (2, "processed", 3)
    assert run_all(admin) == ["All of them are processed."]
    assert fulfilments() == 2


def test_events_in_every_state_are_run_again(admin: Client, broken: dict[str, bool]) -> None:
    gives_up = True

    @on("payment.failed")
    def handler(event: Event) -> None:
        if gives_up:
            raise GiveUp("not yet")

    receive(Event.parse(payment_body("evt_failed")))
    receive(Event.parse(payment_body("evt_given_up", "payment.failed")))
    receive(Event.parse(payment_body("evt_unhandled", "invoice.paid")))
    receive(Event.parse(payment_body("evt_lost", "payment.canceled")))
    WebhookEvent.objects.filter(pk="evt_lost").update(body="")
    assert run_all(admin) == [
        "Failed again: 1. The log says why.",
        "Given up again: 1.",
        "Still without a handler: 1.",
        "Not kept any more: 1. Let FastStar send them again.",
    ]
    broken["broken"] = gives_up = False
    on("invoice.paid")(lambda event: None)
    assert run_all(admin) == ["Done: 3.", "Not kept any more: 1. Let FastStar send them again."]
    states = dict(WebhookEvent.objects.values_list("pk", "state"))
    assert states.pop("evt_lost") == "unhandled"
    assert set(states.values()) == {"processed"}


def test_the_inbox_is_shown_and_searched(admin: Client, broken: dict[str, bool]) -> None:
    receive(Event.parse(payment_body("evt_mine")))
    receive(Event.parse(payment_body("evt_other", "payment.refunded")))
    page = admin.get(LIST, {"q": "evt_mine"}).content.decode()
    for text in ("evt_mine", "payment.succeeded", "failed", "builtins.ValueError"):
        assert text in page
    assert "evt_other</a>" not in page
    assert "evt_other" in admin.get(LIST, {"type__exact": "payment.refunded"}).content.decode()
    detail = admin.get(f"{LIST}evt_5Fmine/change/").content.decode()
    assert "builtins.ValueError" in detail
    assert "pi_1" not in detail, "the body is not shown"


def test_the_sessions_of_orders_are_shown_without_their_urls(admin: Client) -> None:
    OrderSession.objects.create(
        reference="A-17",
        attempt=1,
        session_id="cs_1",
        url="https://cashier/CANARY",
        params="CANARY",
    )
    path = "/admin/faststar/ordersession/"
    (row,) = OrderSession.objects.all()
    pages = [admin.get(path, {"q": "A-17"}), admin.get(f"{path}{row.pk}/change/")]
    for page in pages:
        assert "cs_1" in page.content.decode()
        assert "CANARY" not in page.content.decode()
    assert admin.get(f"{path}add/").status_code == 403
    assert admin.post(f"{path}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_nothing_is_edited_or_deleted(admin: Client) -> None:
    on("payment.succeeded")(lambda event: None)
    receive(Event.parse(payment_body()))
    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.post(f"{LIST}evt_5F1/delete/", {"post": "yes"}).status_code == 403
    assert admin.post(f"{LIST}evt_5F1/change/", {"state": "failed"}).status_code == 403
    assert "delete_selected" not in admin.get(LIST).content.decode()
    assert inbox().state == "processed"


def test_who_may_only_look_runs_nothing(database: str, broken: dict[str, bool]) -> None:
    assert receive(Event.parse(payment_body())) is Outcome.FAILED
    broken["broken"] = False
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_webhookevent"))
    viewer = Client()
    viewer.force_login(user)
    assert "evt_1" in viewer.get(LIST).content.decode()
    run_all(viewer)
    assert inbox().state == "failed"
