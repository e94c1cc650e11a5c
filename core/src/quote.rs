//! Offline quotes: what a cart or a session comes to, by the code that the sandbox prices with.
//!
//! The tax is an estimate from a bundled table (see [`crate::tax`]); the platform's `amount_tax` is
//! authoritative, and a quote never replaces it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Price, PriceType, Product};
use crate::error::{Error, ErrorKind, Result, code};
use crate::line_item::{LineItem, MAX_QUANTITY, MerchantKind};
use crate::money::Currency;
use crate::schema::{self, Field, Kind, Object, Origin, Strictness};
use crate::session::{CreateSession, Mode};
use crate::tax::{self, Behaviour, Place, Rate, RateTable, Rounding, TaxRate};
use crate::totals::{self, Line, RateTotals};
use crate::wire::{date, date_or_none, null_as_default};

/// What a cart or a session comes to, in the currency's smallest unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quote {
    /// The currency.
    pub currency: Currency,
    /// The sum of the lines.
    pub subtotal: i64,
    /// The tax: inside the subtotal if inclusive, on top of it if exclusive.
    pub tax: i64,
    /// What the buyer pays.
    pub total: i64,
    /// Whether the prices contain the tax; `None` while no place is known, its rate is not, or nothing
    /// is charged, and the tax is 0.
    pub behaviour: Option<Behaviour>,
    /// How the tax was rounded.
    pub rounding: Rounding,
    /// Each line's figures, in the order of the input.
    pub lines: Vec<QuoteLine>,
    /// Each distinct rate's figures, the lowest rate first.
    pub taxes: Vec<RateTotals>,
    /// Whether a rate of the bundled table went into it. FastStar computes the binding tax.
    pub estimated: bool,
    /// False where the bundled table has no rate for the place that was named: those lines' tax is 0 for
    /// want of one. FastStar computes the binding tax.
    pub rate_known: bool,
    /// The date of the oldest figure that was taken from the table; `None` where none was, or where
    /// one has no date.
    pub rates_as_of: Option<Date>,
}

/// What a line comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuoteLine {
    /// The price of one.
    pub unit_amount: i64,
    /// How many.
    pub quantity: i64,
    /// Unit amount times quantity.
    pub amount: i64,
    /// The line's tax; `None` where the rounding is per rate.
    pub tax: Option<i64>,
    /// The tax rate in parts per million.
    #[serde(rename = "rate_ppm")]
    pub rate: Rate,
    /// What the tax is called, where the rate is from the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_name: Option<String>,
    /// The text that the cashier shows: the line's own, or the product's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A cart with its prices, to be summed up without a catalog.
///
/// It is the input of `faststar quote`, one JSON object a line.
///
/// ```
/// use faststar::Cart;
///
/// let cart: Cart = Cart::from_json(br#"{
///     "currency": "EUR", "country": "DE", "lines": [{"unit_amount": 4900, "quantity": 1}]
/// }"#)?;
/// let quote = cart.quote("2026-11-22".parse().unwrap())?;
/// assert_eq!((quote.subtotal, quote.tax, quote.total), (4900, 782, 4900));
/// assert!(quote.estimated);
/// # Ok::<(), faststar::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cart {
    /// The currency of the cart.
    pub currency: Currency,
    /// The lines, at least one.
    pub lines: Vec<CartLine>,
    /// The buyer's country, ISO 3166-1 alpha-2; empty for none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub country: String,
    /// The region within it, the part of ISO 3166-2 after the hyphen; empty for none.
    #[serde(default, deserialize_with = "null_as_default")]
    pub region: String,
    /// Whether the prices contain the tax; the place's own where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<Behaviour>,
    /// How the tax is rounded.
    #[serde(default, deserialize_with = "null_as_default")]
    pub rounding: Rounding,
    /// The date of the look-up; the day of the quote where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_or_none")]
    pub as_of: Option<Date>,
}

/// A line of a [`Cart`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CartLine {
    /// The price of one in the smallest unit.
    pub unit_amount: i64,
    /// How many, from 1 to 1,000,000.
    pub quantity: i64,
    /// The tax rate in parts per million, 0 to 1,000,000; looked up where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_rate_ppm: Option<u32>,
    /// The category for the look-up; `standard` where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<String>,
    /// The line's currency, which must be the cart's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

