"""What is sold, and to whom."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from faststar import Money, Payment, Session


class Product(models.Model):
    """A tea. Its price lives in FastStar's catalog; the amount here is what the page shows."""

    name = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=200)
    hue = models.PositiveSmallIntegerField(help_text="The tin's colour, 0 to 359.")
    price_id = models.CharField(max_length=100)
    unit_amount = models.BigIntegerField(help_text="In the currency's smallest unit.")
    currency = models.CharField(max_length=3)
    stock = models.IntegerField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name

    @property
    def price(self) -> Money:
        """The price of one."""
        return Money(self.unit_amount, self.currency)


class Order(models.Model):
    """An order. Only the webhook makes it paid."""

    class State(models.TextChoices):
        """Where an order is in its life."""

        PENDING = "pending", "waiting for the payment"
        PAID = "paid", "paid"
        REVIEW = "review", "being looked at"

    # It is in the URL of the order's page, so nobody should guess it.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    note = models.TextField(blank=True)
    country = models.CharField(max_length=6)
    currency = models.CharField(max_length=3)
    tax = models.BigIntegerField(default=0)
    # As the session has it; the buyer's country may change it.
    total = models.BigIntegerField(default=0)
    presentation = models.CharField(max_length=6, default="iframe")
    payment_id = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        """Gives the order's page."""
        return reverse("order", args=[self.pk])

    @property
    def total_money(self) -> Money:
        """What the buyer pays."""
        return Money(self.total, self.currency)

    @property
    def tax_money(self) -> Money:
        """The tax in it."""
        return Money(self.tax, self.currency)

    @property
    def subtotal(self) -> int:
        """The sum of the lines, in the smallest unit."""
        return sum(line.unit_amount * line.quantity for line in self.lines.all())

    def charge(self, session: Session) -> None:
        """Takes over the session's tax and total."""
        self.tax = session.amount_tax
        self.total = session.amount_total
        self.save(update_fields=["tax", "total"])

    def mark_paid(self, payment: Payment) -> None:
        """Takes the money and the teas off the shelf."""
        for line in self.lines.all():
            Product.objects.filter(pk=line.product_id).update(stock=F("stock") - line.quantity)
        self.state = self.State.PAID
        self.payment_id = payment.payment_id
        self.paid_at = timezone.now()
        self.save(update_fields=["state", "payment_id", "paid_at"])

    def ask_for_review(self, note: str) -> None:
        """Leaves the order to a person, with what was noted before."""
        self.state = self.State.REVIEW
        self.note += f"{note}\n"
        self.save(update_fields=["state", "note"])


class OrderLine(models.Model):
    """How many of a tea, at the price of that day."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField()
    unit_amount = models.BigIntegerField()

    @property
    def amount(self) -> Money:
        """The price of all of them."""
        return Money(self.unit_amount * self.quantity, self.product.currency)
