/** An inbox in PostgreSQL, of a pool of `pg`. */

import { misconfigured } from '../errors.js';
import * as read from '../options.js';
import { type Inbox, InboxBusyError } from './inbox.js';
import { transactionInbox } from './transactions.js';

/** What `postgresInbox` needs of a client of `pg`. */
export interface PostgresClient {
  query(text: string, values?: string[]): Promise<{ readonly command: string; readonly rows: readonly object[] }>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'notice', listener: (notice: { readonly code?: string | undefined }) => void): unknown;
  removeListener(event: 'error' | 'notice', listener: (...args: any[]) => void): unknown;
  release(broken?: Error): void;
}

/** What `postgresInbox` needs of a pool of `pg`. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  readonly options?: { readonly max?: number | undefined };
}

/** The client that a pool gives. */
export type ClientOf<Pool> =
  // The pool of `pg` takes a callback too.
  Pool extends { connect(): Promise<infer Client>; connect(callback: never): void } ? Client
  : Pool extends { connect(): Promise<infer Client> } ? Client
  : never;

/** How an inbox in PostgreSQL uses its pool. Times are in milliseconds. */
export interface PostgresInboxOptions {
  /**
   * How many connections of the pool the inbox holds at most; half of them. The others are for handlers
   * that use the pool beside their transaction, and for the rest of the shop.
   */
  readonly connections?: number | undefined;
  /**
   * How long a delivery waits for a connection, and each statement for a lock, such as for another delivery
   * of the same event; 5,000. A delivery that waited so long is answered with a 503.
   */
  readonly lockTimeout?: number | undefined;
  /** How long a handler may leave its transaction idle before PostgreSQL ends it; 60,000. */
  readonly idleTimeout?: number | undefined;
}

/**
 * Makes an inbox in PostgreSQL, of a pool of `pg`; its table is `INBOX_TABLE`.
 *
 * Handlers get a client on which the transaction is open. What they write by another client is not in it.
 *
 * @throws {ConfigurationError} An option cannot work.
 */
export function postgresInbox<Pool extends PostgresPool>(
  pool: Pool,
  options: PostgresInboxOptions = {},
): Inbox<ClientOf<Pool>> {
  read.known(options, ['connections', 'lockTimeout', 'idleTimeout']);
  const most = pool.options?.max ?? 10;
  const connections = read.count(options.connections, 'connections') ?? Math.max(1, Math.floor(most / 2));
  if (connections < 1) throw misconfigured('connections', 'must be at least 1');
  const lockTimeout = read.count(options.lockTimeout, 'lockTimeout') ?? 5_000;
  const idleTimeout = read.count(options.idleTimeout, 'idleTimeout') ?? 60_000;
  const slots = new Slots(connections);
  const begin =
    `BEGIN; SET LOCAL lock_timeout = ${lockTimeout}; ` +
    `SET LOCAL idle_in_transaction_session_timeout = ${idleTimeout}`;

  const transaction = async <T>(work: (tx: PostgresClient) => Promise<T>): Promise<T> => {
    const busy = (): InboxBusyError =>
      new InboxBusyError(
        `waited ${lockTimeout} ms for one of the inbox's ${connections} connections: handlers are slow, or wait ` +
          'for the pool; let them use their tx, or give the pool and the inbox more connections',
      );
    const leave = await slots.enter(lockTimeout, busy);
    try {
      const client = await within(pool.connect(), lockTimeout, busy);
      return await onClient(client, work);
    } finally {
      leave();
    }
  };

  const onClient = async <T>(client: PostgresClient, work: (tx: PostgresClient) => Promise<T>): Promise<T> => {
    let broken: Error | undefined;
    let giveUp: (error: Error) => void;
    const connectionLost = new Promise<never>((_resolve, reject) => (giveUp = reject));
    connectionLost.catch(() => {});
    // A connection that is lost between two queries would end the process if nobody listened, and a handler
    // that waits for the pool would keep its dead client for good.
    const lost = (error: Error): void => {
      broken ??= error;
      giveUp(isIdleTimeout(error) ? leftIdle(idleTimeout, error) : error);
    };
    client.on('error', lost);
    let isEnded = false;
    const noticed = ({ code }: { readonly code?: string | undefined }): void => {
      // PostgreSQL's only word on a COMMIT without a transaction.
      if (code === '25P01') isEnded = true;
    };
    client.on('notice', noticed);
    try {
      await client.query(begin);
      const result = await Promise.race([work(client), connectionLost]);
      // That is how PostgreSQL ends a transaction in which a statement has failed.
      if ((await client.query('COMMIT')).command === 'ROLLBACK') {
        throw new Error('a statement of a handler has failed, so all was rolled back; let its error pass');
      }
      if (isEnded) throw endedByHandler();
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(lost);
      throw error;
    } finally {
      client.removeListener('notice', noticed);
      client.release(broken);
      if (broken === undefined) client.removeListener('error', lost);
    }
  };

  return transactionInbox<PostgresClient>({
    transaction,
    query: async (client, text, values) => (await client.query(text, values)).rows,
  }) as Inbox<ClientOf<Pool>>;
}

function isIdleTimeout(error: unknown): boolean {
  return (error as { code?: unknown }).code === '25P03';
}

function leftIdle(idleTimeout: number, cause: Error): Error {
  return new Error(
    `a handler left its transaction idle for ${idleTimeout} ms, so PostgreSQL ended it and all was rolled back: a ` +
      'handler must wait neither for the pool nor for a row that its own tx has locked; let it use tx alone',
    { cause },
  );
}

function endedByHandler(): Error {
  return new Error(
    'a handler has ended its transaction by a COMMIT or ROLLBACK of its own, so its event may be kept without its ' +
      'work, or the work without its event: leave both to the inbox, and throw to roll back',
  );
}

/** Lets a number of tasks in at once; the others wait in order. */
class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(size: number) {
    this.#free = size;
  }

  /** Waits for a slot, and gives what leaves it. */
  async enter(timeout: number, busy: () => Error): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else {
      await new Promise<void>((resolve, reject) => {
        const enter = (): void => {
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(() => {
          this.#waiting.splice(this.#waiting.indexOf(enter), 1);
          reject(busy());
        }, timeout);
        this.#waiting.push(enter);
      });
    }
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }
}

/** Waits for a client for a time; one that comes later goes back to its pool. */
async function within(client: Promise<PostgresClient>, timeout: number, busy: () => Error): Promise<PostgresClient> {
  let timer: NodeJS.Timeout | undefined;
  let isLate = false;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      reject(busy());
    }, timeout);
  });
  client.then((came) => isLate && came.release(), () => {});
  try {
    return await Promise.race([client, late]);
  } finally {
    clearTimeout(timer);
  }
}