const CART_LINE: Object = Object {
    name: "CartLine",
    doc: "A line of a cart.",
    fields: &[
        Field::required(
            "unit_amount",
            Kind::Amount { min: 0 },
            Origin::SandboxOnly,
            "The price of one in the smallest unit.",
        ),
        Field::required(
            "quantity",
            Kind::Integer { min: 1, max: MAX_QUANTITY },
            Origin::SandboxOnly,
            "How many.",
        ),
        Field::optional(
            "tax_rate_ppm",
            Kind::Integer { min: 0, max: Rate::MAX_PPM as i64 },
            Origin::SandboxOnly,
            "The tax rate in parts per million; looked up where absent.",
        ),
        Field::optional(
            "tax_category",
            Kind::Text { max: 100 },
            Origin::SandboxOnly,
            "The category for the look-up.",
        ),
        Field::optional(
            "currency",
            Kind::Currency,
            Origin::SandboxOnly,
            "The line's currency, which must be the cart's.",
        ),
    ],
};

impl Cart {
    /// What [`Cart::from_json`] takes. `name`, `source`, `tags`, `note` and `expect` are for people
    /// and test runners, and are not looked at.
    pub const SCHEMA: Object = Object {
        name: "Cart",
        doc: "A cart with its prices.",
        fields: &[
            Field::required(
                "currency",
                Kind::Currency,
                Origin::SandboxOnly,
                "The currency of the cart.",
            ),
            Field::required(
                "lines",
                Kind::List { of: &Kind::Object(&CART_LINE), max: 10_000 },
                Origin::SandboxOnly,
                "The lines.",
            ),
            Field::optional(
                "country",
                Kind::Text { max: 2 },
                Origin::SandboxOnly,
                "The buyer's country; empty for none.",
            ),
            Field::optional(
                "region",
                Kind::Text { max: 3 },
                Origin::SandboxOnly,
                "The region within it; empty for none.",
            ),
            Field::optional(
                "behaviour",
                Kind::OneOf(Behaviour::KNOWN),
                Origin::SandboxOnly,
                "Whether the prices contain the tax; the place's own where absent.",
            ),
            Field::optional(
                "rounding",
                Kind::OneOf(Rounding::KNOWN),
                Origin::SandboxOnly,
                "How the tax is rounded.",
            ),
            Field::optional(
                "as_of",
                Kind::Date,
                Origin::SandboxOnly,
                "The date of the look-up; today where absent.",
            ),
            Field::optional("name", Kind::Any, Origin::SandboxOnly, "For people."),
            Field::optional("source", Kind::Any, Origin::SandboxOnly, "For people."),
            Field::optional("tags", Kind::Any, Origin::SandboxOnly, "For people."),
            Field::optional("note", Kind::Any, Origin::SandboxOnly, "For people."),
            Field::optional("expect", Kind::Any, Origin::SandboxOnly, "For a test runner."),
        ],
    };

    /// Starts a cart in a currency.
    pub fn new(currency: Currency) -> Self {
        Self {
            currency,
            lines: Vec::new(),
            country: String::new(),
            region: String::new(),
            behaviour: None,
            rounding: Rounding::default(),
            as_of: None,
        }
    }

    /// Adds a line whose rate is looked up, at a price in the smallest unit.
    #[must_use]
    pub fn line(mut self, unit_amount: i64, quantity: i64) -> Self {
        self.lines.push(CartLine {
            unit_amount,
            quantity,
            tax_rate_ppm: None,
            tax_category: None,
            currency: None,
        });
        self
    }

    /// Sets the buyer's place.
    #[must_use]
    pub fn place(mut self, place: &Place) -> Self {
        self.country = place.country().to_owned();
        self.region = place.region().unwrap_or_default().to_owned();
        self
    }

