//! Lists: a page of one, and all of it.

use std::collections::HashSet;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::{TryStreamExt, stream};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result, code};
use crate::schema::{self, Field, Kind, Object, Origin, Strictness};

use super::Client;
use super::call::Call;
use super::execute::Options;
use super::request::Request;
use super::response::Response;

/// A call for a list that has not been sent yet: [`send`](List::send) gives one page,
/// [`stream`](List::stream) all items.
///
/// ```no_run
/// # async fn run(client: faststar::Client) -> faststar::Result<()> {
/// let mut products = client.catalog().products().list().limit(100).stream();
/// while let Some(product) = products.next().await {
///     println!("{}", product?.name);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a list does nothing until it is sent or streamed"]
pub struct List<T, C = Client> {
    pub(super) client: C,
    path: &'static str,
    limit: Option<u32>,
    cursor: Option<String>,
    options: Options,
    item: PhantomData<fn() -> T>,
}

impl<T, C> List<T, C> {
    pub(super) fn new(client: C, path: &'static str) -> Self {
        Self {
            client,
            path,
            limit: None,
            cursor: None,
            options: Options::default(),
            item: PhantomData,
        }
    }

    /// Sets what untyped input says, and leaves what it does not.
    pub fn params(mut self, params: ListParams) -> Self {
        self.limit = params.limit.or(self.limit);
        self.cursor = params.cursor.or(self.cursor);
        self
    }

    /// Asks for at most this many items a page; the sandbox takes 1 to 100 and gives 20 unless asked.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Starts after the page that gave this cursor ([`Page::next_cursor`]).
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// Sets how long each page may take, all its attempts and the waits between them.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Sets how often the call for a page is repeated where it fails and may succeed later.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.options.max_retries = Some(retries);
        self
    }
}

impl<T, C: Clone> List<T, C> {
    /// Makes the call for one page, to set its options or to send it later.
    pub fn page(&self) -> Call<Page<T>, C> {
        let request = Request::get(self.path)
            .with_query("limit", self.limit.map(|limit| limit.to_string()))
            .with_query("cursor", self.cursor.clone());
        Call::new(self.client.clone(), Ok(request), self.options.clone())
    }
}

impl<T: DeserializeOwned + Send> List<T> {
    /// Gets one page.
    ///
    /// # Errors
    ///
    /// Those of [`Call::send`].
    pub async fn send(self) -> Result<Response<Page<T>>> {
        self.page().send().await
    }
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    /// Gives all items from here on, and gets each page when the one before has been read.
    ///
    /// Each page has a deadline of its own. After an error there are no more items; so it is where
    /// a server names a cursor for the second time, which would never end.
    pub fn stream(self) -> Items<T> {
        let pages = stream::try_unfold(Some(Pages::new(self)), |pages| async {
            let Some(pages) = pages else { return Ok(None) };
            let page = pages.call().send().await?;
            pages.after(page.into_inner()).map(Some)
        });
        let items = pages.map_ok(|items| stream::iter(items.into_iter().map(Ok)));
        Items(Box::pin(items.try_flatten()))
    }
}

impl<T, C> fmt::Debug for List<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("path", &self.path)
            .field("limit", &self.limit)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

/// The cursors of a list that were followed, so that a walk through its pages ends.
///
/// For a package that walks by itself; in Rust [`List::stream`] does.
///
/// ```
/// use faststar::client::Cursors;
///
/// let mut cursors = Cursors::from(None);
/// assert_eq!(cursors.follow(Some("c1".into()))?, Some("c1".into()));
/// assert!(cursors.follow(Some("c1".into())).is_err());
/// # Ok::<(), faststar::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cursors(HashSet<String>);

impl From<Option<String>> for Cursors {
    /// Starts at the page that a cursor leads to, or at the first one.
    fn from(start: Option<String>) -> Self {
        Self(start.into_iter().collect())
    }
}

impl Cursors {
    /// Gives the cursor of the next page, or `None` after the last one.
    ///
    /// # Errors
    ///
    /// `unexpected_response` where the cursor was followed before: the walk would never end.
    pub fn follow(&mut self, next: Option<String>) -> Result<Option<String>> {
        match next {
            Some(cursor) if !self.0.insert(cursor.clone()) => Err(Error::new(
                ErrorKind::UnexpectedResponse,
                code::UNEXPECTED_RESPONSE,
                "the server gave the same cursor twice, so the list would never end",
            )),
            next => Ok(next),
        }
    }
}

