//! What the API has, as calls: `checkout().sessions()`, `catalog().products()`, `catalog().prices()`.
//!
//! `C` is the client: the same calls serve the async one and the blocking one.

use crate::catalog::{CreatePrice, CreateProduct, Price, Product};
use crate::error::Result;
use crate::event::Event;
use crate::line_item::MerchantKind;
use crate::money::Money;
use crate::payment_check::{PaymentCheck, PaymentVerdict, check_payment};
use crate::session::{CreateSession, CreatedSession, Session};

use super::Client;
use super::call::Call;
use super::execute::Options;
use super::page::List;
use super::request::Request;

const SESSIONS: &str = "/public/checkout/sessions";
const SESSION: &str = "/public/checkout/sessions/:id";
const PRODUCTS: &str = "/merchant/catalog/products";
const PRICES: &str = "/merchant/catalog/prices";

/// The calls about checkout sessions.
#[derive(Clone, Copy, Debug)]
pub struct Checkout<'a, C = Client> {
    client: &'a C,
    merchant: Option<&'a MerchantKind>,
}

impl<'a, C: Clone> Checkout<'a, C> {
    pub(super) fn new(client: &'a C, merchant: Option<&'a MerchantKind>) -> Self {
        Self { client, merchant }
    }

    /// Gives the calls about sessions.
    pub fn sessions(&self) -> Sessions<'a, C> {
        Sessions { client: self.client, merchant: self.merchant }
    }
}

/// Creates and retrieves checkout sessions.
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a, C = Client> {
    client: &'a C,
    merchant: Option<&'a MerchantKind>,
}

impl<C: Clone> Sessions<'_, C> {
    /// Creates a session.
    ///
    /// What [`CreateSession::validate`] refuses is refused before anything is sent, with the same
    /// code and path as the server's.
    ///
    /// ```no_run
    /// # async fn run(client: faststar::Client) -> faststar::Result<()> {
    /// use faststar::{CreateSession, LineItem};
    ///
    /// let request = CreateSession::payment([LineItem::ad_hoc(999, "USD").description("Tea")])
    ///     .success_url("https://shop.example/thanks")
    ///     .buyer_country("US");
    /// let created = client.checkout().sessions().create(request).await?;
    /// let url = &created.url; // for the buyer's browser
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, request: CreateSession) -> Call<CreatedSession, C> {
        let checked = request.validate(self.merchant);
        let request = checked.and_then(|()| Request::post(SESSIONS, &request));
        Call::new(self.client.clone(), request, Options::default())
    }

    /// Retrieves a session by its id, `cs_…`.
    ///
    /// Show the buyer what it says; fulfil on the webhook alone.
    ///
    /// ```no_run
    /// # async fn run(client: faststar::Client) -> faststar::Result<()> {
    /// let session = client.checkout().sessions().retrieve("cs_1").await?;
    /// println!("{}: {} {}", session.status, session.amount_total, session.currency);
    /// # Ok(())
    /// # }
    /// ```
    pub fn retrieve(&self, id: impl Into<String>) -> Call<Session, C> {
        let request = Request::get(SESSION).with_id(id.into());
        Call::new(self.client.clone(), request, Options::default())
    }
}

impl Sessions<'_> {
    /// Judges whether a `payment.succeeded` settles an order; see [`check_payment`].
    ///
    /// `order` is the order's subtotal, before tax that comes on top; `None` where there is no such
    /// order. The session is read only where another amount was paid.
    ///
    /// ```no_run
    /// # async fn run(client: faststar::Client, event: faststar::Event) -> faststar::Result<()> {
    /// let order = "9.99 USD".parse()?; // of your database, by client_reference_id
    /// let check = client.checkout().sessions().check_payment(&event, Some(&order)).await?;
    /// match check.is_paid {
    ///     true => println!("fulfil"),
    ///     false => println!("set the order aside for a person: {}", check.message),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`check_payment`], and where the session could not be retrieved.
    pub async fn check_payment(
        &self,
        event: &Event,
        order: Option<&Money>,
    ) -> Result<PaymentCheck> {
        let check = check_payment(event, order, None)?;
        match session_to_read(&check) {
            Some(id) => check_payment(event, order, Some(&*self.retrieve(id).await?)),
            None => Ok(check),
        }
    }
}

#[cfg(feature = "blocking")]
impl Sessions<'_, super::blocking::Client> {
    /// Judges whether a `payment.succeeded` settles an order; see [`check_payment`].
    ///
    /// `order` is the order's subtotal, before tax that comes on top; `None` where there is no such
    /// order. The session is read only where another amount was paid.
    ///
    /// # Errors
    ///
    /// Those of [`check_payment`], and where the session could not be retrieved.
    pub fn check_payment(&self, event: &Event, order: Option<&Money>) -> Result<PaymentCheck> {
        let check = check_payment(event, order, None)?;
        match session_to_read(&check) {
            Some(id) => check_payment(event, order, Some(&*self.retrieve(id).send()?)),
            None => Ok(check),
        }
    }
}

