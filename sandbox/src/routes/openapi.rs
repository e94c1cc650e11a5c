//! The API's description, made from the tables that requests are checked against.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::http::header;
use axum::response::IntoResponse;
use faststar::schema::{Field, Kind, Object, Origin};
use faststar::{CreatePrice, CreateProduct, CreateSession, Price, Product};
use serde_json::{Map, Value, json};

use super::answers::{CASHIER_SESSION, CREATED_SESSION, SESSION};
use super::{cashier, control, outbox};
use crate::faults::Faults;

/// Who may call an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    ApiKey,
    SessionToken,
    Anyone,
}

struct Operation {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    origin: Origin,
    access: Access,
    request: Option<&'static Object>,
    /// `data` in the envelope.
    data: Option<&'static Object>,
    is_list: bool,
    /// Whether it takes an idempotency key: what makes or changes something does.
    is_keyed: bool,
    /// What a list can be asked for beside a page.
    filters: &'static [Field],
    /// What is answered where it is not the envelope.
    document: Option<&'static str>,
}

impl Operation {
    const fn new(method: &'static str, path: &'static str, origin: Origin) -> Self {
        Self {
            method,
            path,
            summary: "",
            origin,
            access: Access::ApiKey,
            request: None,
            data: None,
            is_list: false,
            is_keyed: matches!(method.as_bytes(), b"post"),
            filters: &[],
            document: None,
        }
    }

    const fn without_key(mut self) -> Self {
        self.is_keyed = false;
        self
    }

    const fn does(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    const fn open_to(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    const fn takes(mut self, request: &'static Object) -> Self {
        self.request = Some(request);
        self
    }

    const fn gives(mut self, data: &'static Object) -> Self {
        self.data = Some(data);
        self
    }

    const fn lists(mut self, item: &'static Object) -> Self {
        self.data = Some(item);
        self.is_list = true;
        self
    }

    const fn answers(mut self, media_type: &'static str) -> Self {
        self.document = Some(media_type);
        self
    }

    const fn filtered_by(mut self, filters: &'static [Field]) -> Self {
        self.filters = filters;
        self
    }
}

use Origin::{Documented, SandboxOnly};

const OPERATIONS: &[Operation] = &[
    Operation::new("post", "/api/v1/public/checkout/sessions", Documented)
        .does("Creates a checkout session")
        .takes(&CreateSession::SCHEMA)
        .gives(&CREATED_SESSION),
    Operation::new("get", "/api/v1/public/checkout/sessions/{id}", Documented)
        .does("Retrieves a checkout session")
        .gives(&SESSION),
    Operation::new("post", "/api/v1/merchant/catalog/products", Documented)
        .does("Creates a product")
        .takes(&CreateProduct::SCHEMA)
        .gives(&Product::SCHEMA),
    Operation::new("get", "/api/v1/merchant/catalog/products", Documented)
        .does("Lists products, the newest first")
        .lists(&Product::SCHEMA),
    Operation::new("post", "/api/v1/merchant/catalog/prices", Documented)
        .does("Creates a price of a product")
        .takes(&CreatePrice::SCHEMA)
        .gives(&Price::SCHEMA),
    Operation::new("get", "/api/v1/merchant/catalog/prices", Documented)
        .does("Lists prices, the newest first")
        .lists(&Price::SCHEMA),
    Operation::new("get", "/cashier/v1/sessions/{id}", SandboxOnly)
        .does("Shows a session and its lines to the buyer; the token is in the query")
        .open_to(Access::SessionToken)
        .gives(&CASHIER_SESSION),
    Operation::new("post", "/cashier/v1/sessions/{id}/country", SandboxOnly)
        .does("Takes the buyer's country and computes the totals anew")
        .open_to(Access::SessionToken)
        .takes(&cashier::SET_COUNTRY)
        .gives(&CASHIER_SESSION),
    Operation::new("post", "/cashier/v1/sessions/{id}/pay", SandboxOnly)
        .does("Pays, subscribes or saves a card")
        .open_to(Access::SessionToken)
        .takes(&cashier::PAY)
        .gives(&CASHIER_SESSION),
    Operation::new("get", "/checkout/{id}", SandboxOnly)
        .does("Shows the cashier to the buyer, as a page")
        .open_to(Access::SessionToken)
        .answers("text/html"),
    Operation::new("post", "/sandbox/v1/merchants", SandboxOnly)
        .does("Adds a merchant and gives its key")
        .without_key()
        .takes(&control::ADD_MERCHANT)
        .gives(&control::MERCHANT),
    Operation::new("post", "/sandbox/v1/webhook_endpoints", SandboxOnly)
        .does("Adds a webhook endpoint")
        .takes(&control::ADD_ENDPOINT)
        .gives(&control::ENDPOINT),
    Operation::new("get", "/sandbox/v1/webhook_endpoints", SandboxOnly)
        .does("Lists the webhook endpoints")
        .gives(&control::ENDPOINTS),
    Operation::new("delete", "/sandbox/v1/webhook_endpoints/{id}", SandboxOnly)
        .does("Deletes a webhook endpoint")
        .gives(&control::DELETED),
    Operation::new("post", "/sandbox/v1/webhook_endpoints/{id}/enable", SandboxOnly)
        .does("Enables a webhook endpoint that answered 410 Gone")
        .gives(&control::ENDPOINT),
    Operation::new("post", "/sandbox/v1/sessions/{id}/complete", SandboxOnly)
        .does("Plays the buyer of a session")
        .takes(&control::COMPLETE)
        .gives(&SESSION),
    Operation::new("post", "/sandbox/v1/sessions/{id}/expire", SandboxOnly)
        .does("Expires a session")
        .gives(&SESSION),
    Operation::new("get", "/sandbox/v1/events", SandboxOnly)
        .does("Lists events with their deliveries, the newest first")
        .lists(&outbox::LISTED_EVENT)
        .filtered_by(outbox::EVENT_FILTERS),
    Operation::new("post", "/sandbox/v1/events/{id}/resend", SandboxOnly)
        .does("Sends an event again")
        .gives(&control::RESENT),
    Operation::new("post", "/sandbox/v1/deliver", SandboxOnly)
        .does("Waits until every webhook that is due was attempted, and lists events")
        .without_key()
        .lists(&outbox::LISTED_EVENT)
        .filtered_by(outbox::EVENT_FILTERS),
    Operation::new("get", "/sandbox/v1/faults", SandboxOnly)
        .does("Tells which faults are left")
        .gives(&Faults::SCHEMA),
    Operation::new("post", "/sandbox/v1/faults", SandboxOnly)
        .does("Makes the merchant's next webhooks go wrong on purpose")
        .takes(&Faults::SCHEMA)
        .gives(&Faults::SCHEMA),
    Operation::new("get", "/sandbox/v1/clock", SandboxOnly)
        .does("Tells the merchant's time")
        .gives(&control::CLOCK),
    Operation::new("post", "/sandbox/v1/clock/advance", SandboxOnly)
        .does("Moves the merchant's clock forward")
        .takes(&control::ADVANCE)
        .gives(&control::CLOCK),
    Operation::new("get", "/openapi.json", SandboxOnly)
        .does("Describes the API")
        .open_to(Access::Anyone)
        .answers("application/json"),
];

/// Serves the description.
pub(super) async fn serve() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document().to_string())
}

