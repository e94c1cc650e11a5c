"""The shop's admin."""

from django.contrib import admin

from .models import Order, Product


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    """Shows what is on the shelf."""

    list_display = ("name", "price", "stock", "price_id")


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """Shows orders."""

    list_display = ("id", "state", "total_money", "created_at", "note")
    list_filter = ("state",)
