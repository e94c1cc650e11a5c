/** Opens the session of an order: the one that it has, or a new one. */

import { createHash, randomUUID } from 'node:crypto';

import type { FastStar } from '../client.js';
import { ConflictError, invalid, misconfigured, NotFoundError } from '../errors.js';
import { parse, write } from '../json.js';
import * as read from '../options.js';
import { hiding } from '../results.js';
import type { Attempt, Orders } from './stores.js';
import type { CreatedSession, CreateSessionParams, Session } from '../types.js';

/** The session of an order. */
export type OpenedSession =
  /** The buyer can pay it, at `url`, which is read by name alone: a copy and JSON do not have it. */
  | { readonly status: 'open'; readonly session: Session; readonly url: string }
  /** It is paid: show the buyer that, and let nobody pay again. */
  | { readonly status: 'complete'; readonly session: Session };

/** With what a session is opened. */
export interface OpenSessionOptions {
  readonly client: FastStar;
  /** Where the order's sessions are kept: `postgresOrders(pool)`, `sqliteOrders(database)`, or your own. */
  readonly orders: Orders;
}

/** How long others' answers are waited for, in milliseconds. */
const PATIENCE = 30_000;
const PAUSE = 100;

/** The openings at work in this process, by their store and client. */
const atWork = new WeakMap<Orders, WeakMap<FastStar, Map<string, Promise<OpenedSession>>>>();

/**
 * Opens the session of an order: call it whenever a buyer wants to pay, and send the buyer to `url`.
 *
 * An order has one open session. A second click gets the same one, at once or later, through another host
 * name or after a declined card. A changed cart or an expired session gets a new one. Once any session of
 * the order is paid, the result is that session, `complete`, and no other is made.
 *
 * ```ts
 * const opened = await openSession(order.id, { mode: 'payment', … }, { client, orders: postgresOrders(pool) });
 * ```
 *
 * A row is kept before the call, and its key and fields are sent, so that a crash or forty clicks at once
 * end in one session. No lock is held meanwhile.
 *
 * @param reference - The order's number, which becomes the session's `client_reference_id`. Merchants that share
 * a store need different numbers.
 * @param params - The session's other fields.
 * @throws {ValidationError} The fields are wrong; `param` names the place.
 * @throws {ConflictError} `paid_elsewhere`: the order is paid, by a session that this API key does not find.
 * @throws {FastStarError} Any other of the package's errors. The next call goes on where this one stopped.
 */
export async function openSession(
  reference: string,
  params: CreateSessionParams,
  options: OpenSessionOptions,
): Promise<OpenedSession> {
  read.known(options, ['client', 'orders']);
  const { client, orders } = options;
  if (client === undefined) throw misconfigured('client', 'must be a FastStar');
  if (typeof orders?.list !== 'function') throw misconfigured('orders', 'must be a store of faststar/orders');
  if (typeof reference !== 'string' || reference === '') {
    throw invalid('invalid_type', 'client_reference_id', 'must be the number of the order, a string that is not empty');
  }
  const { client_reference_id = reference } = params;
  if (client_reference_id !== reference) {
    throw invalid('invalid_value', 'client_reference_id', 'is another one than the reference; leave it out');
  }
  const text = write({ ...params, client_reference_id: reference });
  const fingerprint = fingerprintOf(text);

  const ofStore = atWork.get(orders) ?? new WeakMap<FastStar, Map<string, Promise<OpenedSession>>>();
  atWork.set(orders, ofStore);
  const running = ofStore.get(client) ?? new Map<string, Promise<OpenedSession>>();
  ofStore.set(client, running);
  const key = `${fingerprint} ${reference}`;
  const other = running.get(key);
  if (other !== undefined) return other;
  const opening = open({ client, orders, reference, params: text, fingerprint }).finally(() => running.delete(key));
  running.set(key, opening);
  return opening;
}

interface Order {
  readonly client: FastStar;
  readonly orders: Orders;
  readonly reference: string;
  readonly params: string;
  readonly fingerprint: string;
}

