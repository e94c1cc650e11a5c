from django.db import models


class Fulfilment(models.Model):
    """What a handler does. Nothing in it is unique, so that a second effect shows."""

    order = models.CharField(max_length=100)

    class Meta:
        app_label = "orders"