fn session_to_read(check: &PaymentCheck) -> Option<&str> {
    check.session_id.as_deref().filter(|_| check.verdict == PaymentVerdict::SessionNeeded)
}

/// The calls about products and prices.
#[derive(Clone, Copy, Debug)]
pub struct Catalog<'a, C = Client> {
    client: &'a C,
}

impl<'a, C: Clone> Catalog<'a, C> {
    pub(super) fn new(client: &'a C) -> Self {
        Self { client }
    }

    /// Gives the calls about products.
    pub fn products(&self) -> Products<'a, C> {
        Products { client: self.client }
    }

    /// Gives the calls about prices.
    pub fn prices(&self) -> Prices<'a, C> {
        Prices { client: self.client }
    }
}

/// Creates and lists products.
#[derive(Clone, Copy, Debug)]
pub struct Products<'a, C = Client> {
    client: &'a C,
}

impl<C: Clone> Products<'_, C> {
    /// Creates a product.
    pub fn create(&self, request: CreateProduct) -> Call<Product, C> {
        let request = request.validate().and_then(|()| Request::post(PRODUCTS, &request));
        Call::new(self.client.clone(), request, Options::default())
    }

    /// Lists the products.
    pub fn list(&self) -> List<Product, C> {
        List::new(self.client.clone(), PRODUCTS)
    }
}

/// Creates and lists prices.
#[derive(Clone, Copy, Debug)]
pub struct Prices<'a, C = Client> {
    client: &'a C,
}

