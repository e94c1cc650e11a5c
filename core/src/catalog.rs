//! Products and prices, as the merchant's catalog has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result, code};
use crate::open_enum::open_enum;
use crate::schema::{self, Field, Kind, Object, Origin, Strictness};
use crate::wire::null_as_default;

open_enum! {
    /// Tells whether a price is charged once or again and again.
    #[derive(Default)]
    PriceType {
        /// Charged once; for sessions in payment mode.
        #[default]
        OneTime = "one_time",
        /// Charged at each interval; for sessions in subscription mode.
        Recurring = "recurring",
    }
}

open_enum! {
    /// The unit of a recurring price's period.
    ///
    /// FastStar's pages name the field and not its values; these are ours.
    Interval {
        /// Every `recurring_interval_count` days.
        Day = "day",
        /// Every `recurring_interval_count` weeks.
        Week = "week",
        /// Every `recurring_interval_count` months.
        Month = "month",
        /// Every `recurring_interval_count` years.
        Year = "year",
    }
}

/// The merchant's own texts by key, as much as the sandbox takes of them.
const METADATA: Kind = Kind::Metadata { max: 50, max_key: 40, max_value: 500 };

/// A product of the catalog.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Product {
    /// The id, `prod_…`.
    pub id: String,
    /// The name that a buyer sees.
    #[serde(default)]
    pub name: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The category that decides its tax rate; `standard` where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<String>,
    /// URLs of pictures.
    #[serde(default, deserialize_with = "null_as_default")]
    pub images: Vec<String>,
    /// The merchant's own texts by key.
    #[serde(default, deserialize_with = "null_as_default")]
    pub metadata: BTreeMap<String, String>,
    /// The price that a line item with only this product uses. The sandbox says it; the live
    /// platform may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_price_id: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Product {
    /// What the API answers.
    pub const SCHEMA: Object = Object {
        name: "Product",
        doc: "A product of the catalog.",
        fields: &[
            Field::required("id", Kind::Text { max: 100 }, Origin::Documented, "The id, `prod_…`."),
            Field::required(
                "name",
                Kind::Text { max: 250 },
                Origin::Documented,
                "The name that a buyer sees.",
            ),
            Field::optional(
                "description",
                Kind::Text { max: 5000 },
                Origin::Documented,
                "More about it.",
            ),
            Field::optional(
                "tax_category",
                Kind::Text { max: 100 },
                Origin::Documented,
                "The category that decides its tax rate.",
            ),
            Field::optional(
                "images",
                Kind::List { of: &Kind::HttpUrl, max: 20 },
                Origin::Documented,
                "URLs of pictures.",
            ),
            Field::optional(
                "metadata",
                METADATA,
                Origin::Documented,
                "The merchant's own texts by key.",
            ),
            Field::optional(
                "default_price_id",
                Kind::Text { max: 100 },
                Origin::SandboxOnly,
                "The price that `product_id` alone stands for: the first one made for it. That there is a default is documented, how it is chosen is not.",
            ),
        ],
    };
}

