/** An inbox of the transactions of any library on PostgreSQL. */

import {
  type Delivery,
  GiveUp,
  type Inbox,
  InboxBusyError,
  type InboxEvent,
  type InboxState,
  type Outcome,
  runs,
  stateOf,
} from './inbox.js';
import { POSTGRES, rowOf, type Statement, statements } from './sql.js';

/** How a library makes a transaction of PostgreSQL, and runs a statement in it. */
export interface Transactions<Tx> {
  /**
   * Does the work in a transaction, which is committed when the work's promise is fulfilled, and rolled
   * back when it is rejected. It gives what the work gives, and throws where it was not committed.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Runs a statement and gives its rows. The values' places are `$1`, `$2` and so on, each once and in
   * their order, so that a library with `?` can replace them.
   */
  query(tx: Tx, sql: string, values: string[]): Promise<readonly object[]>;
}

const sql = statements(POSTGRES);

/**
 * Makes an inbox of your database library's transactions on PostgreSQL; its table is `INBOX_TABLE`.
 *
 * ```ts
 * const inbox = transactionInbox<Knex.Transaction>({
 *   transaction: (work) => knex.transaction(work),
 *   query: async (tx, sql, values) => (await tx.raw(sql.replace(/\$\d+/g, '?'), values)).rows,
 * });
 * ```
 *
 * Set `lock_timeout` in the transaction or for the role: a copy of an event that waits longer for the
 * first one gives way with an `InboxBusyError`.
 */
export function transactionInbox<Tx>({ transaction, query }: Transactions<Tx>): Inbox<Tx> {
  const all = (tx: Tx, [text, values]: Statement) => query(tx, text, [...values]);

  /** Claims the event's row, and gives what is to be done. */
  const claim = async (tx: Tx, delivery: Delivery, state: InboxState): Promise<'new' | 'again' | 'duplicate'> => {
    const { id } = delivery.event;
    for (;;) {
      if ((await all(tx, sql.insert(delivery, state))).length > 0) return 'new';
      const [row] = (await all(tx, sql.state(id))) as Pick<InboxEvent, 'state' | 'attempts'>[];
      // Undefined: it was pruned in between.
      if (row !== undefined) return runs(row, delivery, state === 'processed') ? 'again' : 'duplicate';
    }
  };

  const attempt = (delivery: Delivery, work: ((tx: Tx) => unknown) | undefined): Promise<Outcome> =>
    transaction(async (tx) => {
      const state = work === undefined ? 'unhandled' : 'processed';
      const claimed = await claim(tx, delivery, state).catch((error: unknown) => {
        throw isLockTimeout(error) ? waited(delivery, error) : error;
      });
      if (claimed === 'duplicate') return claimed;
      if (claimed === 'again') await all(tx, sql.update(delivery.event.id, state));
      await work?.(tx);
      return state;
    });

  return {
    async once(delivery, work) {
      try {
        return await attempt(delivery, work);
      } catch (error) {
        if (error instanceof InboxBusyError) throw error;
        const { state, note } = stateOf(error);
        const recorded = transaction((tx) => all(tx, sql.record(delivery, state, note)));
        // A failure that is not recorded comes again; what is given up does not.
        await (error instanceof GiveUp ? recorded : recorded.catch(() => {}));
        throw error;
      }
    },
    async list(filter = {}) {
      return (await transaction((tx) => all(tx, sql.list(filter)))).map((row) => rowOf<InboxEvent>(row));
    },
    async find(id) {
      const [row] = await transaction((tx) => all(tx, sql.find(id)));
      return row && rowOf<InboxEvent & { body: string }>(row);
    },
    async prune(options = {}) {
      return (await transaction((tx) => all(tx, sql.prune(options)))).length;
    },
  };
}

function isLockTimeout(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === '55P03';
}

function waited({ event }: Delivery, cause: unknown): InboxBusyError {
  const message = `another delivery of ${event.id} is still at work; this copy gives way and comes again`;
  return new InboxBusyError(message, { cause });
}
