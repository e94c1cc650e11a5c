"""The shop's URLs."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("webhooks/faststar/", include("faststar.django.urls")),
    path("admin/", admin.site.urls),
    path("", include("shop.urls")),
]