/// A price of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Price {
    /// The id, `price_…`.
    pub id: String,
    /// The product that it is a price of.
    #[serde(default)]
    pub product_id: String,
    /// The currency, ISO 4217.
    pub currency: String,
    /// The price of one, in the currency's smallest unit.
    pub unit_amount: i64,
    /// One-time or recurring.
    #[serde(default, rename = "type")]
    pub price_type: PriceType,
    /// The unit of the period of a recurring price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring_interval: Option<Interval>,
    /// How many units one period has; 1 where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring_interval_count: Option<i64>,
    /// Days before the first charge of a subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_period_days: Option<i64>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Price {
    /// What the API answers.
    pub const SCHEMA: Object = Object {
        name: "Price",
        doc: "A price of a product.",
        fields: &[
            Field::required(
                "id",
                Kind::Text { max: 100 },
                Origin::Documented,
                "The id, `price_…`.",
            ),
            Field::required(
                "product_id",
                Kind::Text { max: 100 },
                Origin::Documented,
                "The product.",
            ),
            Field::required("currency", Kind::Currency, Origin::Documented, "The currency."),
            Field::required(
                "unit_amount",
                Kind::Amount { min: 0 },
                Origin::Documented,
                "The price of one, in the smallest unit.",
            ),
            Field::required(
                "type",
                Kind::OneOf(PriceType::KNOWN),
                Origin::Documented,
                "One-time or recurring.",
            ),
            Field::optional(
                "recurring_interval",
                Kind::OneOf(Interval::KNOWN),
                Origin::Inferred,
                "The unit of the period. The field is documented, its values are ours.",
            ),
            Field::optional(
                "recurring_interval_count",
                Kind::Integer { min: 1, max: 365 },
                Origin::Documented,
                "How many units one period has.",
            ),
            Field::optional(
                "trial_period_days",
                Kind::Integer { min: 0, max: 730 },
                Origin::Documented,
                "Days before the first charge.",
            ),
        ],
    };
}

/// Asks for a new product.
///
/// ```
/// use faststar::CreateProduct;
///
/// let product = CreateProduct::new("Green tea, 100 g").tax_category("food");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreateProduct {
    /// The name that a buyer sees.
    pub name: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The category that decides its tax rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<String>,
    /// URLs of pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub images: Vec<String>,
    /// The merchant's own texts by key.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub metadata: BTreeMap<String, String>,
    /// Fields that this version does not know, sent as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl CreateProduct {
    /// What the platform takes.
    pub const SCHEMA: Object = Object {
        name: "CreateProduct",
        doc: "A new product of the catalog.",
        fields: &[
            Field::required(
                "name",
                Kind::Text { max: 250 },
                Origin::Documented,
                "The name that a buyer sees.",
            ),
            Field::optional(
                "description",
                Kind::Text { max: 5000 },
                Origin::Documented,
                "More about it.",
            ),
            Field::optional(
                "tax_category",
                Kind::Text { max: 100 },
                Origin::Documented,
                "The category that decides its tax rate; `standard` where absent.",
            ),
            Field::optional(
                "images",
                Kind::List { of: &Kind::HttpUrl, max: 20 },
                Origin::Documented,
                "URLs of pictures.",
            ),
            Field::optional(
                "metadata",
                METADATA,
                Origin::Documented,
                "The merchant's own texts by key. The limits of 50 keys of 40 characters and values of 500 are the sandbox's.",
            ),
        ],
    };

    /// Checks the request as a client can before it sends.
    ///
    /// # Errors
    ///
    /// `duplicate_key` where `extra` has a field of this type.
    pub fn validate(&self) -> Result<()> {
        Self::SCHEMA.check_extra(&self.extra, "")
    }

    /// Makes a request of untyped input, such as a language package has.
    ///
    /// # Errors
    ///
    /// `invalid_type`, `out_of_range` beyond 64 bits, or `missing_field`, each with its path.
    pub fn from_value(value: Value) -> Result<Self> {
        schema::from_value(&Self::SCHEMA, value, Strictness::Types)
    }

    /// Starts with the name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Says more about it.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Sets the category that decides its tax rate.
    #[must_use]
    pub fn tax_category(mut self, category: impl Into<String>) -> Self {
        self.tax_category = Some(category.into());
        self
    }

    /// Adds the URL of a picture.
    #[must_use]
    pub fn image(mut self, url: impl Into<String>) -> Self {
        self.images.push(url.into());
        self
    }

    /// Adds a text of the merchant's own.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

