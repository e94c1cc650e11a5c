"""The shop's pages."""

from __future__ import annotations

import json
import logging
from urllib.parse import parse_qs, urlsplit

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from faststar import FastStarError, Money
from faststar.django import conf, get_client

from .cart import CURRENCY, MOST, Cart, Line, estimate
from .models import Order, OrderLine, Product

logger = logging.getLogger(__name__)

PLACES = {
    "DE": "Germany",
    "FR": "France",
    "GB": "United Kingdom",
    "JP": "Japan",
    "US-CA": "United States, California",
    "US-NY": "United States, New York",
}


@require_GET
def catalog(request: HttpRequest) -> HttpResponse:
    """Shows what is sold."""
    return render(request, "shop/catalog.html", {"products": Product.objects.all()})


@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts one more into the cart."""
    product = get_object_or_404(Product, pk=pk)
    Cart(request).add(product)
    messages.success(request, f"{product} is in your cart.")
    return redirect("catalog")


@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Changes how many there are."""
    quantity = request.POST.get("quantity", "")
    Cart(request).set(
        get_object_or_404(Product, pk=pk), int(quantity) if quantity.isdecimal() else 1
    )
    return redirect("cart")


@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    """Shows the cart and an estimate of the total."""
    lines = Cart(request).lines()
    place = request.GET.get("country", "DE")
    quote = estimate(lines, place) if lines and place in PLACES else None
    context = {
        "lines": lines,
        "most": MOST,
        "places": PLACES,
        "place": place,
        "quote": quote,
        "tax": quote and Money(quote.tax, quote.currency),
        "total": quote and Money(quote.total, quote.currency),
    }
    return render(request, "shop/cart.html", context)


@require_POST
def checkout(request: HttpRequest) -> HttpResponse:
    """Makes an order and its session, and sends the buyer to pay."""
    basket = Cart(request)
    lines = basket.lines()
    place = request.POST.get("country", "")
    if not lines or place not in PLACES:
        return redirect("cart")
    presentation = "link" if request.POST.get("presentation") == "link" else "iframe"
    order = _order(lines, place)
    page = request.build_absolute_uri(order.get_absolute_url())
    try:
        created = get_client().checkout.sessions.create(
            mode="payment",
            presentation=presentation,
            line_items=[
                {"price_id": line.product.price_id, "quantity": line.quantity} for line in lines
            ],
            buyer_country=place,
            success_url=page,
            cancel_url=page,
            client_reference_id=str(order.pk),
            idempotency_key=f"order-{order.pk}",
        )
    except FastStarError:
        logger.exception("no session for order %s", order.pk)
        order.delete()
        messages.error(request, "The checkout is not available right now. Nothing was charged.")
        return redirect("cart")
    order.session_id = created.session.id
    order.checkout_url = created.url
    order.tax = created.session.amount_tax
    order.total = created.session.amount_total
    order.save()
    basket.clear()
    if presentation == "link":
        return redirect(created.url)
    return redirect(f"{order.get_absolute_url()}?pay=now")


def _order(lines: list[Line], place: str) -> Order:
    with transaction.atomic():
        order = Order.objects.create(country=place, currency=CURRENCY)
        OrderLine.objects.bulk_create(
            OrderLine(
                order=order,
                product=line.product,
                quantity=line.quantity,
                unit_amount=line.product.unit_amount,
            )
            for line in lines
        )
    return order


@require_GET
@never_cache
def order(request: HttpRequest, pk: str) -> HttpResponse:
    """Shows an order. What it says comes from the webhook and not from how the buyer came here."""
    found = get_object_or_404(Order, pk=pk)
    cashier = urlsplit(found.checkout_url)
    origin = f"{cashier.scheme}://{cashier.netloc}"
    context = {
        "order": found,
        "lines": found.lines.select_related("product"),
        "country": PLACES.get(found.country, found.country),
        "script": f"{origin}/sdk/v1/faststar.min.js",
        "open": request.GET.get("pay") == "now",
        "status_url": reverse("order_status", args=[pk]),
    }
    if conf.is_sandbox():
        token = parse_qs(cashier.query).get("token", [""])[0]
        payment = {"token": token, "card": {"number": "4242 4242 4242 4242"}}
        context["play_buyer"] = (
            f"curl {origin}/cashier/v1/sessions/{found.session_id}/pay "
            f"-H 'Content-Type: application/json' -d '{json.dumps(payment)}'"
        )
    return render(request, "shop/order.html", context)


@require_GET
@never_cache
def order_status(request: HttpRequest, pk: str) -> JsonResponse:
    """Tells the page whether the webhook has come."""
    return JsonResponse({"state": get_object_or_404(Order, pk=pk).state})
