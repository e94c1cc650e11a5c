-- Times are unix milliseconds unless a name says otherwise. `seq` gives the order of creation.

CREATE TABLE merchants (
    id               TEXT PRIMARY KEY,
    kind             TEXT NOT NULL,
    default_currency TEXT NOT NULL,
    webhook_secret   TEXT NOT NULL,
    clock_offset_ms  INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL
);

CREATE TABLE api_keys (
    hash        BLOB PRIMARY KEY,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    created_at  INTEGER NOT NULL
);

CREATE TABLE products (
    seq              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    merchant_id      TEXT NOT NULL REFERENCES merchants (id),
    default_price_id TEXT,
    body             TEXT NOT NULL
);
CREATE INDEX products_by_merchant ON products (merchant_id, seq);

CREATE TABLE prices (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    body        TEXT NOT NULL
);
CREATE INDEX prices_by_merchant ON prices (merchant_id, seq);

CREATE TABLE sessions (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    merchant_id     TEXT NOT NULL REFERENCES merchants (id),
    token           TEXT NOT NULL,
    status          TEXT NOT NULL,
    payment_status  TEXT NOT NULL,
    currency        TEXT NOT NULL,
    amount_subtotal INTEGER NOT NULL,
    amount_tax      INTEGER NOT NULL,
    amount_total    INTEGER NOT NULL,
    request         TEXT NOT NULL,
    outcome         TEXT NOT NULL DEFAULT '{}',
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    priced_at       INTEGER NOT NULL
);

CREATE TABLE idempotency_keys (
    merchant_id  TEXT NOT NULL REFERENCES merchants (id),
    key          TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    answer       BLOB NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, key)
);
CREATE INDEX idempotency_keys_by_end ON idempotency_keys (expires_at);

CREATE TABLE endpoints (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    url         TEXT NOT NULL,
    secret      TEXT NOT NULL,
    -- A JSON list of event types; empty for all.
    events      TEXT NOT NULL,
    deleted     INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX endpoints_by_merchant ON endpoints (merchant_id, seq);

CREATE TABLE events (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    session_id  TEXT NOT NULL,
    type        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    -- The body as it is signed and sent, byte for byte.
    body        TEXT NOT NULL
);
CREATE INDEX events_by_merchant ON events (merchant_id, seq);

-- The outbox: what has to reach an endpoint. A row is written in the transaction of its event.
CREATE TABLE deliveries (
    seq         INTEGER PRIMARY KEY,
    event_seq   INTEGER NOT NULL REFERENCES events (seq),
    endpoint_id TEXT NOT NULL REFERENCES endpoints (id),
    session_id  TEXT NOT NULL,
    -- pending, delivered or parked
    state       TEXT NOT NULL DEFAULT 'pending',
    attempts    INTEGER NOT NULL DEFAULT 0,
    due_at      INTEGER NOT NULL
);
CREATE INDEX deliveries_by_event ON deliveries (event_seq);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, seq) WHERE state = 'pending';
CREATE INDEX deliveries_held ON deliveries (endpoint_id, session_id, seq) WHERE state = 'pending';

CREATE TABLE attempts (
    seq          INTEGER PRIMARY KEY,
    delivery_seq INTEGER NOT NULL REFERENCES deliveries (seq),
    at           INTEGER NOT NULL,
    -- The receiver's HTTP status; null where no answer came.
    status       INTEGER,
    error        TEXT,
    duration_ms  INTEGER NOT NULL
);
CREATE INDEX attempts_by_delivery ON attempts (delivery_seq);
