//! A demo shop: the sandbox plays the merchant's server, which alone knows the prices and the key.

use std::sync::Arc;

use axum::extract::State;
use faststar::error::{Error, code};
use faststar::schema::{Field, Kind, Object, Origin};
use faststar::{CreateSession, Currency, LineItem, Presentation, Price, Product};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::json;

use super::Handled;
use crate::app::App;
use crate::checkout;
use crate::extract::{ActsFor, JsonBody};
use crate::ids;
use crate::reply::Reply;
use crate::store::{self, Outcome};

/// Something that the demo shop sells.
struct Good {
    id: &'static str,
    name: &'static str,
    doc: &'static str,
    amount: i64,
    /// Whether it is paid every month.
    is_monthly: bool,
}

const GOODS: &[Good] = &[
    Good {
        id: "mug",
        name: "Enamel mug",
        doc: "Holds 350 ml and a night sky.",
        amount: 1800,
        is_monthly: false,
    },
    Good {
        id: "chart",
        name: "Star chart",
        doc: "The northern sky, printed on heavy paper.",
        amount: 3200,
        is_monthly: false,
    },
    Good {
        id: "letters",
        name: "Letters from the observatory",
        doc: "One by post, every month.",
        amount: 700,
        is_monthly: true,
    },
];

/// What the shop's page sends to buy.
const ORDER: Object = Object {
    name: "DemoOrder",
    doc: "An order in the demo shop.",
    fields: &[
        Field::required("item", Kind::Text { max: 20 }, Origin::SandboxOnly, "What is bought."),
        Field::required(
            "quantity",
            Kind::Integer { min: 1, max: 20 },
            Origin::SandboxOnly,
            "How many.",
        ),
        Field::required(
            "presentation",
            Kind::OneOf(Presentation::KNOWN),
            Origin::SandboxOnly,
            "As an overlay or as a page.",
        ),
        Field::optional("buyer_country", Kind::Place, Origin::SandboxOnly, "Where it goes."),
    ],
};

#[derive(Deserialize)]
struct Order {
    item: String,
    quantity: i64,
    presentation: Presentation,
    buyer_country: Option<String>,
}

pub(super) async fn goods(ActsFor(caller): ActsFor) -> Handled {
    let currency = caller.merchant.default_currency;
    let items: Vec<_> = GOODS
        .iter()
        .map(|good| {
            json!({
                "id": good.id, "name": good.name, "description": good.doc, "amount": good.amount,
                "currency": currency, "decimals": currency.decimals(), "monthly": good.is_monthly,
            })
        })
        .collect();
    Ok(Reply::ok("Goods retrieved", &json!({"items": items})))
}

pub(super) async fn order(
    State(app): State<Arc<App>>,
    ActsFor(caller): ActsFor,
    body: JsonBody,
) -> Handled {
    let order: Order = body.read(&ORDER)?;
    let good = GOODS.iter().find(|good| good.id == order.item).ok_or_else(|| {
        Error::validation(code::INVALID_VALUE, "item", "item must be one that the shop lists")
    })?;
    let (merchant, origin, now) = (caller.merchant.clone(), app.origin.clone(), caller.now_ms());
    let reply = app.store.run(move |db| {
        let price = price_of(db, &merchant.id, merchant.default_currency, good, now)?;
        let item = LineItem::price(price).quantity(order.quantity);
        let reference = ids::id("demo_", now);
        let mut request = match good.is_monthly {
            true => CreateSession::subscription([item]),
            false => CreateSession::payment([item]),
        };
        request = request
            .presentation(order.presentation)
            .success_url(format!("{origin}/shop?back=success"))
            .cancel_url(format!("{origin}/shop?back=cancel"))
            .client_reference_id(&reference);
        request.buyer_country = order.buyer_country;
        let row = checkout::create(db, &merchant, request, now)?;
        let url = checkout::url(&origin, &row);
        Ok(Reply::ok(
            "Order created",
            &json!({"order": reference, "session_id": row.id, "url": url}),
        ))
    });
    Ok(reply.await?)
}

/// Finds the good in the merchant's catalog, or puts it there.
fn price_of(
    db: &Connection,
    merchant_id: &str,
    currency: Currency,
    good: &Good,
    now_ms: i64,
) -> Outcome<String> {
    let (products, _) = store::list_products(db, merchant_id, 100, None)?;
    let is_it = |product: &Product| {
        let product = json!(product);
        product["metadata"]["demo_shop"] == good.id
    };
    if let Some(id) = products.into_iter().find(is_it).and_then(|product| product.default_price_id)
    {
        return Ok(id);
    }
    let product: Product = serde_json::from_value(json!({
        "id": ids::id("prod_", now_ms), "name": good.name, "description": good.doc,
        "metadata": {"demo_shop": good.id},
    }))
    .expect("the fields are those of a product");
    store::add_product(db, merchant_id, &product)?;
    let mut price = json!({
        "id": ids::id("price_", now_ms), "product_id": product.id, "currency": currency,
        "unit_amount": good.amount, "type": "one_time",
    });
    if good.is_monthly {
        price["type"] = "recurring".into();
        price["recurring_interval"] = "month".into();
    }
    let price: Price = serde_json::from_value(price).expect("the fields are those of a price");
    store::add_price(db, merchant_id, &price)?;
    Ok(price.id)
}