impl<C: Clone> Prices<'_, C> {
    /// Creates a price of a product.
    ///
    /// ```no_run
    /// # async fn run(client: faststar::Client) -> faststar::Result<()> {
    /// use faststar::{CreatePrice, Interval};
    ///
    /// let monthly = CreatePrice::recurring("prod_1", "USD", 500, Interval::Month);
    /// let price = client.catalog().prices().create(monthly).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, request: CreatePrice) -> Call<Price, C> {
        let request = request.validate().and_then(|()| Request::post(PRICES, &request));
        Call::new(self.client.clone(), request, Options::default())
    }

    /// Lists the prices.
    pub fn list(&self) -> List<Price, C> {
        List::new(self.client.clone(), PRICES)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::catalog::Interval;
    use crate::client::simulated::{Network, answer, created};
    use crate::error::{Error, ErrorKind};
    use crate::line_item::LineItem;

    use super::*;

    fn ok(data: Value) -> std::sync::Arc<Network> {
        let body = json!({"success": true, "message": "ok", "data": data});
        Network::new([answer(200, &[], body)])
    }

    fn sent(network: &Network) -> (String, Value) {
        let request = network.requests().remove(0);
        let line = format!("{} {}", request.method(), request.uri());
        let body = serde_json::from_slice(request.body()).unwrap_or_default();
        (line, body)
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_created_as_the_page_says() {
        let network = Network::new([created()]);
        let request = CreateSession::payment([LineItem::price("price_1").quantity(2)])
            .buyer_country("US")
            .extra("new", 1);
        let client = network.client();
        client.checkout().sessions().create(request).await.unwrap();
        let (line, body) = sent(&network);
        let url = "https://api.faststarpay.com/api/v1/public/checkout/sessions";
        assert_eq!(line, format!("POST {url}"));
        let wanted = json!({
            "mode": "payment", "presentation": "iframe", "buyer_country": "US", "new": 1,
            "line_items": [{"price_id": "price_1", "quantity": 2}],
        });
        assert_eq!(body, wanted);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_retrieved_with_what_this_version_does_not_know() {
        let network = ok(json!({"id": "cs_1", "status": "paused", "new": 1}));
        let client = network.client();
        let session = client.checkout().sessions().retrieve("cs_1").await.unwrap();
        assert_eq!(session.status.as_str(), "paused");
        assert_eq!(session.extra["new"], 1);
        let (line, _) = sent(&network);
        assert!(line.ends_with("/public/checkout/sessions/cs_1"), "{line}");
        let error = client.checkout().sessions().retrieve("..").await.unwrap_err();
        assert_eq!(error.param(), Some("id"));
        assert_eq!(network.attempts(), 1);
    }

    fn paid(amount: i64) -> Event {
        let body = json!({"id": "evt_1", "type": "payment.succeeded", "data": {
            "payment_id": "pi_1", "amount": amount, "currency": "USD", "status": "succeeded",
            "checkout_session_id": "cs_1",
        }});
        Event::parse(body.to_string().as_bytes()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_read_only_where_another_amount_was_paid() {
        let network = ok(json!({"id": "cs_1", "status": "complete", "currency": "USD",
            "amount_subtotal": 999, "amount_tax": 80, "amount_total": 1079}));
        let client = network.client();
        let order = "9.99 USD".parse().unwrap();
        let check = async |amount, order| {
            let sessions = client.checkout().sessions();
            sessions.check_payment(&paid(amount), order).await.unwrap().verdict
        };
        assert_eq!(check(999, Some(&order)).await, PaymentVerdict::Paid);
        assert_eq!(check(1079, None).await, PaymentVerdict::UnknownOrder);
        assert_eq!(network.attempts(), 0);
        assert_eq!(check(1079, Some(&order)).await, PaymentVerdict::Paid);
        let (line, _) = sent(&network);
        assert!(line.starts_with("GET ") && line.ends_with("/public/checkout/sessions/cs_1"));
        assert_eq!(check(1000, Some(&order)).await, PaymentVerdict::Underpaid);
        assert_eq!(network.attempts(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_cannot_be_read_gives_no_verdict() {
        let refusal = json!({"success": false, "message": "no", "data": null});
        let network = Network::new([answer(404, &[], refusal)]);
        let client = network.client();
        let order = "9.99 USD".parse().unwrap();
        let checked = client.checkout().sessions().check_payment(&paid(1), Some(&order)).await;
        assert_eq!(checked.unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[tokio::test(start_paused = true)]
    async fn a_merchant_of_record_s_ad_hoc_line_is_refused_where_the_client_was_told() {
        let request = || CreateSession::payment([LineItem::ad_hoc(1, "USD")]);
        let network = Network::new([created()]);
        let builder = network.builder().merchant(MerchantKind::MerchantOfRecord);
        let told = builder.build().unwrap();
        let error = told.checkout().sessions().create(request()).await.unwrap_err();
        assert_eq!(error.code(), "ad_hoc_not_allowed");
        assert_eq!(network.attempts(), 0);
        let untold = network.client();
        untold.checkout().sessions().create(request()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn no_field_is_sent_twice() {
        let network = Network::new([created()]);
        let client = network.client();
        let session = CreateSession::payment([LineItem::price("price_1")]).extra("mode", "setup");
        let error = client.checkout().sessions().create(session).await.unwrap_err();
        assert_eq!((error.code(), error.param()), ("duplicate_key", Some("mode")));
        let mut product = CreateProduct::new("Tea");
        product.extra.insert("name".into(), "Coffee".into());
        let error = client.catalog().products().create(product).await.unwrap_err();
        assert_eq!((error.code(), error.param()), ("duplicate_key", Some("name")));
        let mut price = CreatePrice::one_time("prod_1", "USD", 5);
        price.extra.insert("type".into(), "recurring".into());
        let error = client.catalog().prices().create(price).await.unwrap_err();
        assert_eq!((error.code(), error.param()), ("duplicate_key", Some("type")));
        assert_eq!(network.attempts(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn untyped_input_is_sent_as_it_is_or_refused_at_its_place() {
        let network = Network::new([created()]);
        let client = network.client();
        let value = json!({
            "mode": "payment", "presentation": "iframe", "new": [1],
            "line_items": [{"price_id": "price_1", "quantity": 2, "size": "XL"}],
        });
        let request = CreateSession::from_value(value.clone()).unwrap();
        client.checkout().sessions().create(request).await.unwrap();
        assert_eq!(sent(&network).1, value);
        let place = |error: Error| error.param().map(str::to_owned).unwrap_or_default();
        let product = CreateProduct::from_value(json!({"name": "Tea", "images": ["a", 1]}));
        assert_eq!(place(product.unwrap_err()), "images[1]");
        let price = json!({"product_id": "prod_1", "currency": "USD", "unit_amount": 9.99});
        assert_eq!(place(CreatePrice::from_value(price).unwrap_err()), "unit_amount");
    }

    #[tokio::test(start_paused = true)]
    async fn products_and_prices_are_created_and_listed() {
        let network = ok(json!({"id": "prod_1", "name": "Tea"}));
        let client = network.client();
        let request = CreateProduct::new("Tea");
        let product = client.catalog().products().create(request).await.unwrap();
        assert_eq!(product.name, "Tea");
        let (line, body) = sent(&network);
        assert!(line.starts_with("POST ") && line.ends_with("/merchant/catalog/products"));
        assert_eq!(body, json!({"name": "Tea"}));

        let price = json!({"id": "price_1", "currency": "USD", "unit_amount": 5, "type": "weird"});
        let network = ok(price.clone());
        let client = network.client();
        let request = CreatePrice::recurring("prod_1", "USD", 5, Interval::Month);
        let made = client.catalog().prices().create(request).await.unwrap();
        assert_eq!(made.price_type.as_str(), "weird");
        let (line, body) = sent(&network);
        assert!(line.ends_with("/merchant/catalog/prices"), "{line}");
        assert_eq!(body["recurring_interval"], "month");

        let network = ok(json!([price]));
        let client = network.client();
        let page = client.catalog().prices().list().send().await.unwrap();
        assert_eq!((page.items.len(), &page.next_cursor), (1, &None));
        let (line, _) = sent(&network);
        assert!(line.starts_with("GET ") && line.ends_with("/merchant/catalog/prices"));
    }
}
