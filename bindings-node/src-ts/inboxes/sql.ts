/** The table of the inboxes in a database, and the statements on it. */

import { type Delivery, type InboxEvent, type InboxFilter, oldest, type PruneOptions, statesOf } from './inbox.js';

/**
 * The inboxes' table in PostgreSQL, as one statement for a migration. Several processes may run it at once,
 * and again.
 */
export const INBOX_TABLE = `DO $faststar$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('faststar_webhook_events'));
  CREATE TABLE IF NOT EXISTS faststar_webhook_events (
    id TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 1,
    body TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
  );
  CREATE INDEX IF NOT EXISTS faststar_webhook_events_received ON faststar_webhook_events (received_at);
END
$faststar$`;

/** The inbox's table in SQLite: for a migration, or for `database.exec` at each start. */
export const SQLITE_INBOX_TABLE = `CREATE TABLE IF NOT EXISTS faststar_webhook_events (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  state TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT '',
  attempts INTEGER NOT NULL DEFAULT 1,
  body TEXT NOT NULL,
  received_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
)`;

/** A statement; its values stand in the order of their places. @internal */
export type Statement = readonly [sql: string, values: readonly string[]];

/** What is different in the two databases. @internal */
export interface Dialect {
  /** The place of the value of this number, from 1. */
  place(number: number): string;
  /** The same for a time. */
  time(number: number): string;
  /** Selects when a row was received, as milliseconds or as text. */
  readonly received: string;
  /** Locks the selected row. */
  readonly lock: string;
}

/** @internal */
export const POSTGRES: Dialect = {
  place: (number) => `$${number}`,
  time: (number) => `CAST($${number} AS TIMESTAMPTZ)`,
  received: 'CAST(EXTRACT(EPOCH FROM received_at) * 1000 AS BIGINT) AS received',
  lock: ' FOR UPDATE',
};

/** @internal */
export const SQLITE: Dialect = {
  place: () => '?',
  time: () => '?',
  received: 'received_at AS received',
  lock: '',
};

const TABLE = 'faststar_webhook_events';

/** Makes the statements of a dialect. @internal */
export function statements(dialect: Dialect) {
  const { place, time, received, lock } = dialect;
  const where = (conditions: readonly string[]): string =>
    conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;

  /** Collects conditions and their values. */
  const filtered = (filter: InboxFilter, before?: Date): { conditions: string[]; values: string[] } => {
    const conditions: string[] = [];
    const values: string[] = [];
    const next = (value: string): number => values.push(value);
    if (filter.id !== undefined) conditions.push(`id = ${place(next(filter.id))}`);
    if (filter.type !== undefined) conditions.push(`type = ${place(next(filter.type))}`);
    if (filter.since !== undefined) conditions.push(`received_at >= ${time(next(filter.since.toISOString()))}`);
    if (before !== undefined) conditions.push(`received_at < ${time(next(before.toISOString()))}`);
    const states = statesOf(filter.state);
    if (states.length > 0) conditions.push(`state IN (${states.map((state) => place(next(state))).join(', ')})`);
    return { conditions, values };
  };
  const columns = `id, type, state, note, attempts, ${received}`;

  return {
    /** Inserts a row unless there is one, and returns it if it did. */
    insert: ({ event, body }: Delivery, state: string): Statement => [
      `INSERT INTO ${TABLE} (id, type, state, body) VALUES (${[1, 2, 3, 4].map(place).join(', ')})` +
        ' ON CONFLICT (id) DO NOTHING RETURNING id',
      [event.id, event.type, state, body],
    ],
    /** Returns a row's state and attempts, and locks the row. */
    state: (id: string): Statement => [`SELECT state, attempts FROM ${TABLE} WHERE id = ${place(1)}${lock}`, [id]],
    /** Makes a row another state's. */
    update: (id: string, state: string): Statement => [
      `UPDATE ${TABLE} SET state = ${place(1)}, note = '', attempts = attempts + 1 WHERE id = ${place(2)}`,
      [state, id],
    ],
    /** Keeps a failure, unless the event is done. */
    record: ({ event, body }: Delivery, state: string, note: string): Statement => [
      `INSERT INTO ${TABLE} (id, type, state, note, body) VALUES (${[1, 2, 3, 4, 5].map(place).join(', ')})` +
        ` ON CONFLICT (id) DO UPDATE SET state = excluded.state, note = excluded.note,` +
        ` attempts = ${TABLE}.attempts + 1 WHERE ${TABLE}.state <> 'processed'`,
      [event.id, event.type, state, note, body],
    ],
    list: (filter: InboxFilter): Statement => {
      const { conditions, values } = filtered(filter);
      const limit = Math.trunc(filter.limit ?? 1000);
      return [`SELECT ${columns} FROM ${TABLE}${where(conditions)} ORDER BY received_at, id LIMIT ${limit}`, values];
    },
    find: (id: string): Statement => [`SELECT ${columns}, body FROM ${TABLE} WHERE id = ${place(1)}`, [id]],
    prune: (options: PruneOptions): Statement => {
      const { conditions, values } = filtered({ state: options.state ?? 'processed' }, oldest(options));
      return [`DELETE FROM ${TABLE}${where(conditions)} RETURNING id`, values];
    },
  };
}

/** Makes a row of what a database gave. @internal */
export function rowOf<Row extends InboxEvent>(raw: object): Row {
  const { received, attempts, ...rest } = raw as { received: unknown; attempts: unknown };
  const time = typeof received === 'string' && received.includes('T') ? received : Number(received);
  return { ...rest, attempts: Number(attempts), receivedAt: new Date(time) } as unknown as Row;
}
