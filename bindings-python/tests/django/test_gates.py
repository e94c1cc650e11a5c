"""What stands in front of the webhook view lets it in."""

from __future__ import annotations

from typing import Any

import django
import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path
from faststar import Event
from faststar.django import on
from faststar.django.views import awebhook, webhook
from posts import Post, inbox

pytestmark = pytest.mark.django_db(databases=["default", "postgresql"], transaction=True)


class LoginRequired:
    """Django's ``LoginRequiredMiddleware``, where Django has none: it looks at the same mark."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponse | None:
        if request.user.is_authenticated or not getattr(view, "login_required", True):
            return None
        return HttpResponse(status=302)


LOGIN_REQUIRED = (
    "django.contrib.auth.middleware.LoginRequiredMiddleware"
    if django.VERSION >= (5, 1)
    else "test_gates.LoginRequired"
)


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("webhooks/faststar/", include("faststar.django.urls")),
    path("webhooks/faststar-async/", awebhook),
    path("page/", page),
]


@override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, LOGIN_REQUIRED], ROOT_URLCONF="test_gates")
def test_a_login_is_not_required(database: str, post: Post, client: Any) -> None:
    @on("payment.succeeded")
    def handler(event: Event) -> None:
        """Takes it."""

    assert client.get("/page/").status_code == 302
    assert post().status_code == 200
    assert inbox().state == "processed"


@pytest.mark.parametrize("view", [webhook, awebhook])
def test_both_views_say_that_they_need_no_login_and_no_token(view: Any) -> None:
    assert (view.login_required, view.csrf_exempt) == (False, True)