/// Where a walk through the pages of a list is.
pub(super) struct Pages<T, C> {
    list: List<T, C>,
    cursors: Cursors,
}

impl<T, C: Clone> Pages<T, C> {
    pub(super) fn new(list: List<T, C>) -> Self {
        let cursors = Cursors::from(list.cursor.clone());
        Self { list, cursors }
    }

    /// Makes the call for the next page.
    pub(super) fn call(&self) -> Call<Page<T>, C> {
        self.list.page()
    }

    /// Gives the items of the page that the call got, and what is left after it.
    pub(super) fn after(mut self, page: Page<T>) -> Result<(Vec<T>, Option<Self>)> {
        let next = self.cursors.follow(page.next_cursor)?;
        let rest = next.map(|cursor| {
            self.list.cursor = Some(cursor);
            self
        });
        Ok((page.items, rest))
    }
}

/// All items of a list, page after page: a [`Stream`].
#[must_use = "a stream does nothing until it is polled"]
pub struct Items<T>(Pin<Box<dyn Stream<Item = Result<T>> + Send>>);

impl<T> Items<T> {
    /// Gives the next item, or `None` after the last one. Needs no crate for streams.
    ///
    /// # Errors
    ///
    /// Those of [`Call::send`], where the next page could not be got.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|context| self.0.as_mut().poll_next(context)).await
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items")
    }
}

/// What [`List::limit`] and [`List::cursor`] set, as a language package has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListParams {
    /// How many items a page has at the most.
    pub limit: Option<u32>,
    /// After which page to start.
    pub cursor: Option<String>,
}

impl ListParams {
    /// What [`ListParams::from_value`] takes.
    pub const SCHEMA: Object = Object {
        name: "ListParams",
        doc: "Which page of a list.",
        fields: &[
            Field::optional(
                "limit",
                Kind::Integer { min: 1, max: 100 },
                Origin::SandboxOnly,
                "How many items a page has at the most.",
            ),
            Field::optional(
                "cursor",
                Kind::Text { max: 500 },
                Origin::SandboxOnly,
                "After which page to start.",
            ),
        ],
    };

    /// Makes parameters of untyped input: `{"limit": …, "cursor": …}`, both optional.
    ///
    /// # Errors
    ///
    /// `invalid_type` and `out_of_range`, with the path of the mistake.
    pub fn from_value(value: Value) -> Result<Self> {
        #[derive(Deserialize)]
        struct Wire {
            limit: Option<i64>,
            cursor: Option<String>,
        }
        let wire: Wire = schema::from_value(&Self::SCHEMA, value, Strictness::Types)?;
        let limit = wire.limit.unwrap_or_default();
        schema::check_range(limit, 0, u32::MAX.into(), || "limit")?;
        let limit = wire.limit.and_then(|limit| u32::try_from(limit).ok());
        Ok(Self { limit, cursor: wire.cursor })
    }
}

/// A page of a list.
///
/// It is written as `{"items", "next_cursor"}` and what else the answer had, whatever its form was.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the server's order.
    pub items: Vec<T>,
    /// What [`List::cursor`] takes for the page after this one; `None` on the last one.
    pub next_cursor: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Reads a bare array, or an object that has one as `items`, `data`, `products` or `prices`: the
/// form of a list is not documented.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PageVisitor(PhantomData))
    }
}

