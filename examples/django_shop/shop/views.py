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
from faststar.django import conf, open_session
from faststar.django.models import OrderSession

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
    """Makes an order of the cart, and sends the buyer to pay it."""
    basket = Cart(request)
    lines = basket.lines()
    place = request.POST.get("country", "")
    if not lines or place not in PLACES:
        return redirect("cart")
    by_link = request.POST.get("presentation") == "link"
    order = _order(lines, place, "link" if by_link else "iframe")
    basket.clear()
    answer = _pay(request, order)
    # The order's page opens the overlay.
    opens = order.presentation == "iframe" and order.total
    return redirect(f"{order.get_absolute_url()}?pay=now") if opens else answer


@require_POST
def pay(request: HttpRequest, pk: str) -> HttpResponse:
    """Sends the buyer to the order's one open session, at each click on "Pay now"."""
    return _pay(request, get_object_or_404(Order, pk=pk))


def _pay(request: HttpRequest, order: Order) -> HttpResponse:
    if order.state != Order.State.PENDING:
        return _send(request, order.get_absolute_url())
    page = request.build_absolute_uri(order.get_absolute_url())
    try:
        checkout = open_session(
            order.pk,
            mode="payment",
            presentation=order.presentation,
            line_items=[
                {"price_id": line.product.price_id, "quantity": line.quantity}
                for line in order.lines.select_related("product")
            ],
            buyer_country=order.country,
            success_url=page,
            cancel_url=page,
        )
    except FastStarError:
        logger.exception("no session for order %s", order.pk)
        text = "The checkout is not available right now. Nothing was charged; try again."
        messages.error(request, text)
        return _send(request, order.get_absolute_url())
    order.charge(checkout.session)
    if checkout.url is None:
        messages.success(request, "Your payment has arrived. We confirm it in a moment.")
        return _send(request, order.get_absolute_url())
    return _send(request, checkout.url, in_overlay=True)


def _send(request: HttpRequest, url: str, *, in_overlay: bool = False) -> HttpResponse:
    """Sends a browser to a URL, and tells a script where to go or what to open."""
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"open" if in_overlay else "go": url})
    return redirect(url)


def _order(lines: list[Line], place: str, presentation: str) -> Order:
    with transaction.atomic():
        order = Order.objects.create(country=place, currency=CURRENCY, presentation=presentation)
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
    context = {
        "order": found,
        "lines": found.lines.select_related("product"),
        "country": PLACES.get(found.country, found.country),
        "open": request.GET.get("pay") == "now",
        "status_url": reverse("order_status", args=[pk]),
    }
    attempt = OrderSession.objects.filter(reference=pk).exclude(url="").last()
    if attempt is not None:
        cashier = urlsplit(attempt.url)
        origin = f"{cashier.scheme}://{cashier.netloc}"
        context["script"] = f"{origin}/sdk/v1/faststar.min.js"
        if conf.is_sandbox():
            token = parse_qs(cashier.query).get("token", [""])[0]
            payment = {"token": token, "card": {"number": "4242 4242 4242 4242"}}
            context["play_buyer"] = (
                f"curl {origin}/cashier/v1/sessions/{attempt.session_id}/pay "
                f"-H 'Content-Type: application/json' -d '{json.dumps(payment)}'"
            )
    return render(request, "shop/order.html", context)


@require_GET
@never_cache
def order_status(request: HttpRequest, pk: str) -> JsonResponse:
    """Tells the page whether the webhook has come."""
    return JsonResponse({"state": get_object_or_404(Order, pk=pk).state})