    /// Reads a cart.
    ///
    /// # Errors
    ///
    /// Those of [`schema::read`], with the path of the mistake.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        schema::read(&Self::SCHEMA, json)
    }

    /// Reads a cart from a value that a language binding made.
    ///
    /// # Errors
    ///
    /// Those of [`Object::check`], with the path of the mistake.
    pub fn from_value(value: serde_json::Value) -> Result<Self> {
        schema::from_value(&Self::SCHEMA, value, Strictness::Full)
    }

    /// Computes what the cart comes to.
    ///
    /// A place that the bundled table has no rate for is no hindrance: see [`Quote::rate_known`].
    ///
    /// # Errors
    ///
    /// `line_items_required` without a line, `currency_mismatch`, `tax_rate_unknown` where a line has
    /// neither a rate nor a place, `missing_field` where lines have rates and nothing tells whether the
    /// prices contain them, and those of [`totals::compute`].
    pub fn quote(&self, today: Date) -> Result<Quote> {
        if self.lines.is_empty() {
            return Err(Error::validation(
                code::LINE_ITEMS_REQUIRED,
                "lines",
                "a cart must have at least one line",
            ));
        }
        let lines = self
            .lines
            .iter()
            .enumerate()
            .map(|(index, line)| {
                if let Some(currency) = line.currency.filter(|currency| *currency != self.currency)
                {
                    let path = format!("lines[{index}].currency");
                    return Err(mismatch(path, currency, "the cart", self.currency));
                }
                let rate = line.tax_rate_ppm.map(Rate::from_ppm).transpose();
                Ok(Priced {
                    unit_amount: line.unit_amount,
                    quantity: line.quantity,
                    rate: rate.map_err(|e| e.with_param(format!("lines[{index}].tax_rate_ppm")))?,
                    category: line.tax_category.as_deref(),
                    description: None,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let terms = Terms {
            name: "lines",
            currency: self.currency,
            place: self.parse_place()?,
            behaviour: self.behaviour,
            rounding: self.rounding,
            on: self.as_of.unwrap_or(today),
        };
        if let (None, Some(index)) =
            (&terms.place, self.lines.iter().position(|line| line.tax_rate_ppm.is_none()))
        {
            return Err(Error::validation(
                code::TAX_RATE_UNKNOWN,
                "country",
                format!("name the buyer's country, or give lines[{index}].tax_rate_ppm"),
            ));
        }
        if terms.place.is_none() && terms.behaviour.is_none() {
            return Err(Error::validation(
                code::MISSING_FIELD,
                "behaviour",
                "without a country, say whether the prices contain the tax: \
                 behaviour must be inclusive or exclusive",
            ));
        }
        terms.sum_up(&lines)
    }

    fn parse_place(&self) -> Result<Option<Place>> {
        if self.country.is_empty() {
            return Ok(None);
        }
        let dash = if self.region.is_empty() { "" } else { "-" };
        format!("{}{dash}{}", self.country, self.region).parse().map(Some)
    }
}

/// What a quote of a session needs to know beside the request and the catalog.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QuoteOptions {
    /// Who sells; `None` skips the rules for a Merchant of Record.
    pub merchant: Option<MerchantKind>,
    /// The currency of an ad hoc amount that names none, and of a session without lines.
    pub default_currency: Currency,
    /// How the tax is rounded.
    pub rounding: Rounding,
    /// The date whose rates hold.
    pub on: Date,
}

impl QuoteOptions {
    /// Starts with a date, US dollars as the default currency and the default rounding.
    pub fn on(date: Date) -> Self {
        Self {
            merchant: None,
            default_currency: Currency::USD,
            rounding: Rounding::default(),
            on: date,
        }
    }

    /// What [`QuoteOptions::from_value`] takes.
    pub const SCHEMA: Object = Object {
        name: "QuoteOptions",
        doc: "What a quote of a session needs to know beside the request and the catalog.",
        fields: &[
            Field::required("on", Kind::Date, Origin::SandboxOnly, "The date whose rates hold."),
            Field::optional(
                "merchant",
                Kind::OneOf(MerchantKind::KNOWN),
                Origin::SandboxOnly,
                "Who sells.",
            ),
            Field::optional(
                "default_currency",
                Kind::Currency,
                Origin::SandboxOnly,
                "The currency of an ad hoc amount that names none; USD where absent.",
            ),
            Field::optional(
                "rounding",
                Kind::OneOf(Rounding::KNOWN),
                Origin::SandboxOnly,
                "How the tax is rounded.",
            ),
        ],
    };

    /// Makes options of untyped input, such as a language package has.
    ///
    /// # Errors
    ///
    /// Those of [`Object::check`], with the path of the mistake.
    pub fn from_value(value: serde_json::Value) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(expecting = "an object")]
        struct Wire {
            #[serde(deserialize_with = "date")]
            on: Date,
            merchant: Option<MerchantKind>,
            default_currency: Option<Currency>,
            rounding: Option<Rounding>,
        }
        let wire: Wire = schema::from_value(&Self::SCHEMA, value, Strictness::Full)?;
        Ok(Self {
            merchant: wire.merchant,
            default_currency: wire.default_currency.unwrap_or(Currency::USD),
            rounding: wire.rounding.unwrap_or_default(),
            on: wire.on,
        })
    }

    /// Says who sells.
    #[must_use]
    pub fn merchant(mut self, merchant: MerchantKind) -> Self {
        self.merchant = Some(merchant);
        self
    }

    /// Sets the currency of an ad hoc amount that names none.
    #[must_use]
    pub fn default_currency(mut self, currency: Currency) -> Self {
        self.default_currency = currency;
        self
    }

    /// Sets how the tax is rounded.
    #[must_use]
    pub fn rounding(mut self, rounding: Rounding) -> Self {
        self.rounding = rounding;
        self
    }
}

