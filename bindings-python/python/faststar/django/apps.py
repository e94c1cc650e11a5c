"""The Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register
from django.core.signals import setting_changed
from django.utils.module_loading import autodiscover_modules


class FastStarConfig(AppConfig):
    """Registers the checks and finds the modules ``faststar_handlers`` of all apps."""

    name = "faststar.django"
    label = "faststar"
    verbose_name = "FastStar"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Sets the app up once all models are loaded."""
        from . import checks, clients

        register(checks.check_settings)
        register(checks.check_handlers)
        setting_changed.connect(clients.forget)
        autodiscover_modules("faststar_handlers")
