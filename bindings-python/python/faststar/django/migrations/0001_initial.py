# Made by makemigrations.

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []  # noqa: RUF012

    operations = [  # noqa: RUF012
        migrations.CreateModel(
            name="WebhookEvent",
            fields=[
                (
                    "id",
                    models.CharField(
                        max_length=255, primary_key=True, serialize=False, verbose_name="event id"
                    ),
                ),
                ("type", models.CharField(max_length=255)),
                ("livemode", models.BooleanField(verbose_name="live mode")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("processed", "processed"),
                            ("failed", "failed"),
                        ],
                        default="received",
                        max_length=16,
                    ),
                ),
                (
                    "attempts",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="How often its handlers were run, the successful time included.",
                    ),
                ),
                (
                    "error",
                    models.CharField(
                        blank=True,
                        help_text="What the last failed attempt raised. The log has more.",
                        max_length=255,
                    ),
                ),
                (
                    "body",
                    models.TextField(
                        blank=True,
                        editable=False,
                        help_text="The event as JSON, kept while it is failed, to run it again.",
                    ),
                ),
                ("received_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("processed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "webhook event",
                "ordering": ("-received_at",),
            },
        ),
    ]