/// Computes what a session would come to, with all rules of its line items.
///
/// The sandbox prices its sessions with this function. Without `buyer_country` the tax is 0 and
/// the total is the subtotal, until the buyer names a country. In setup mode nothing is charged and
/// every figure is 0. A place that the bundled table has no rate for is no hindrance: see
/// [`Quote::rate_known`].
///
/// # Errors
///
/// Those of [`CreateSession::validate`], and `line_item_source_ambiguous`, `not_found`,
/// `recurring_price_required`, `one_time_price_required`, `currency_mismatch`, `out_of_range`,
/// `amount_overflow` and `invalid_value`, each with its path.
pub fn quote(request: &CreateSession, catalog: &Catalog, options: &QuoteOptions) -> Result<Quote> {
    quote_some(request, catalog, options, |_| request.mode != Mode::Setup)
}

/// Computes what those items of a session come to that are charged.
pub(crate) fn quote_some(
    request: &CreateSession,
    catalog: &Catalog,
    options: &QuoteOptions,
    is_charged: impl Fn(&LineItem) -> bool,
) -> Result<Quote> {
    request.validate(options.merchant.as_ref())?;
    let place = match request.buyer_country.as_deref() {
        None => None,
        Some(text) => Some(text.parse::<Place>().map_err(|e| e.with_param("buyer_country"))?),
    };
    let mut currency = None;
    let mut lines = Vec::with_capacity(request.line_items.len());
    // What is not charged has to be right all the same: a session names no price that is not there.
    for (index, item) in request.line_items.iter().enumerate() {
        let path = format!("line_items[{index}]");
        schema::check_range(item.quantity, 1, MAX_QUANTITY, || format!("{path}.quantity"))?;
        let (line, of) = resolve(item, &request.mode, catalog, options, &path)?;
        match currency {
            Some(currency) if currency != of => {
                let path = currency_path(item, &path);
                return Err(mismatch(path, of, "line_items[0]", currency));
            }
            _ => currency = Some(of),
        }
        if is_charged(item) {
            lines.push(line);
        }
    }
    let terms = Terms {
        name: "line_items",
        currency: currency.unwrap_or(options.default_currency),
        // Where nothing is charged, a place without a rate is no hindrance.
        place: place.filter(|_| !lines.is_empty()),
        behaviour: None,
        rounding: options.rounding,
        on: options.on,
    };
    terms.sum_up(&lines)
}