/// Asks for a new price of a product.
///
/// ```
/// use faststar::{CreatePrice, Interval};
///
/// let once = CreatePrice::one_time("prod_1", "USD", 999);
/// let monthly = CreatePrice::recurring("prod_1", "USD", 500, Interval::Month).trial_period_days(14);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreatePrice {
    /// The product that it is a price of.
    pub product_id: String,
    /// The currency, ISO 4217.
    pub currency: String,
    /// The price of one, in the currency's smallest unit.
    pub unit_amount: i64,
    /// One-time or recurring.
    #[serde(default, rename = "type", deserialize_with = "null_as_default")]
    pub price_type: PriceType,
    /// The unit of the period of a recurring price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring_interval: Option<Interval>,
    /// How many units one period has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring_interval_count: Option<i64>,
    /// Days before the first charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_period_days: Option<i64>,
    /// Fields that this version does not know, sent as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl CreatePrice {
    /// What the platform takes.
    pub const SCHEMA: Object = Object {
        name: "CreatePrice",
        doc: "A new price of a product.",
        fields: &[
            Field::required(
                "product_id",
                Kind::Text { max: 100 },
                Origin::Documented,
                "The product that it is a price of, `prod_…`.",
            ),
            Field::required(
                "currency",
                Kind::Currency,
                Origin::Documented,
                "The currency, ISO 4217.",
            ),
            Field::required(
                "unit_amount",
                Kind::Amount { min: 0 },
                Origin::Documented,
                "The price of one, in the currency's smallest unit.",
            ),
            Field::optional(
                "type",
                Kind::OneOf(PriceType::KNOWN),
                Origin::Documented,
                "One-time or recurring; `one_time` where absent.",
            ),
            Field::optional(
                "recurring_interval",
                Kind::OneOf(Interval::KNOWN),
                Origin::Inferred,
                "The unit of the period; a recurring price must have it.",
            ),
            Field::optional(
                "recurring_interval_count",
                Kind::Integer { min: 1, max: 365 },
                Origin::Documented,
                "How many units one period has; 1 where absent.",
            ),
            Field::optional(
                "trial_period_days",
                Kind::Integer { min: 0, max: 730 },
                Origin::Documented,
                "Days before the first charge of a subscription.",
            ),
        ],
    };

    /// Starts a price that is charged once.
    ///
    /// `unit_amount` is in the currency's smallest unit: 999 is 9.99 USD.
    pub fn one_time(
        product_id: impl Into<String>,
        currency: impl Into<String>,
        unit_amount: i64,
    ) -> Self {
        Self {
            product_id: product_id.into(),
            currency: currency.into(),
            unit_amount,
            price_type: PriceType::OneTime,
            recurring_interval: None,
            recurring_interval_count: None,
            trial_period_days: None,
            extra: Map::new(),
        }
    }

    /// Starts a price that is charged at each interval.
    ///
    /// `unit_amount` is in the currency's smallest unit: 999 is 9.99 USD.
    pub fn recurring(
        product_id: impl Into<String>,
        currency: impl Into<String>,
        unit_amount: i64,
        interval: Interval,
    ) -> Self {
        Self {
            price_type: PriceType::Recurring,
            recurring_interval: Some(interval),
            ..Self::one_time(product_id, currency, unit_amount)
        }
    }

    /// Checks that a recurring price has an interval, and a one-time price nothing that recurs.
    ///
    /// For the sandbox; a client refuses only what [`CreatePrice::validate`] does.
    ///
    /// # Errors
    ///
    /// `missing_field` at `recurring_interval`, `invalid_value` at what does not belong there.
    pub fn check_recurrence(&self) -> Result<()> {
        self.validate()?;
        let recurs = [
            ("recurring_interval", self.recurring_interval.is_some()),
            ("recurring_interval_count", self.recurring_interval_count.is_some()),
            ("trial_period_days", self.trial_period_days.is_some()),
        ];
        match recurs.iter().find(|(_, there)| *there) {
            Some((name, _)) if self.price_type == PriceType::OneTime => Err(Error::validation(
                code::INVALID_VALUE,
                *name,
                format!("{name} is for prices with type recurring; this one is one_time"),
            )),
            _ => Ok(()),
        }
    }

    /// Checks the request as a client can before it sends.
    ///
    /// # Errors
    ///
    /// `missing_field` where a recurring price has no interval, `duplicate_key` where `extra` has a
    /// field of this type.
    pub fn validate(&self) -> Result<()> {
        Self::SCHEMA.check_extra(&self.extra, "")?;
        if self.price_type == PriceType::Recurring && self.recurring_interval.is_none() {
            return Err(Error::validation(
                code::MISSING_FIELD,
                "recurring_interval",
                "a recurring price must have a recurring_interval: day, week, month or year",
            ));
        }
        Ok(())
    }

    /// Makes a request of untyped input, such as a language package has.
    ///
    /// # Errors
    ///
    /// `invalid_type`, `out_of_range` beyond 64 bits, or `missing_field`, each with its path.
    pub fn from_value(value: Value) -> Result<Self> {
        schema::from_value(&Self::SCHEMA, value, Strictness::Types)
    }

    /// Sets how many units one period has.
    #[must_use]
    pub fn interval_count(mut self, count: i64) -> Self {
        self.recurring_interval_count = Some(count);
        self
    }

    /// Sets the days before the first charge.
    #[must_use]
    pub fn trial_period_days(mut self, days: i64) -> Self {
        self.trial_period_days = Some(days);
        self
    }
}

