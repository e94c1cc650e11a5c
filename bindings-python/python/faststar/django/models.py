"""The inbox."""

from __future__ import annotations

from django.db import models


class WebhookEvent(models.Model):
    """An event that came, keyed by its signed id. The row is what makes its handlers run once."""

    class State(models.TextChoices):
        """What came of an event."""

        RECEIVED = "received", "received"
        PROCESSED = "processed", "processed"
        FAILED = "failed", "failed"

    id = models.CharField("event id", primary_key=True, max_length=255)
    type = models.CharField(max_length=255)
    livemode = models.BooleanField("live mode")
    # Nobody sees RECEIVED but the transaction that handles the event.
    state = models.CharField(max_length=16, choices=State.choices, default=State.RECEIVED)
    attempts = models.PositiveIntegerField(
        default=0, help_text="How often its handlers were run, the successful time included."
    )
    error = models.CharField(
        max_length=255,
        blank=True,
        help_text="The class of what the last failed attempt raised. The log has the rest.",
    )
    # It may have personal data, so it is not kept longer than it can be of use.
    body = models.TextField(
        blank=True,
        editable=False,
        help_text="The signed body, kept while the event is failed, to run it again.",
    )
    received_at = models.DateTimeField(auto_now_add=True, db_index=True)
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-received_at",)
        verbose_name = "webhook event"

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