/// Finds what a line item sells, at what price, in which currency.
fn resolve<'a>(
    item: &'a LineItem,
    mode: &Mode,
    catalog: &'a Catalog,
    options: &QuoteOptions,
    path: &str,
) -> Result<(Priced<'a>, Currency)> {
    let ambiguous = |place: String, message: &str| {
        Err(Error::validation(code::LINE_ITEM_SOURCE_AMBIGUOUS, place, message))
    };
    if item.is_from_catalog() && (item.ad_hoc_amount.is_some() || item.ad_hoc_currency.is_some()) {
        return ambiguous(
            path.to_owned(),
            "a line item must name either a catalog reference or an ad hoc amount, not both",
        );
    }
    if let Some(unit_amount) = item.ad_hoc_amount {
        let currency = match item.ad_hoc_currency.as_deref() {
            None => options.default_currency,
            Some(text) => {
                text.parse().map_err(|e: Error| e.with_param(format!("{path}.ad_hoc_currency")))?
            }
        };
        let description = item.description.as_deref();
        let quantity = item.quantity;
        let line = Priced { unit_amount, quantity, rate: None, category: None, description };
        return Ok((line, currency));
    }
    let (price, product) = find(item, catalog, path)?;
    match (&price.price_type, mode) {
        (PriceType::Recurring, Mode::Payment) => Err(Error::validation(
            code::ONE_TIME_PRICE_REQUIRED,
            price_path(item, path),
            "a session in payment mode takes one-time prices; use mode subscription for this one",
        )),
        (PriceType::OneTime, Mode::Subscription) => Err(Error::validation(
            code::RECURRING_PRICE_REQUIRED,
            price_path(item, path),
            "a session in subscription mode takes recurring prices; use mode payment for this one",
        )),
        _ => Ok(()),
    }?;
    let currency =
        price.currency.parse().map_err(|error: Error| error.with_param(price_path(item, path)))?;
    let line = Priced {
        unit_amount: price.unit_amount,
        quantity: item.quantity,
        rate: None,
        category: product.and_then(|product| product.tax_category.as_deref()),
        description: item.description.as_deref().or(product.map(|product| product.name.as_str())),
    };
    Ok((line, currency))
}

/// Names the field that chose the price: of an item with a product alone, its `product_id`.
fn price_path(item: &LineItem, path: &str) -> String {
    let field = if item.price_id.is_some() { "price_id" } else { "product_id" };
    format!("{path}.{field}")
}

fn find<'a>(
    item: &LineItem,
    catalog: &'a Catalog,
    path: &str,
) -> Result<(&'a Price, Option<&'a Product>)> {
    let unknown = |place: String, what: &str, id: &str| {
        Error::new(ErrorKind::NotFound, code::NOT_FOUND, format!("no {what} has the id {id}"))
            .with_param(place)
    };
    let product = match item.product_id.as_deref() {
        None => None,
        Some(id) => Some(
            catalog
                .product(id)
                .ok_or_else(|| unknown(format!("{path}.product_id"), "product", id))?,
        ),
    };
    let id = match (item.price_id.as_deref(), product) {
        (Some(id), _) => id,
        (None, Some(product)) => product.default_price_id.as_deref().ok_or_else(|| {
            Error::validation(
                code::INVALID_VALUE,
                format!("{path}.product_id"),
                format!("the product {} has no price yet; create one for it", product.id),
            )
        })?,
        // `LineItem::validate` has refused an item without any source.
        (None, None) => "",
    };
    let price = catalog.price(id).ok_or_else(|| unknown(price_path(item, path), "price", id))?;
    if product.is_some_and(|product| product.id != price.product_id) {
        return Err(Error::validation(
            code::LINE_ITEM_SOURCE_AMBIGUOUS,
            format!("{path}.price_id"),
            format!(
                "the price {id} belongs to the product {}, and product_id names another product, {}; \
                 name one of the two",
                price.product_id,
                item.product_id.as_deref().unwrap_or_default(),
            ),
        ));
    }
    Ok((price, catalog.product(&price.product_id)))
}

