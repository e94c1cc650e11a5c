/** The table of the orders' sessions. */

const COLUMNS = `
  reference TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  idempotency_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  params TEXT NOT NULL,
  state TEXT NOT NULL,
  session_id TEXT,
  url TEXT,`;

/**
 * The table of the orders' sessions in PostgreSQL, as one statement for a migration. Several processes may
 * run it at once, and again.
 */
export const ORDERS_TABLE = `DO $faststar$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('faststar_order_sessions'));
  CREATE TABLE IF NOT EXISTS faststar_order_sessions (${COLUMNS}
  created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (reference, attempt));
END
$faststar$`;

/** The table of the orders' sessions in SQLite: for a migration, or for `database.exec` at each start. */
export const SQLITE_ORDERS_TABLE = `CREATE TABLE IF NOT EXISTS faststar_order_sessions (${COLUMNS}
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (reference, attempt)
)`;
