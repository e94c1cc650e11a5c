"""The shop's pages."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.catalog, name="catalog"),
    path("cart/", views.cart, name="cart"),
    path("cart/add/<int:pk>/", views.add, name="add"),
    path("cart/change/<int:pk>/", views.change, name="change"),
    path("checkout/", views.checkout, name="checkout"),
    path("orders/<uuid:pk>/", views.order, name="order"),
    path("orders/<uuid:pk>/pay/", views.pay, name="pay"),
    path("orders/<uuid:pk>/status/", views.order_status, name="order_status"),
]