/// Makes the OpenAPI 3.1 document.
pub fn document() -> Value {
    let mut schemas = Map::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in OPERATIONS {
        for object in [operation.request, operation.data].into_iter().flatten() {
            add_schema(&mut schemas, object);
        }
        paths
            .entry(operation.path)
            .or_default()
            .insert(operation.method.into(), describe(&mut schemas, operation));
    }
    schemas.insert("Error".into(), error_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "FastStar checkout sandbox",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The documented checkout API of FastStar Pay, played on your own \
                machine. x-origin says of each operation and field whether it is documented, \
                inferred or sandbox-only.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    })
}

fn describe(schemas: &mut Map<String, Value>, operation: &'static Operation) -> Value {
    let mut parameters = Vec::new();
    if operation.path.contains("{id}") {
        parameters.push(json!({
            "name": "id", "in": "path", "required": true, "schema": {"type": "string"},
        }));
    }
    if operation.is_list {
        parameters.push(json!({
            "name": "limit", "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
        }));
        parameters.push(json!({"name": "cursor", "in": "query", "schema": {"type": "string"}}));
    }
    for filter in operation.filters {
        parameters.push(json!({
            "name": filter.name, "in": "query", "description": filter.doc,
            "schema": kind_schema(schemas, &filter.kind),
        }));
    }
    if operation.access == Access::SessionToken && operation.request.is_none() {
        parameters.push(json!({
            "name": "token", "in": "query", "required": true, "schema": {"type": "string"},
        }));
    }
    if operation.is_keyed {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }));
    }
    let data = match operation.data {
        None => json!({}),
        Some(object) if operation.is_list => json!({
            "type": "object",
            "required": ["items", "next_cursor"],
            "properties": {
                "items": {"type": "array", "items": reference(object)},
                "next_cursor": {"type": ["string", "null"]},
            },
        }),
        Some(object) => reference(object),
    };
    let content = match operation.document {
        Some(media_type) => json!({ media_type: {} }),
        None => json!({"application/json": {"schema": {
            "type": "object",
            "required": ["success", "message", "data"],
            "properties": {
                "success": {"const": true}, "message": {"type": "string"}, "data": data,
            },
        }}}),
    };
    let mut out = json!({
        "summary": operation.summary,
        "x-origin": operation.origin.as_str(),
        "parameters": parameters,
        "responses": {
            "200": {"description": "Success", "content": content},
            "default": {"description": "A refusal", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Error"},
            }}},
        },
    });
    if let Some(object) = operation.request {
        out["requestBody"] = json!({
            "required": true, "content": {"application/json": {"schema": reference(object)}},
        });
    }
    if operation.access == Access::ApiKey {
        out["security"] = json!([{"ApiKey": []}]);
    }
    out
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "required": ["success", "message", "data", "error"],
        "properties": {
            "success": {"const": false},
            "message": {"type": "string"},
            "data": {"type": "null"},
            "error": {
                "type": "object",
                "x-origin": Origin::SandboxOnly.as_str(),
                "required": ["code", "param"],
                "properties": {
                    "code": {"enum": faststar::error::code::ALL},
                    "param": {"type": ["string", "null"]},
                },
            },
        },
    })
}

