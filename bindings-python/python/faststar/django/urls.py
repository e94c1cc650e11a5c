"""``path("webhooks/faststar/", include("faststar.django.urls"))``"""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "faststar"
urlpatterns = [path("", views.webhook, name="webhook")]
