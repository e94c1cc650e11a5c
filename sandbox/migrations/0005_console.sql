-- What a key ends with, so that its owner knows it again; the key itself is not stored.
ALTER TABLE api_keys ADD COLUMN hint TEXT NOT NULL DEFAULT '';
CREATE INDEX api_keys_by_merchant ON api_keys (merchant_id, created_at);

-- `X-Webhook-Signature` as it was sent; null where nothing was.
ALTER TABLE attempts ADD COLUMN signature TEXT;

-- What happened to a session after its creation and writes no event, or not one that says so.
CREATE TABLE steps (
    seq        INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL,
    -- By the merchant's clock.
    at         INTEGER NOT NULL,
    -- country_named, authentication_required, declined, completed or expired
    kind       TEXT NOT NULL,
    -- The country, or the card.
    detail     TEXT NOT NULL
);
CREATE INDEX steps_by_session ON steps (session_id, seq);
CREATE INDEX events_by_session ON events (session_id, seq);
