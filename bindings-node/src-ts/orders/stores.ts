/** Where the sessions of orders are kept. */

/**
 * What is known of an attempt's session. `open`: it may still be paid. `complete`: it is paid. `ended`: it
 * expired, or never came to be.
 */
export type SessionState = 'open' | 'complete' | 'ended';

/** An attempt to sell an order: one session at most, kept before the session is created. */
export interface Attempt {
  /** The order's number. */
  readonly reference: string;
  /** Its number among the order's attempts, from 1. */
  readonly attempt: number;
  readonly idempotencyKey: string;
  /** Tells whether two attempts sell the same: of all fields but the return URLs. */
  readonly fingerprint: string;
  /** The session's fields as they are sent, as JSON. */
  readonly params: string;
  readonly state: SessionState;
  /** The session, `cs_…`; null until its creation was answered. */
  readonly sessionId: string | null;
  /** The cashier's page. It has the session's token, as the answer to the creation has it. */
  readonly url: string | null;
}

/** Keeps the attempts of orders. */
export interface Orders {
  /** Lists the attempts of an order, oldest first. */
  list(reference: string): Promise<readonly Attempt[]>;
  /** Inserts an attempt and commits it; `false` where the order has one of this number. */
  insert(attempt: Attempt): Promise<boolean>;
  /** Keeps an attempt's `state`, `sessionId` and `url`. */
  update(attempt: Attempt): Promise<void>;
}

const TABLE = 'faststar_order_sessions';
const LIST =
  'SELECT reference, attempt, idempotency_key, fingerprint, params, state, session_id, url ' +
  `FROM ${TABLE} WHERE reference = $1 ORDER BY attempt`;
const INSERT =
  `INSERT INTO ${TABLE} (reference, attempt, idempotency_key, fingerprint, params, state) ` +
  'VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (reference, attempt) DO NOTHING RETURNING attempt';
const UPDATE = `UPDATE ${TABLE} SET state = $1, session_id = $2, url = $3 WHERE reference = $4 AND attempt = $5`;

/**
 * Keeps the sessions of orders by a function that runs a statement on PostgreSQL and gives its rows; the
 * table is `ORDERS_TABLE`. The values' places are `$1`, `$2` and so on, each once and in their order.
 *
 * ```ts
 * const orders = sqlOrders(async (sql, values) => (await knex.raw(sql.replace(/\$\d+/g, '?'), values)).rows);
 * ```
 */
export function sqlOrders(
  query: (sql: string, values: (string | number | null)[]) => Promise<readonly object[]>,
): Orders {
  return {
    async list(reference) {
      return (await query(LIST, [reference])).map(attemptOf);
    },
    async insert({ reference, attempt, idempotencyKey, fingerprint, params, state }) {
      const rows = await query(INSERT, [reference, attempt, idempotencyKey, fingerprint, params, state]);
      return rows.length > 0;
    },
    async update({ reference, attempt, state, sessionId, url }) {
      await query(UPDATE, [state, sessionId, url, reference, attempt]);
    },
  };
}

function attemptOf(row: object): Attempt {
  const { idempotency_key, session_id, attempt, ...rest } = row as Record<string, unknown>;
  return {
    ...rest,
    attempt: Number(attempt),
    idempotencyKey: idempotency_key,
    sessionId: session_id,
  } as unknown as Attempt;
}

/** What `postgresOrders` needs of a pool of `pg`. */
export interface QueryablePool {
  query(text: string, values: (string | number | null)[]): Promise<{ readonly rows: readonly object[] }>;
}

/** Keeps the sessions of orders in PostgreSQL, by a pool of `pg`; the table is `ORDERS_TABLE`. */
export function postgresOrders(pool: QueryablePool): Orders {
  return sqlOrders(async (sql, values) => (await pool.query(sql, values)).rows);
}

/** What `sqliteOrders` needs of a database of `node:sqlite` or `better-sqlite3`. */
export interface SqliteDatabase {
  prepare(sql: string): { all(...values: (string | number | null)[]): unknown[] };
}

/**
 * Keeps the sessions of orders in SQLite, by a database of `node:sqlite` or `better-sqlite3`; the table is
 * `SQLITE_ORDERS_TABLE`.
 */
export function sqliteOrders(database: SqliteDatabase): Orders {
  return sqlOrders(async (sql, values) => database.prepare(sql.replaceAll(/\$\d/g, '?')).all(...values) as object[]);
}

/** How long memory keeps an order after its last attempt: longer than a session lives. */
const KEPT = 25 * 60 * 60 * 1000;

/** Keeps the sessions of orders in memory, for tests or one process; a restart forgets them. */
export function memoryOrders(): Orders {
  const orders = new Map<string, { attempts: Attempt[]; since: number }>();
  return {
    async list(reference) {
      return [...(orders.get(reference)?.attempts ?? [])];
    },
    async insert(attempt) {
      const now = Date.now();
      for (const [reference, { since }] of orders) {
        if (now - since < KEPT) break;
        orders.delete(reference);
      }
      const { reference } = attempt;
      const attempts = orders.get(reference)?.attempts ?? [];
      if (attempts.some((other) => other.attempt === attempt.attempt)) return false;
      // At the end, so that the oldest are at the start.
      orders.delete(reference);
      orders.set(reference, { attempts: [...attempts, attempt], since: now });
      return true;
    },
    async update(attempt) {
      const order = orders.get(attempt.reference);
      if (order === undefined) return;
      order.attempts = order.attempts.map((other) => (other.attempt === attempt.attempt ? attempt : other));
    },
  };
}