struct PageVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PageVisitor<T> {
    type Value = Page<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list, or an object that has one as items, data, products or prices")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Page<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Page { items, next_cursor: None, extra: Map::new() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Page<T>, A::Error> {
        let mut items = None;
        let mut next_cursor = None;
        let mut extra = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            match key.as_str() {
                "items" | "data" | "products" | "prices" if items.is_none() => {
                    items = Some(access.next_value::<Option<Vec<T>>>()?.unwrap_or_default());
                }
                "next_cursor" => next_cursor = access.next_value::<Option<String>>()?,
                // A second list beside the first; it would be written in the first one's place.
                "items" => drop(access.next_value::<IgnoredAny>()?),
                _ => drop(extra.insert(key, access.next_value()?)),
            }
        }
        Ok(Page {
            items: items.ok_or_else(|| serde::de::Error::missing_field("items"))?,
            next_cursor: next_cursor.filter(|cursor| !cursor.is_empty()),
            extra,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::catalog::Product;
    use crate::client::simulated::{Network, Step, answer};

    use super::*;

    fn page(ids: &[&str], next_cursor: Value) -> Step {
        let items: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        let data = json!({"items": items, "next_cursor": next_cursor});
        answer(200, &[], json!({"success": true, "data": data}))
    }

    async fn walk(list: List<Product>) -> (Vec<String>, Option<Error>) {
        let mut items = list.stream();
        let mut ids = Vec::new();
        while let Some(item) = items.next().await {
            match item {
                Ok(product) => ids.push(product.id),
                Err(error) => {
                    assert!(items.next().await.is_none());
                    return (ids, Some(error));
                }
            }
        }
        (ids, None)
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_goes_through_all_pages() {
        let network = Network::new([
            page(&["a", "b"], json!("c1")),
            page(&[], json!("c 2&")),
            page(&["c"], json!(null)),
        ]);
        let client = network.client();
        let (ids, error) = walk(client.catalog().products().list().limit(2)).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(ids, ["a", "b", "c"]);
        let requests = network.requests();
        let queries: Vec<_> = requests.iter().map(|r| r.uri().query()).collect();
        let wanted = ["limit=2", "limit=2&cursor=c1", "limit=2&cursor=c+2%26"];
        assert_eq!(queries, wanted.map(Some));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_is_lazy() {
        let network = Network::new([page(&["a", "b"], json!("c1")), page(&["c"], json!(null))]);
        let client = network.client();
        let mut items = client.catalog().products().list().stream();
        assert_eq!(network.attempts(), 0);
        items.next().await.unwrap().unwrap();
        items.next().await.unwrap().unwrap();
        assert_eq!(network.attempts(), 1);
        items.next().await.unwrap().unwrap();
        assert!(items.next().await.is_none());
        assert_eq!(network.attempts(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_never_ends_is_ended() {
        let circle = Network::new([
            page(&["a"], json!("c1")),
            page(&["b"], json!("c2")),
            page(&["c"], json!("c1")),
        ]);
        let (ids, error) = walk(circle.client().catalog().products().list()).await;
        assert_eq!(ids, ["a", "b"]);
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
        let same = Network::new([page(&["a"], json!("c1"))]);
        let client = same.client();
        let (ids, error) = walk(client.catalog().products().list().cursor("c1")).await;
        assert_eq!((ids.len(), error.is_some(), same.attempts()), (0, true, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_ends_a_stream() {
        let failure = answer(403, &[], json!({"success": false, "message": "no"}));
        let network = Network::new([page(&["a"], json!("c1")), failure]);
        let (ids, error) = walk(network.client().catalog().products().list()).await;
        assert_eq!(ids, ["a"]);
        assert_eq!(error.unwrap().kind(), ErrorKind::Permission);
    }

    #[tokio::test(start_paused = true)]
    async fn untyped_parameters_are_sent_or_refused_at_their_place() {
        let network = Network::new([page(&[], json!(null))]);
        let client = network.client();
        let params = ListParams::from_value(json!({"limit": 7, "cursor": "c", "new": 1})).unwrap();
        client.catalog().prices().list().params(params).send().await.unwrap();
        assert_eq!(network.requests()[0].uri().query(), Some("limit=7&cursor=c"));
        for (value, code, param) in [
            (json!({"limit": true}), "invalid_type", "limit"),
            (json!({"limit": -1}), "out_of_range", "limit"),
            (json!({"limit": 4_294_967_296_u64}), "out_of_range", "limit"),
            (json!({"cursor": 1}), "invalid_type", "cursor"),
        ] {
            let error = ListParams::from_value(value).unwrap_err();
            assert_eq!((error.code(), error.param()), (code, Some(param)));
        }
    }

    #[test]
    fn a_list_is_read_in_every_form() {
        let read = |value| serde_json::from_value::<Page<i32>>(value);
        let items = vec![1, 2];
        assert_eq!(read(json!([1, 2])).unwrap().items, items);
        for name in ["items", "data", "products", "prices"] {
            let page = read(json!({"total": 9, name: [1, 2], "next_cursor": "c"})).unwrap();
            assert_eq!(page.items, items);
            assert_eq!(page.next_cursor.as_deref(), Some("c"));
            let written = serde_json::to_value(page).unwrap();
            assert_eq!(written, json!({"items": [1, 2], "next_cursor": "c", "total": 9}));
        }
        for end in [json!({"items": []}), json!({"items": null, "next_cursor": ""})] {
            let page = read(end).unwrap();
            assert_eq!((page.items, page.next_cursor), (vec![], None));
        }
        for wrong in [json!({"total": 0}), json!("x"), json!({"items": {"a": 1}})] {
            read(wrong).unwrap_err();
        }
    }
}
