//! What a session sells, and the rules that hold before any request.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result, code};
use crate::open_enum::open_enum;
use crate::schema::{self, Field, Kind, Object, Origin};

/// The greatest quantity of a line that the sandbox and a quote take.
///
/// Ours; FastStar's pages name no limit, so the client does not refuse more.
pub const MAX_QUANTITY: i64 = 1_000_000;

open_enum! {
    /// Tells who sells to the buyer.
    MerchantKind {
        /// The merchant sells, FastStar processes the payment (Direct/PSP).
        Direct = "direct",
        /// FastStar is the Merchant of Record; every line item must reference the catalog.
        MerchantOfRecord = "mor",
    }
}

/// A line of a session: a price or a product of the catalog, or an ad hoc amount, and how many.
///
/// ```
/// use faststar::LineItem;
///
/// let by_price = LineItem::price("price_1").quantity(2);
/// let by_product = LineItem::product("prod_1"); // its default price
/// let ad_hoc = LineItem::ad_hoc(1999, "USD").description("Tea"); // Direct merchants only
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LineItem {
    /// A price of the catalog, `price_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_id: Option<String>,
    /// A product of the catalog, `prod_…`; its default price is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// How many, from 1 up.
    #[serde(default = "one", deserialize_with = "null_as_one")]
    pub quantity: i64,
    /// The price of one in the currency's smallest unit; Direct/PSP merchants only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad_hoc_amount: Option<i64>,
    /// The currency of `ad_hoc_amount`, ISO 4217; the merchant's default where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad_hoc_currency: Option<String>,
    /// The text that the cashier shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Fields that this version does not know, sent as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

fn one() -> i64 {
    1
}

fn null_as_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Option::deserialize(deserializer).map(|quantity| quantity.unwrap_or_else(one))
}

impl Default for LineItem {
    fn default() -> Self {
        Self {
            price_id: None,
            product_id: None,
            quantity: 1,
            ad_hoc_amount: None,
            ad_hoc_currency: None,
            description: None,
            extra: Map::new(),
        }
    }
}

impl LineItem {
    /// What the platform takes.
    pub const SCHEMA: Object = Object {
        name: "LineItem",
        doc: "A line of a session.",
        fields: &[
            Field::optional(
                "price_id",
                Kind::Text { max: 100 },
                Origin::Documented,
                "A price of the catalog, `price_…`.",
            ),
            Field::optional(
                "product_id",
                Kind::Text { max: 100 },
                Origin::Documented,
                "A product of the catalog, `prod_…`; its default price is used.",
            ),
            Field::required(
                "quantity",
                Kind::Integer { min: 1, max: MAX_QUANTITY },
                Origin::Documented,
                "How many; the limit of 1,000,000 is the sandbox's.",
            ),
            Field::optional(
                "ad_hoc_amount",
                Kind::Amount { min: 0 },
                Origin::Documented,
                "The price of one in the smallest currency unit; Direct/PSP merchants only.",
            ),
            Field::optional(
                "ad_hoc_currency",
                Kind::Currency,
                Origin::Documented,
                "The currency of `ad_hoc_amount`; the merchant's default where absent.",
            ),
            Field::optional(
                "description",
                Kind::Text { max: 500 },
                Origin::Documented,
                "The text that the cashier shows.",
            ),
        ],
    };

    /// Starts a line with a price of the catalog.
    pub fn price(price_id: impl Into<String>) -> Self {
        Self { price_id: Some(price_id.into()), ..Self::default() }
    }

    /// Starts a line with a product of the catalog, at its default price.
    pub fn product(product_id: impl Into<String>) -> Self {
        Self { product_id: Some(product_id.into()), ..Self::default() }
    }

    /// Starts a line with an amount that the catalog does not have, in the smallest unit.
    ///
    /// For Direct/PSP merchants only.
    pub fn ad_hoc(amount: i64, currency: impl Into<String>) -> Self {
        Self {
            ad_hoc_amount: Some(amount),
            ad_hoc_currency: Some(currency.into()),
            ..Self::default()
        }
    }

    /// Sets how many.
    #[must_use]
    pub fn quantity(mut self, quantity: i64) -> Self {
        self.quantity = quantity;
        self
    }

    /// Sets the text that the cashier shows.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Tells whether the line references the catalog.
    pub fn is_from_catalog(&self) -> bool {
        self.price_id.is_some() || self.product_id.is_some()
    }

    /// Checks the line as a client can before it sends, at `path` such as `line_items[2]`.
    ///
    /// It refuses only what FastStar's pages forbid or what cannot be meant: see the table in
    /// `docs/fidelity.md`. `merchant` is `None` where the client was not told. What depends on the
    /// mode is the session's to check.
    ///
    /// # Errors
    ///
    /// `out_of_range`, `ad_hoc_not_allowed` or `line_item_source_missing`, with the path of the
    /// place; `duplicate_key` where `extra` has a field of this type.
    pub fn validate(&self, merchant: Option<&MerchantKind>, path: &str) -> Result<()> {
        Self::SCHEMA.check_extra(&self.extra, path)?;
        schema::check_range(self.quantity, 1, i64::MAX, || format!("{path}.quantity"))?;
        if let Some(amount) = self.ad_hoc_amount {
            schema::check_range(amount, 0, i64::MAX, || format!("{path}.ad_hoc_amount"))?;
        }
        if merchant == Some(&MerchantKind::MerchantOfRecord) {
            self.validate_for_merchant_of_record(path)?;
        }
        if !self.is_from_catalog() && self.ad_hoc_amount.is_none() {
            return Err(Error::validation(
                code::LINE_ITEM_SOURCE_MISSING,
                path,
                "a line item must name a price_id, a product_id or an ad_hoc_amount",
            ));
        }
        Ok(())
    }

    fn validate_for_merchant_of_record(&self, path: &str) -> Result<()> {
        let refuse = |place: String| {
            Err(Error::validation(
                code::AD_HOC_NOT_ALLOWED,
                place,
                "a Merchant-of-Record merchant's line items must reference the catalog: \
                 use price_id or product_id instead of an ad hoc amount",
            ))
        };
        if self.ad_hoc_amount.is_some() {
            refuse(format!("{path}.ad_hoc_amount"))
        } else if self.ad_hoc_currency.is_some() {
            refuse(format!("{path}.ad_hoc_currency"))
        } else if !self.is_from_catalog() {
            refuse(path.to_owned())
        } else {
            Ok(())
        }
    }
}
