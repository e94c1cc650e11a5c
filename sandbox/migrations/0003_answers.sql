-- A key is its merchant's or, in the cashier, its session's; and a declined card is an answer too.
CREATE TABLE answers (
    owner        TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status       INTEGER NOT NULL,
    body         BLOB NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
);
CREATE INDEX answers_by_end ON answers (expires_at);
INSERT INTO answers
    SELECT merchant_id, key, request_hash, 200, answer, expires_at FROM idempotency_keys;
DROP TABLE idempotency_keys;
