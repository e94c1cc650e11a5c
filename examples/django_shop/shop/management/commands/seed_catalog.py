"""``manage.py seed_catalog``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from faststar.django import get_client

from shop.cart import CURRENCY
from shop.models import Product

TEAS = [
    ("First Flush", "Darjeeling, picked in March. Light, floral, a hint of apricot.", 42, 1490),
    ("Night Train", "Lapsang from Tongmu, smoked over pine.", 14, 1350),
    ("Green Hour", "Sencha from Uji, steamed. Grass, sea air, sweetness.", 140, 1620),
    ("Slow Sunday", "Milk oolong from Alishan, lightly oxidised.", 205, 1890),
    ("Field Notes", "Chamomile, lemon verbena and mint. No caffeine.", 78, 890),
    ("Red Thread", "Rooibos with orange peel and vanilla.", 350, 950),
]


class Command(BaseCommand):
    """Fills the catalog."""

    help = "Makes the teas in FastStar's catalog and in the shop. Run it again at will."

    def handle(self, *args: Any, **options: Any) -> None:
        """Makes what is not there yet."""
        client = get_client()
        prices = {price.id for price in client.catalog.prices.list(limit=100)}
        made = 0
        for name, description, hue, unit_amount in TEAS:
            known = Product.objects.filter(name=name).first()
            if known is not None and known.price_id in prices:
                continue
            product = client.catalog.products.create(name=name, description=description)
            price = client.catalog.prices.create(
                product_id=product.id, currency=CURRENCY, unit_amount=unit_amount
            )
            fields = {
                "description": description,
                "hue": hue,
                "price_id": price.id,
                "unit_amount": price.unit_amount,
                "currency": price.currency,
                "stock": 40,
            }
            Product.objects.update_or_create(name=name, defaults=fields)
            made += 1
        self.stdout.write(f"The catalog has {len(TEAS)} teas, {made} of them new.\n")
