/**
 * Handles each event once: an inbox remembers the events that are done.
 *
 * The row of an event and what its handlers do are one transaction. First comes the insert: the primary
 * key makes another delivery of the same event wait for the end of this one. Where that is a commit, the
 * other one has nothing to do; where it is a rollback, the other one handles the event.
 *
 * @packageDocumentation
 */

import { ConfigurationError } from './errors.js';
import type { WebhookEvent } from './events.js';

/** What came of an event: `duplicate` where it was done before. */
export type Outcome = 'processed' | 'duplicate';

/** Remembers which events are done. `Tx` is what handlers write to their database with. */
export interface Inbox<Tx> {
  /** Whether handlers must not be async, since the transaction holds no longer than they run. */
  readonly synchronous?: boolean;
  /**
   * Does the work of an event unless that was done before, and remembers the event in the same
   * transaction. Where the work throws, rolls everything back and throws the same.
   */
  once(event: WebhookEvent, work: (tx: Tx) => unknown): Promise<Outcome>;
}

/** The table of `postgresInbox` and `sqliteInbox`: for a migration, or to be run at each start. */
export const INBOX_TABLE = `CREATE TABLE IF NOT EXISTS faststar_webhook_events (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  processed_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
)`;

const COLUMNS = 'INSERT INTO faststar_webhook_events (id, type)';

/** How a database that this package does not know makes a transaction, and claims an event in it. */
export interface Transactions<Tx> {
  /**
   * Does the work in a transaction, which is committed when the work's promise is fulfilled, and rolled
   * back when it is rejected. It gives what the work gives, and throws where it was not committed.
   */
  transaction(work: (tx: Tx) => Promise<Outcome>): Promise<Outcome>;
  /**
   * Inserts the event's id, and tells whether it was inserted: `false` where it is there already. It
   * waits for another transaction that has inserted the same.
   */
  claim(tx: Tx, id: string, type: string): Promise<boolean>;
}

/**
 * Makes an inbox of your database library's transactions.
 *
 * ```ts
 * const inbox = transactionInbox<Knex.Transaction>({
 *   transaction: (work) => knex.transaction(work),
 *   claim: async (tx, id, type) => {
 *     const rows = await tx('faststar_webhook_events').insert({ id, type }).onConflict('id').ignore().returning('id');
 *     return rows.length === 1;
 *   },
 * });
 * ```
 */
export function transactionInbox<Tx>({ transaction, claim }: Transactions<Tx>): Inbox<Tx> {
  return {
    once: (event, work) =>
      transaction(async (tx) => {
        if (!(await claim(tx, event.id, event.type))) return 'duplicate';
        await work(tx);
        return 'processed';
      }),
  };
}

/** What `postgresInbox` needs of a client of `pg`. */
export interface PostgresClient {
  query(
    text: string,
    values?: string[],
  ): Promise<{ readonly command: string; readonly rowCount: number | null }>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
  release(broken?: Error): void;
}

/** What `postgresInbox` needs of a pool of `pg`. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
}

/** The client that a pool gives. */
export type ClientOf<Pool> =
  // The pool of `pg` takes a callback too.
  Pool extends { connect(): Promise<infer Client>; connect(callback: never): void } ? Client
  : Pool extends { connect(): Promise<infer Client> } ? Client
  : never;

/**
 * Makes an inbox in PostgreSQL, of a pool of `pg`; its table is `INBOX_TABLE`.
 *
 * Handlers get a client on which the transaction is open. What they write by another client is not in it.
 */
export function postgresInbox<Pool extends PostgresPool>(pool: Pool): Inbox<ClientOf<Pool>> {
  const transactions: Transactions<PostgresClient> = {
    async transaction(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      // A connection that is lost between two queries would end the process if nobody listened.
      const lost = (error: Error): void => void (broken = error);
      client.on('error', lost);
      try {
        await client.query('BEGIN');
        const outcome = await work(client);
        // That is how PostgreSQL ends a transaction in which a statement has failed.
        if ((await client.query('COMMIT')).command === 'ROLLBACK') {
          throw new Error('a statement of a handler has failed, so all was rolled back; let its error pass');
        }
        return outcome;
      } catch (error) {
        await client.query('ROLLBACK').catch(lost);
        throw error;
      } finally {
        client.release(broken);
        if (broken === undefined) client.removeListener('error', lost);
      }
    },
    async claim(client, id, type) {
      const insert = `${COLUMNS} VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`;
      return (await client.query(insert, [id, type])).rowCount === 1;
    },
  };
  return transactionInbox(transactions) as Inbox<ClientOf<Pool>>;
}

/** What `sqliteInbox` needs of a database of `node:sqlite` or `better-sqlite3`. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): { run(...values: string[]): { readonly changes: number | bigint } };
}

/**
 * Makes an inbox in SQLite, of a database of `node:sqlite` or `better-sqlite3`; its table is `INBOX_TABLE`.
 *
 * Its handlers must not be async: while one waits, what others write on the same connection would be in
 * its transaction. They get the database. What has to wait, such as an e-mail, is for `onProcessed`.
 */
export function sqliteInbox<Database extends SqliteDatabase>(database: Database): Inbox<Database> {
  // A handler that waits goes on after the rollback, so that another delivery would have its effect again.
  let refused: ConfigurationError | undefined;
  return {
    synchronous: true,
    async once(event, work) {
      if (refused !== undefined) throw refused;
      // Takes the lock for writing at once: a transaction that has read cannot always get it any more.
      database.exec('BEGIN IMMEDIATE');
      try {
        const insert = `${COLUMNS} VALUES (?, ?) ON CONFLICT (id) DO NOTHING`;
        const isNew = Number(database.prepare(insert).run(event.id, event.type).changes) === 1;
        if (isNew && isPromise(ignored(work(database)))) throw (refused = handlerWaits());
        database.exec('COMMIT');
        return isNew ? 'processed' : 'duplicate';
      } catch (error) {
        try {
          database.exec('ROLLBACK');
        } catch {
          // SQLite has rolled back by itself, as it does where the disk is full.
        }
        throw error;
      }
    },
  };
}

/** Lets a promise fail unheard. */
function ignored(result: unknown): unknown {
  if (isPromise(result)) result.then(undefined, () => {});
  return result;
}

function handlerWaits(): ConfigurationError {
  return new ConfigurationError(
    'a handler has returned a promise, which a transaction of SQLite cannot wait for: what it had written ' +
      'so far was rolled back, what it does later is not, and no event is handled any more. Make it a ' +
      'function that is not async, do in onProcessed what has to wait, and start anew',
    { code: 'invalid_configuration', param: 'on' },
  );
}

/** @internal */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}

/**
 * Makes an inbox in memory, for tests: a restart forgets it, and nothing is rolled back.
 *
 * @param tx - What handlers get.
 */
export function memoryInbox(): Inbox<undefined>;
export function memoryInbox<Tx>(tx: Tx): Inbox<Tx>;
export function memoryInbox(tx?: unknown): Inbox<unknown> {
  const events = new Map<string, Promise<void>>();
  return {
    async once({ id }, work) {
      for (let other = events.get(id); other !== undefined; other = events.get(id)) {
        const isDone = await other.then(() => true, () => false);
        if (isDone) return 'duplicate';
      }
      // A step later, so that it is known before it can end.
      const attempt = Promise.resolve()
        .then(() => work(tx))
        .then(() => {}, (error: unknown) => {
          events.delete(id);
          throw error;
        });
      events.set(id, attempt);
      await attempt;
      return 'processed';
    },
  };
}
