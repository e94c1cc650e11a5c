# Made by makemigrations. It keeps every row of the inbox as it is.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("faststar", "0001_initial")]  # noqa: RUF012

    operations = [  # noqa: RUF012
        migrations.AlterField(
            model_name="webhookevent",
            name="body",
            field=models.TextField(
                blank=True,
                editable=False,
                help_text="The event as JSON, to run it again; see BODY_RETENTION_DAYS.",
            ),
        ),
        migrations.AlterField(
            model_name="webhookevent",
            name="state",
            field=models.CharField(
                choices=[
                    ("received", "received"),
                    ("processed", "processed"),
                    ("failed", "failed"),
                    ("unhandled", "unhandled"),
                    ("given_up", "given up"),
                ],
                default="received",
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="OrderSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(max_length=255)),
                ("attempt", models.PositiveIntegerField()),
                ("idempotency_key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(max_length=64)),
                (
                    "params",
                    models.TextField(
                        blank=True, help_text="The request as JSON. It may name the buyer."
                    ),
                ),
                ("session_id", models.CharField(blank=True, max_length=255)),
                ("url", models.TextField(blank=True)),
                (
                    "ended",
                    models.BooleanField(
                        default=False,
                        help_text="The session was seen to have expired, so nobody can pay it.",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
            options={
                "db_table": "faststar_order_sessions",
                "ordering": ("reference", "attempt"),
                "verbose_name": "order session",
            },
        ),
        migrations.AddConstraint(
            model_name="ordersession",
            constraint=models.UniqueConstraint(
                fields=("reference", "attempt"), name="faststar_order_sessions_attempt"
            ),
        ),
    ]