/// Holds the products and prices that a quote needs.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    products: BTreeMap<String, Product>,
    prices: BTreeMap<String, Price>,
}

impl Catalog {
    /// Makes an empty catalog.
    pub fn new() -> Self {
        Self::default()
    }

    /// What [`Catalog::from_value`] takes.
    pub const SCHEMA: Object = Object {
        name: "Catalog",
        doc: "Products and prices, as the lists of the API have them.",
        fields: &[
            Field::optional(
                "products",
                Kind::List { of: &Kind::Object(&Product::SCHEMA), max: 100_000 },
                Origin::SandboxOnly,
                "The products.",
            ),
            Field::optional(
                "prices",
                Kind::List { of: &Kind::Object(&Price::SCHEMA), max: 100_000 },
                Origin::SandboxOnly,
                "The prices.",
            ),
        ],
    };

    /// Makes a catalog of untyped input: `{"products": […], "prices": […]}`, both optional.
    ///
    /// # Errors
    ///
    /// `invalid_type`, `out_of_range` beyond 64 bits, or `missing_field`, each with its path.
    pub fn from_value(value: Value) -> Result<Self> {
        #[derive(Deserialize)]
        struct Lists {
            #[serde(default, deserialize_with = "null_as_default")]
            products: Vec<Product>,
            #[serde(default, deserialize_with = "null_as_default")]
            prices: Vec<Price>,
        }
        let lists: Lists = schema::from_value(&Self::SCHEMA, value, Strictness::Types)?;
        let mut catalog = Self::new();
        lists.products.into_iter().for_each(|product| catalog.add_product(product));
        lists.prices.into_iter().for_each(|price| catalog.add_price(price));
        Ok(catalog)
    }

    /// Adds a product, or puts it in place of the one with its id.
    pub fn add_product(&mut self, product: Product) {
        self.products.insert(product.id.clone(), product);
    }

    /// Adds a price, or puts it in place of the one with its id.
    pub fn add_price(&mut self, price: Price) {
        self.prices.insert(price.id.clone(), price);
    }

    /// Gives the products, by id.
    pub fn products(&self) -> impl Iterator<Item = &Product> {
        self.products.values()
    }

    /// Gives the prices, by id.
    pub fn prices(&self) -> impl Iterator<Item = &Price> {
        self.prices.values()
    }

    /// Finds a product by id.
    pub fn product(&self, id: &str) -> Option<&Product> {
        self.products.get(id)
    }

    /// Finds a price by id.
    pub fn price(&self, id: &str) -> Option<&Price> {
        self.prices.get(id)
    }
}

impl FromIterator<(Product, Vec<Price>)> for Catalog {
    fn from_iter<I: IntoIterator<Item = (Product, Vec<Price>)>>(items: I) -> Self {
        let mut catalog = Self::new();
        for (product, prices) in items {
            catalog.add_product(product);
            prices.into_iter().for_each(|price| catalog.add_price(price));
        }
        catalog
    }
}
