"""The Django app."""

from __future__ import annotations

import logging
import sys
from types import FrameType

from django.apps import AppConfig
from django.core.checks import register
from django.utils.module_loading import autodiscover_modules

from faststar import ConfigurationError

logger = logging.getLogger("faststar.django")


class FastStarConfig(AppConfig):
    """Registers the checks and finds the modules ``faststar_handlers`` of all apps."""

    name = "faststar.django"
    label = "faststar"
    verbose_name = "FastStar"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Sets the app up once all models are loaded."""
        from . import checks

        for check in checks.ALWAYS:
            register(check)
        for check in checks.DEPLOY:
            register(check, deploy=True)
        autodiscover_modules("faststar_handlers")
        # A WSGI or ASGI server runs no checks, so its log says what its webhooks lack.
        if not _in_command():
            _log_missing_secret()


def _in_command() -> bool:
    """Tells whether a management command sets Django up."""
    frame: FrameType | None = sys._getframe()  # pyright: ignore[reportPrivateUsage]
    while frame is not None and frame.f_globals.get("__name__") != "django.core.management":
        frame = frame.f_back
    return frame is not None


def _log_missing_secret() -> None:
    from . import conf

    try:
        conf.webhook_secrets()
    except ConfigurationError as error:
        logger.error("webhooks will be answered with 500: %s", error)
