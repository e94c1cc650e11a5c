/** An inbox in SQLite, of a database of `node:sqlite` or `better-sqlite3`. */

import { ConfigurationError } from '../errors.js';
import {
  type Delivery,
  GiveUp,
  type Inbox,
  InboxBusyError,
  type InboxEvent,
  isPromise,
  type Outcome,
  runs,
  stateOf,
} from './inbox.js';
import { rowOf, SQLITE, type Statement, statements } from './sql.js';

/** What `sqliteInbox` needs of a database of `node:sqlite` or `better-sqlite3`. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): { all(...values: string[]): unknown[]; run(...values: string[]): unknown };
}

const sql = statements(SQLITE);

/**
 * Makes an inbox in SQLite, of a database of `node:sqlite` or `better-sqlite3`; its table is
 * `SQLITE_INBOX_TABLE`.
 *
 * Its handlers must not be async: while one waits, what others write on the same connection would be in
 * its transaction. They get the database. What has to wait belongs in `prepare`, before the transaction, or
 * in `onProcessed`, after it.
 */
export function sqliteInbox<Database extends SqliteDatabase>(database: Database): Inbox<Database> {
  // A handler that waits goes on after the rollback, so that another delivery would have its effect again.
  let refused: ConfigurationError | undefined;
  const all = ([text, values]: Statement): unknown[] => database.prepare(text).all(...values);

  const attempt = (delivery: Delivery, work: ((tx: Database) => unknown) | undefined): Outcome => {
    const state = work === undefined ? 'unhandled' : 'processed';
    if (all(sql.insert(delivery, state)).length === 0) {
      const [row] = all(sql.state(delivery.event.id)) as [Pick<InboxEvent, 'state' | 'attempts'>];
      if (!runs(row, delivery, work !== undefined)) return 'duplicate';
      const [text, values] = sql.update(delivery.event.id, state);
      database.prepare(text).run(...values);
    }
    if (isPromise(ignored(work?.(database)))) throw (refused = handlerWaits());
    return state;
  };

  return {
    synchronous: true,
    async once(delivery, work) {
      if (refused !== undefined) throw refused;
      try {
        // Takes the lock for writing at once: a transaction that has read cannot always get it any more.
        database.exec('BEGIN IMMEDIATE');
      } catch (error) {
        throw isBusy(error) ? locked(error) : error;
      }
      try {
        const outcome = attempt(delivery, work);
        database.exec('COMMIT');
        return outcome;
      } catch (error) {
        try {
          database.exec('ROLLBACK');
        } catch {
          // SQLite has rolled back by itself, as it does where the disk is full.
        }
        const { state, note } = stateOf(error);
        try {
          const [text, values] = sql.record(delivery, state, note);
          database.prepare(text).run(...values);
        } catch (unrecorded) {
          // A failure that is not recorded comes again; what is given up does not.
          if (error instanceof GiveUp) throw unrecorded;
        }
        throw error;
      }
    },
    async list(filter = {}) {
      return all(sql.list(filter)).map((row) => rowOf<InboxEvent>(row as object));
    },
    async find(id) {
      const [row] = all(sql.find(id)) as object[];
      return row && rowOf<InboxEvent & { body: string }>(row);
    },
    async prune(options = {}) {
      return all(sql.prune(options)).length;
    },
  };
}

/** Tells whether another connection has the lock, by `node:sqlite` or by `better-sqlite3`. */
function isBusy(error: unknown): boolean {
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  return (typeof errcode === 'number' && (errcode & 0xff) === 5) || /^SQLITE_BUSY/.test(String(code));
}

function locked(cause: unknown): InboxBusyError {
  const message =
    'the database is locked by another connection; open it with a time to wait, such as ' +
    '{ timeout: 5000 } in milliseconds';
  return new InboxBusyError(message, { cause });
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
      'function that is not async, do in prepare or onProcessed what has to wait, and start anew',
    { code: 'invalid_configuration', param: 'on' },
  );
}
