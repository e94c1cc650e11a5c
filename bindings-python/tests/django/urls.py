from django.contrib import admin
from django.urls import include, path
from faststar.django.views import awebhook

urlpatterns = [
    path("webhooks/faststar/", include("faststar.django.urls")),
    path("webhooks/faststar-async/", awebhook),
    path("admin/", admin.site.urls),
]
