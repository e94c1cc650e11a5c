"""The inbox and the orders' sessions in the admin."""

# pyright finds types of Django's that it does not know.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from .inbox import Outcome, run_again
from .models import OrderSession, WebhookEvent


class _ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows rows that nobody adds, edits or deletes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuses; see the class."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuses; see the class."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuses; see the class."""
        return False


@admin.register(WebhookEvent)
class WebhookEventAdmin(_ReadOnly):
    """Shows the inbox.

    Nothing in it is edited or deleted: a row keeps its event from running twice.
    """

    list_display = ("id", "type", "state", "attempts", "error", "received_at", "can_run_again")
    list_filter = ("state", "type", "livemode")
    search_fields = ("id", "type")
    date_hierarchy = "received_at"
    fields = (
        "id", "type", "livemode", "state", "attempts", "error", "received_at", "processed_at",
        "can_run_again",
    )  # fmt: skip
    readonly_fields = ("can_run_again",)
    actions = ("run_again",)

    @admin.display(boolean=True, description="body kept")
    def can_run_again(self, record: WebhookEvent) -> bool:
        """Tells whether the event is kept, so that it can run again."""
        return bool(record.body)

    def has_run_again_permission(self, request: HttpRequest) -> bool:
        """Lets those who may change webhook events run them again."""
        return super(_ReadOnly, self).has_change_permission(request)

    @admin.action(description="Run again: failed, unhandled, given up", permissions=["run_again"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Runs the handlers of events that are not done, the oldest first."""
        open_ones = queryset.exclude(state=WebhookEvent.State.PROCESSED).order_by("received_at")
        outcomes: Counter[Outcome] = Counter()
        lost = 0
        for record in open_ones:
            try:
                outcomes[run_again(record)] += 1
            except ValueError:
                lost += 1
        done = outcomes[Outcome.PROCESSED] + outcomes[Outcome.DUPLICATE]
        told = (
            (done, messages.SUCCESS, "Done: {}."),
            (outcomes[Outcome.FAILED], messages.ERROR, "Failed again: {}. The log says why."),
            (outcomes[Outcome.GIVEN_UP], messages.ERROR, "Given up again: {}."),
            (outcomes[Outcome.UNHANDLED], messages.WARNING, "Still without a handler: {}."),
            (outcomes[Outcome.BUSY], messages.WARNING, "Being handled at this moment: {}."),
            (lost, messages.ERROR, "Not kept any more: {}. Let FastStar send them again."),
        )
        for count, level, text in told:
            if count:
                self.message_user(request, text.format(count), level)
        if not outcomes and not lost:
            self.message_user(request, "All of them are processed.", messages.WARNING)


@admin.register(OrderSession)
class OrderSessionAdmin(_ReadOnly):
    """Shows the attempts to pay an order. Their URLs, which are secrets, are not shown."""

    list_display = ("reference", "attempt", "session_id", "ended", "created_at")
    search_fields = ("reference", "session_id")
    fields = ("reference", "attempt", "session_id", "idempotency_key", "ended", "created_at")