/// Names the field that a line item has its currency from.
fn currency_path(item: &LineItem, path: &str) -> String {
    match (item.ad_hoc_amount, &item.ad_hoc_currency) {
        (Some(_), Some(_)) => format!("{path}.ad_hoc_currency"),
        (Some(_), None) => format!("{path}.ad_hoc_amount"),
        (None, _) => price_path(item, path),
    }
}

fn mismatch(path: String, currency: Currency, other: &str, first: Currency) -> Error {
    let message =
        format!("{path} is in {currency} and {other} in {first}; sell all lines in one currency");
    Error::validation(code::CURRENCY_MISMATCH, path, message)
}

/// A line whose price is known and whose tax may not be.
struct Priced<'a> {
    unit_amount: i64,
    quantity: i64,
    rate: Option<Rate>,
    category: Option<&'a str>,
    description: Option<&'a str>,
}

/// What holds for all lines of a quote.
struct Terms {
    name: &'static str,
    currency: Currency,
    place: Option<Place>,
    behaviour: Option<Behaviour>,
    rounding: Rounding,
    on: Date,
}

impl Terms {
    fn sum_up(&self, lines: &[Priced<'_>]) -> Result<Quote> {
        let found: Vec<_> = lines.iter().map(|line| self.look_up(line)).collect();
        let behaviour = match (self.behaviour, &self.place) {
            (Some(behaviour), _) => Some(behaviour),
            (None, None) => None,
            (None, Some(place)) => match found.iter().flatten().next() {
                Some(rate) => Some(rate.behaviour),
                None => self.find(place, None).map(|rate| rate.behaviour),
            },
        };
        if let (None, Some(place), true) =
            (behaviour, &self.place, lines.iter().any(|line| line.rate.is_some()))
        {
            return Err(Error::validation(
                code::MISSING_FIELD,
                "behaviour",
                format!(
                    "the bundled table does not have {place}, so say whether the prices contain the \
                     tax: behaviour must be inclusive or exclusive"
                ),
            ));
        }
        let is_known =
            |(line, found): (&Priced<'_>, &Option<TaxRate>)| line.rate.is_some() || found.is_some();
        let rate_known = self.place.is_none() || lines.iter().zip(&found).all(is_known);
        let rate_of = |line: &Priced<'_>, found: &Option<TaxRate>| {
            line.rate.or(found.as_ref().map(|rate| rate.rate)).unwrap_or_default()
        };
        let summands: Vec<_> = lines
            .iter()
            .zip(&found)
            .map(|(line, found)| Line {
                unit_amount: line.unit_amount,
                quantity: line.quantity,
                rate: rate_of(line, found),
            })
            .collect();
        // Without a place or its rate every rate is 0, and then the two behaviours agree.
        let computed = totals::compute_at(
            self.name,
            &summands,
            behaviour.unwrap_or(Behaviour::Exclusive),
            self.rounding,
        )?;
        let lines = lines
            .iter()
            .zip(&found)
            .zip(summands.iter().zip(&computed.lines))
            .map(|((line, found), (summand, figures))| QuoteLine {
                unit_amount: line.unit_amount,
                quantity: line.quantity,
                amount: figures.amount,
                tax: figures.tax,
                rate: summand.rate,
                tax_name: found.as_ref().map(|rate| rate.name.clone()),
                description: line.description.map(str::to_owned),
            })
            .collect();
        let mut rates = found.iter().flatten().peekable();
        Ok(Quote {
            currency: self.currency,
            subtotal: computed.subtotal,
            tax: computed.tax,
            total: computed.total,
            behaviour,
            rounding: self.rounding,
            lines,
            taxes: computed.rates,
            estimated: rates.peek().is_some(),
            rate_known,
            rates_as_of: tax::oldest(rates.map(|rate| rate.as_of)),
        })
    }

    fn look_up(&self, line: &Priced<'_>) -> Option<TaxRate> {
        match (&self.place, line.rate) {
            (Some(place), None) => self.find(place, line.category),
            _ => None,
        }
    }

    /// Finds a rate, where there is one: no sale is stopped for want of it.
    fn find(&self, place: &Place, category: Option<&str>) -> Option<TaxRate> {
        RateTable::bundled().find(place, category, self.on).ok()
    }
}
