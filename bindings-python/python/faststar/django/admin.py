"""The inbox in the admin."""

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
from .models import WebhookEvent


@admin.register(WebhookEvent)
class WebhookEventAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows the inbox.

    Nothing in it is edited or deleted: a row keeps its event from running twice.
    """

    list_display = ("id", "type", "state", "attempts", "error", "received_at")
    list_filter = ("state", "type", "livemode")
    search_fields = ("id", "type")
    date_hierarchy = "received_at"
    fields = (
        "id", "type", "livemode", "state", "attempts", "error", "received_at", "processed_at",
    )  # fmt: skip
    actions = ("run_again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuses: events come from FastStar."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuses; see the class."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuses; see the class."""
        return False

    def has_run_again_permission(self, request: HttpRequest) -> bool:
        """Lets those who may change webhook events run them again."""
        return super().has_change_permission(request)

    @admin.action(description="Run failed events again", permissions=["run_again"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Runs the handlers of failed events again, the oldest first."""
        failed = queryset.filter(state=WebhookEvent.State.FAILED).order_by("received_at")
        outcomes = Counter(run_again(record) for record in failed)
        done = outcomes[Outcome.PROCESSED] + outcomes[Outcome.DUPLICATE]
        if done:
            self.message_user(request, f"Done: {done}.", messages.SUCCESS)
        if outcomes[Outcome.FAILED]:
            text = f"Failed again: {outcomes[Outcome.FAILED]}. The log says why."
            self.message_user(request, text, messages.ERROR)
        if not outcomes:
            self.message_user(request, "None of them has failed.", messages.WARNING)