async function open(order: Order): Promise<OpenedSession> {
  const { client, orders, reference, params, fingerprint } = order;
  const until = performance.now() + PATIENCE;
  for (;;) {
    const attempts = await orders.list(reference);
    const last = attempts.at(-1);
    // An earlier session may still be paid, in another tab: so each that could be is asked for.
    const sessions = await Promise.all(attempts.map((attempt) => look(order, attempt)));
    const complete = sessions.find((session) => session !== undefined && isPaid(session));
    if (complete !== undefined) return opened(complete);
    const current = sessions.at(-1);
    const isSame = last?.fingerprint === fingerprint;
    if (isSame && current !== undefined && last?.url) return opened(current, last.url);

    let attempt = isSame && last.state === 'open' && last.sessionId === null ? last : undefined;
    const isMine = attempt === undefined;
    if (attempt === undefined) {
      const number = (last?.attempt ?? 0) + 1;
      const idempotencyKey = randomUUID();
      const fresh = { state: 'open', sessionId: null, url: null } as const;
      attempt = { reference, attempt: number, idempotencyKey, fingerprint, params, ...fresh };
      // Another process was faster.
      if (!(await orders.insert(attempt))) continue;
    }
    let created: CreatedSession;
    try {
      const fields = parse(attempt.params) as CreateSessionParams;
      created = await client.checkout.sessions.create(fields, { idempotencyKey: attempt.idempotencyKey });
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      if (error.code === 'idempotency_in_flight') {
        if (performance.now() > until) throw error;
        await pause();
      } else if (error.code === 'idempotency_key_reused') {
        // The key is another merchant's, so this attempt cannot be sent any more.
        await orders.update({ ...attempt, state: 'ended' });
      } else throw error;
      continue;
    }
    const { session, url } = created;
    await orders.update({ ...attempt, sessionId: session.id, url });
    // Another one's answer may be old: its session is asked for.
    if (isMine && session.status === 'open') return opened(session, url);
  }
}

/** Retrieves the session of an attempt, unless it has ended. */
async function look({ client, orders }: Order, attempt: Attempt): Promise<Session | undefined> {
  const { state, sessionId } = attempt;
  if (state === 'ended' || sessionId === null) return undefined;
  let session: Session;
  try {
    session = await client.checkout.sessions.retrieve(sessionId);
  } catch (error) {
    // A session of another merchant or another sandbox. Its row stays, since the key may be a mistake.
    if (!(error instanceof NotFoundError)) throw error;
    if (state === 'complete') throw paidElsewhere(attempt, error);
    return undefined;
  }
  // A status that this version does not know may still take the buyer's money.
  const now = isPaid(session) ? 'complete' : session.status === 'expired' ? 'ended' : 'open';
  if (now !== state) await orders.update({ ...attempt, state: now });
  return now === 'ended' ? undefined : session;
}

function isPaid({ status, payment_status }: Session): boolean {
  return status === 'complete' || payment_status === 'paid';
}

function paidElsewhere({ reference, sessionId }: Attempt, cause: unknown): ConflictError {
  return new ConflictError(
    `the order ${reference} was paid by session ${sessionId}, which this API key does not find: check the key; ` +
      'merchants that share a store of orders need different order numbers',
    { code: 'paid_elsewhere', param: 'client_reference_id', cause },
  );
}

/** Creates a session under a key of the caller's, and waits while the same is at work elsewhere. @internal */
export async function createPatiently(
  client: FastStar,
  fields: CreateSessionParams,
  idempotencyKey: string | undefined,
): Promise<OpenedSession> {
  const until = performance.now() + PATIENCE;
  for (;;) {
    try {
      const { session, url } = await client.checkout.sessions.create(fields, { idempotencyKey });
      return opened(session, url);
    } catch (error) {
      const isInFlight = error instanceof ConflictError && error.code === 'idempotency_in_flight';
      if (!isInFlight || performance.now() > until) throw error;
      await pause();
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE));
}

/** Makes the result, whose url is a secret of the buyer's: it is read by name, and neither printed nor copied. */
function opened(session: Session, url?: string): OpenedSession {
  const isOpen = url !== undefined && session.status !== 'complete';
  const fields = isOpen ? { status: 'open', session, url } : { status: 'complete', session };
  return hiding(fields, ['url']) as OpenedSession;
}

/** Hashes the fields but for the return URLs, whatever the order of their keys. */
function fingerprintOf(params: string): string {
  const { success_url: _, cancel_url: __, ...fields } = parse(params) as Record<string, unknown>;
  return createHash('sha256').update(write(sorted(fields))).digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
