"""The cart, in the session: how many of which product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import faststar
from django.http import HttpRequest
from faststar import Money, Quote

from .models import Product

CURRENCY = "EUR"
KEY = "cart"
MOST = 20


@dataclass(frozen=True)
class Line:
    """A line of the cart."""

    product: Product
    quantity: int

    @property
    def amount(self) -> Money:
        """The price of all of them."""
        return Money(self.product.unit_amount * self.quantity, self.product.currency)


class Cart:
    """The cart of a buyer."""

    def __init__(self, request: HttpRequest) -> None:
        self._session = request.session

    def _quantities(self) -> dict[str, int]:
        return dict(self._session.get(KEY, {}))

    def set(self, product: Product, quantity: int) -> None:
        """Sets how many of a product there are; 0 takes it out."""
        quantities = self._quantities()
        quantities[str(product.pk)] = min(quantity, MOST)
        self._session[KEY] = {pk: n for pk, n in quantities.items() if n > 0}

    def add(self, product: Product) -> None:
        """Adds one of a product."""
        self.set(product, self._quantities().get(str(product.pk), 0) + 1)

    def clear(self) -> None:
        """Takes everything out."""
        self._session.pop(KEY, None)

    def count(self) -> int:
        """Counts the things in it."""
        return sum(self._quantities().values())

    def lines(self) -> list[Line]:
        """Lists what is in it and still sold."""
        quantities = self._quantities()
        products = Product.objects.filter(pk__in=quantities)
        return [Line(product, quantities[str(product.pk)]) for product in products]


def estimate(lines: list[Line], place: str) -> Quote | None:
    """Computes the totals offline; ``None`` where the tax rate is unknown."""
    country, _, region = place.partition("-")
    items: Any = [
        {"unit_amount": line.product.unit_amount, "quantity": line.quantity} for line in lines
    ]
    try:
        return faststar.quote(currency=CURRENCY, lines=items, country=country, region=region)
    except faststar.ValidationError:
        return None


def in_templates(request: HttpRequest) -> dict[str, object]:
    """Lets every page show how full the cart is."""
    return {"cart_count": Cart(request).count()}