fn reference(object: &Object) -> Value {
    json!({"$ref": format!("#/components/schemas/{}", object.name)})
}

fn add_schema(schemas: &mut Map<String, Value>, object: &'static Object) {
    if schemas.contains_key(object.name) {
        return;
    }
    let mut properties = Map::new();
    // Held while the fields are walked, so that an object within itself would end.
    schemas.insert(object.name.into(), Value::Null);
    for field in object.fields {
        let mut schema = kind_schema(schemas, &field.kind);
        schema["description"] = field.doc.into();
        schema["x-origin"] = field.origin.as_str().into();
        properties.insert(field.name.into(), schema);
    }
    let required: Vec<_> =
        object.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    schemas.insert(
        object.name.into(),
        json!({
            "type": "object", "description": object.doc, "properties": properties,
            "required": required, "additionalProperties": false,
        }),
    );
}

fn kind_schema(schemas: &mut Map<String, Value>, kind: &'static Kind) -> Value {
    match kind {
        Kind::Text { max } => json!({"type": "string", "maxLength": max}),
        Kind::OneOf(known) => json!({"type": "string", "enum": known}),
        Kind::HttpUrl => json!({"type": "string", "format": "uri", "maxLength": 2048}),
        Kind::Email => json!({"type": "string", "format": "email", "maxLength": 254}),
        Kind::Currency => json!({"type": "string", "pattern": "^[A-Z]{3}$"}),
        Kind::Place => json!({"type": "string", "pattern": "^[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?$"}),
        Kind::Date => json!({"type": "string", "format": "date"}),
        Kind::Timestamp => json!({"type": "string", "format": "date-time"}),
        Kind::Amount { min } => json!({"type": "integer", "format": "int64", "minimum": min}),
        Kind::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Metadata { max, max_key, max_value } => json!({
            "type": "object", "maxProperties": max, "propertyNames": {"maxLength": max_key},
            "additionalProperties": {"type": "string", "maxLength": max_value},
        }),
        Kind::Any => json!({}),
        Kind::List { of, max } => {
            json!({"type": "array", "items": kind_schema(schemas, of), "maxItems": max})
        }
        Kind::Object(object) => {
            add_schema(schemas, object);
            reference(object)
        }
    }
}

/// Makes the tables of `docs/fidelity.md`: what of the API is documented, and what is ours.
pub fn fidelity() -> String {
    let mut out = String::from(
        "## Operations\n\n| operation | what it does | origin |\n| --- | --- | --- |\n",
    );
    let mut objects: Vec<&Object> = Vec::new();
    for operation in OPERATIONS {
        let method = operation.method.to_uppercase();
        let origin = operation.origin.as_str();
        let _ =
            writeln!(out, "| `{method} {}` | {} | {origin} |", operation.path, operation.summary);
        [operation.request, operation.data]
            .into_iter()
            .flatten()
            .for_each(|object| gather(&mut objects, object));
    }
    for object in objects {
        let _ = write!(
            out,
            "\n## {}\n\n{}\n\n| field | required | what it means | origin |\n| --- | --- | --- | --- |\n",
            object.name, object.doc
        );
        for field in object.fields {
            let required = if field.required { "yes" } else { "" };
            let _ = writeln!(
                out,
                "| `{}` | {required} | {} | {} |",
                field.name,
                field.doc,
                field.origin.as_str()
            );
        }
    }
    out
}

fn gather(objects: &mut Vec<&'static Object>, object: &'static Object) {
    if objects.iter().any(|known| known.name == object.name) {
        return;
    }
    objects.push(object);
    for field in object.fields {
        match &field.kind {
            Kind::Object(inner) | Kind::List { of: Kind::Object(inner), .. } => {
                gather(objects, inner)
            }
            _ => {}
        }
    }
}
