"""What functions and clients are given: None and all sequences are taken, mistakes are named."""

from __future__ import annotations

import collections
import datetime
import json
import types
from collections import UserDict, UserList, deque

import faststar
import pytest
from conftest import SESSION, ok
from faststar import FastStar, Money


def asked(serve, **params):
    """Creates a session and gives the JSON that was sent."""
    server = serve(lambda n, path, body: ok({"session": SESSION, "url": "https://x.example"}))
    FastStar(api_key="k", base_url=server.url).checkout.sessions.create(**params)
    return json.loads(server.requests[0][3])


SALE = {"mode": "payment", "presentation": "link"}


def test_none_is_the_same_as_left_out(serve):
    item = {"price_id": "price_1", "quantity": 1}
    nothing = dict.fromkeys(("product_id", "ad_hoc_amount", "ad_hoc_currency", "description"))
    empty = dict.fromkeys(
        ("customer_email", "success_url", "cancel_url", "buyer_country", "client_reference_id")
    )
    sent = asked(serve, **SALE, **empty, line_items=[{**item, **nothing}])
    assert sent == {**SALE, "line_items": [item]}
    assert asked(serve, mode="setup", presentation="link", line_items=None) == {
        "mode": "setup",
        "presentation": "link",
    }


def test_none_is_taken_in_the_catalog_and_in_a_cart(merchant, sandbox):
    base_url = f"{sandbox.url}/api/v1"
    with FastStar(api_key=merchant["api_key"], base_url=base_url) as client:
        product = client.catalog.products.create(
            name="Tea", description=None, tax_category=None, images=None, metadata=None
        )
        price = client.catalog.prices.create(
            product_id=product.id,
            currency="USD",
            unit_amount=999,
            type=None,
            recurring_interval=None,
            recurring_interval_count=None,
            trial_period_days=None,
        )
    assert (product.images, product.metadata, price.type) == ((), {}, "one_time")
    line = {"unit_amount": 4900, "quantity": 1, "tax_category": None, "tax_rate_ppm": None}
    cart = {"country": "DE", "region": None, "behaviour": None, "rounding": None, "as_of": None}
    assert faststar.quote(currency="EUR", lines=[{**line, "currency": None}], **cart).tax == 782


Line = collections.namedtuple("Line", "one two")


@pytest.mark.parametrize(
    "items",
    [tuple, list, deque, UserList, lambda items: Line(*items)],
    ids=["t", "l", "d", "u", "n"],
)
@pytest.mark.parametrize("mapping", [dict, UserDict, types.MappingProxyType])
def test_every_sequence_and_every_mapping_is_taken(serve, items, mapping):
    lines = [{"price_id": "price_1", "quantity": 1}, {"price_id": "price_2", "quantity": 2}]
    sent = asked(serve, **SALE, line_items=items([mapping(line) for line in lines]))
    assert sent["line_items"] == lines


@pytest.mark.parametrize("wrong", ["ab", b"ab", memoryview(b"ab"), {"a": 1}, 1, {1}], ids=repr)
def test_what_is_no_list_is_none(wrong):
    with pytest.raises(faststar.ValidationError) as raised:
        faststar.check_session({**SALE, "line_items": wrong})
    assert (raised.value.code, raised.value.param) == ("invalid_type", "line_items")


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("place", lambda: faststar.tax_rate(5)),
        ("category", lambda: faststar.tax_rate("DE", category=5)),
        ("on", lambda: faststar.tax_rate("DE", on=5)),
        ("as_of", lambda: faststar.quote(currency="EUR", lines=[], as_of=5)),
        ("currency", lambda: Money(1, None)),
        ("amount", lambda: Money(2**63, "USD")),
        ("text", lambda: Money.parse(5)),
        ("url", lambda: faststar.check_cashier_url(None)),
        ("allow_origins", lambda: faststar.check_cashier_url("x", allow_origins="http://a")),
        ("allow_origins[0]", lambda: faststar.check_cashier_url("x", allow_origins=[1])),
        (
            "came_back_to",
            lambda: faststar.return_outcome(
                None, success_url="https://a.example", cancel_url="https://b.example"
            ),
        ),
        ("merchant", lambda: faststar.check_session(SALE, merchant=1)),
        ("products", lambda: faststar.quote_session(SALE, products=5)),
        ("prices", lambda: faststar.quote_session(SALE, prices={"id": "price_1"})),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_an_argument_of_another_type_is_named(argument, call):
    with pytest.raises(faststar.ValidationError) as raised:
        call()
    assert raised.value.param == argument


@pytest.mark.parametrize("argument", ["api_key", "base_url", "merchant", "timeout", "max_retries"])
def test_a_setting_of_another_type_is_named(argument):
    with pytest.raises(faststar.ConfigurationError) as raised:
        FastStar(**{"api_key": "k", argument: b"1"})
    assert raised.value.param == argument


def test_an_integer_that_a_request_cannot_carry_is_refused():
    # One that is rounded would be worse than an error.
    request = {**SALE, "mode": "setup", "tomorrow": [2**64]}
    for given in (request, json.dumps(request).encode()):
        with pytest.raises(faststar.ValidationError) as raised:
            faststar.check_session(given)
        assert (raised.value.code, raised.value.param) == ("out_of_range", "tomorrow[0]")
    assert faststar.check_session({**request, "tomorrow": 2**64 - 1})["tomorrow"] == 2**64 - 1


def test_a_result_is_taken_where_its_fields_are():
    product = faststar.Product.from_dict({"id": "prod_1", "name": "Tea", "new": 2**70})
    price = {"id": "price_1", "product_id": "prod_1", "currency": "USD", "unit_amount": 999}
    request = {**SALE, "mode": "payment", "line_items": [{"price_id": "price_1", "quantity": 2}]}
    for given in (price, faststar.Price.from_dict(price)):
        quote = faststar.quote_session(
            request, products=[product], prices=iter([given]), on=datetime.date(2026, 11, 22)
        )
        assert quote.subtotal == 1998
