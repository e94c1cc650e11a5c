"""The inbox, and the sessions of the orders."""

# pyright finds types of Django's that it does not know.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from datetime import datetime


class WebhookEvent(models.Model):
    """An event that came, keyed by its signed id. The row is what makes its handlers run once."""

    class State(models.TextChoices):
        """What came of an event."""

        RECEIVED = "received", "received"
        PROCESSED = "processed", "processed"
        FAILED = "failed", "failed"
        UNHANDLED = "unhandled", "unhandled"
        GIVEN_UP = "given_up", "given up"

    id: models.CharField[str, str] = models.CharField("event id", primary_key=True, max_length=255)
    type: models.CharField[str, str] = models.CharField(max_length=255)
    livemode: models.BooleanField[bool, bool] = models.BooleanField("live mode")
    # Nobody sees RECEIVED but the transaction that handles the event.
    state: models.CharField[str, str] = models.CharField(
        max_length=16, choices=State.choices, default=State.RECEIVED
    )
    attempts: models.PositiveIntegerField[int, int] = models.PositiveIntegerField(
        default=0, help_text="How often its handlers were run, the successful time included."
    )
    error: models.CharField[str, str] = models.CharField(
        max_length=255,
        blank=True,
        help_text="What the last failed attempt raised. The log has more.",
    )
    # It has personal data, so it is not kept longer than it can be of use.
    body: models.TextField[str, str] = models.TextField(
        blank=True,
        editable=False,
        help_text="The event as JSON, to run it again; see BODY_RETENTION_DAYS.",
    )
    received_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(
        auto_now_add=True, db_index=True
    )
    processed_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(
        null=True, blank=True
    )

    class Meta:
        ordering = ("-received_at",)
        verbose_name = "webhook event"

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class OrderSession(models.Model):
    """An attempt to pay an order: the intent, which is there before the call, and its session."""

    reference: models.CharField[str, str] = models.CharField(max_length=255)
    attempt: models.PositiveIntegerField[int, int] = models.PositiveIntegerField()
    idempotency_key: models.CharField[str, str] = models.CharField(max_length=255)
    fingerprint: models.CharField[str, str] = models.CharField(max_length=64)
    params: models.TextField[str, str] = models.TextField(
        blank=True, help_text="The request as JSON. It may name the buyer."
    )
    session_id: models.CharField[str, str] = models.CharField(max_length=255, blank=True)
    # Anyone who has it can pay with it.
    url: models.TextField[str, str] = models.TextField(blank=True)
    ended: models.BooleanField[bool, bool] = models.BooleanField(
        default=False, help_text="The session was seen to have expired, so nobody can pay it."
    )
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(
        auto_now_add=True, db_index=True
    )

    class Meta:
        db_table = "faststar_order_sessions"
        ordering = ("reference", "attempt")
        verbose_name = "order session"
        constraints = (
            models.UniqueConstraint(
                fields=("reference", "attempt"), name="faststar_order_sessions_attempt"
            ),
        )

    def __str__(self) -> str:
        return f"{self.reference}, attempt {self.attempt}"
