/** What a server does with webhooks and with buyers who want to pay, whatever its framework. */

import { FastStar } from './client.js';
import {
  APIConnectionError,
  ConfigurationError,
  FastStarError,
  misconfigured,
  native,
  RateLimitError,
  ServerError,
  SignatureVerificationError,
  UnexpectedResponseError,
  ValidationError,
} from './errors.js';
import { type Inbox, isPromise } from './inbox.js';
import { eventTypes } from './native.js';
import * as read from './options.js';
import { webhooks } from './webhooks.js';
import type { KnownEvent, WebhookEvent } from './events.js';
import type { CreatedSession, CreateSessionParams } from './types.js';

/** Is told what went wrong, and with which event where there is one. */
export type OnError = (error: unknown, event?: WebhookEvent) => unknown;

/** The handlers by the type of their event; `*` stands for every type. */
export type WebhookHandlers<Tx> = {
  readonly [E in KnownEvent as E['type']]?: ((event: E, tx: Tx) => unknown) | undefined;
} & {
  readonly '*'?: ((event: WebhookEvent, tx: Tx) => unknown) | undefined;
};

/** How webhooks are received. */
export interface WebhookOptions<Tx> {
  /** Where it is remembered which events are done: of `faststar/inbox`. */
  readonly inbox: Inbox<Tx>;
  /**
   * What happens on an event: in the transaction that marks the event as done, with what writes in it.
   * Where a handler throws, all is rolled back, and FastStar sends the event again: so let errors pass.
   */
  readonly on: WebhookHandlers<Tx>;
  /**
   * Is called when an event is done and committed, for what cannot be rolled back, such as an e-mail. It
   * is not called again: what it throws goes to `onError`.
   */
  readonly onProcessed?: ((event: WebhookEvent) => unknown) | undefined;
  /** Is told of each failure and each refused webhook; `console.error` where it is left out. */
  readonly onError?: OnError | undefined;
  /** The endpoint's secret, or several while one is replaced; `FASTSTAR_WEBHOOK_SECRET`. */
  readonly secret?: string | readonly string[] | undefined;
  /** How many seconds a signature's time may be off, both ways; 300. */
  readonly tolerance?: number | undefined;
}

/** How sessions are created for buyers. `Args` is what the function gets that gives the session's fields. */
export interface CheckoutOptions<Args extends unknown[] = never[]> {
  /** The client; one of the environment's where it is left out. */
  readonly client?: FastStar | undefined;
  /**
   * Is called with the new session before the buyer gets its url: keep its id and its total with the
   * order, for the webhook. Where it throws, the buyer gets no url.
   */
  readonly onCreated?: ((created: CreatedSession, ...args: Args) => unknown) | undefined;
  /**
   * Gives the idempotency key of the session, of its fields: `({ client_reference_id }) => client_reference_id`
   * keeps an order from getting two sessions where the buyer clicks twice.
   */
  readonly idempotencyKey?: ((fields: CreateSessionParams, ...args: Args) => string | undefined) | undefined;
  /** Is told of each failure; `console.error` where it is left out. */
  readonly onError?: OnError | undefined;
}

/** What creates a session says: the fields of the new session. */
export type SessionParams = CreateSessionParams | Promise<CreateSessionParams>;

/** A request, as far as it matters. @internal */
export interface Incoming {
  readonly method: string | undefined;
  header(name: string): string | string[] | null | undefined;
  body(): Promise<Uint8Array>;
}

/** What is answered. @internal */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How many bytes the body of a webhook may have. @internal */
export const BODY_LIMIT = 1024 * 1024;

/** Makes what receives webhooks. @internal */
export function receiver<Tx>(options: WebhookOptions<Tx>): (request: Incoming) => Promise<Answer> {
  read.known(options, ['inbox', 'on', 'onProcessed', 'onError', 'secret', 'tolerance']);
  const { inbox, on, onProcessed, onError, secret } = options;
  checkSecret(secret);
  const tolerance = read.seconds(options.tolerance, 'tolerance');
  if (tolerance !== undefined && tolerance < 0) throw misconfigured('tolerance', 'must not be below 0');
  if (typeof (inbox as Partial<Inbox<Tx>> | undefined)?.once !== 'function') {
    throw misconfigured('inbox', 'must be an inbox of faststar/inbox, which remembers what is done');
  }
  checkHandlers(on, inbox.synchronous === true);
  read.callable(onProcessed, 'onProcessed');
  const report = reporter(onError);

  return async (request) => {
    if (request.method !== 'POST') return notPost();
    let event: WebhookEvent;
    try {
      const id = request.header(webhooks.idHeader);
      event = webhooks.verify(
        await request.body(),
        request.header(webhooks.signatureHeader),
        secret ?? process.env['FASTSTAR_WEBHOOK_SECRET'] ?? '',
        { eventId: Array.isArray(id) ? id.join(',') : id, tolerance },
      );
    } catch (error) {
      await report(error);
      return unread(error);
    }
    try {
      const outcome = await inbox.once(event, (tx) => dispatch(on, event, tx));
      if (outcome === 'processed' && onProcessed !== undefined) {
        await Promise.resolve(event).then(onProcessed).catch((error: unknown) => report(error, event));
      }
      return text(200, outcome);
    } catch (error) {
      await report(error, event);
      return text(500, 'failed');
    }
  };
}

function checkSecret(secret: unknown): void {
  // An empty one is an environment without it, as while an application is built: each webhook tells.
  const all: unknown[] = Array.isArray(secret) ? secret : [secret ?? ''];
  if (all.every((one) => typeof one === 'string')) return;
  throw misconfigured('secret', 'must be the endpoint\'s secret, whsec_…, or a list of secrets');
}

function checkHandlers(on: object, isSynchronous: boolean): void {
  // A misspelt type would never be called.
  read.known(on, [...native(eventTypes), '*'], 'on');
  for (const [type, handler] of Object.entries(on)) {
    read.callable(handler, `on['${type}']`);
    if (isSynchronous && Object.prototype.toString.call(handler) === '[object AsyncFunction]') {
      const message = 'must not be async with this inbox; do in onProcessed what has to wait';
      throw misconfigured(`on['${type}']`, message);
    }
  }
}

/** Calls the handlers of an event, one after the other, and waits only where one gives a promise. */
function dispatch<Tx>(on: WebhookHandlers<Tx>, event: WebhookEvent, tx: Tx): unknown {
  const type: string = event.type;
  const handlers = on as Record<string, ((event: WebhookEvent, tx: Tx) => unknown) | undefined>;
  const ofAll = (): unknown => on['*']?.(event, tx);
  if (type === '*' || !Object.hasOwn(on, type)) return ofAll();
  const result = handlers[type]?.(event, tx);
  return isPromise(result) ? result.then(ofAll) : ofAll();
}

/** The answer to a webhook of which no event was read. */
function unread(error: unknown): Answer {
  if (!(error instanceof FastStarError)) return text(500, 'failed');
  // Without a secret it is not the sender's fault, and must not be lost.
  if (error instanceof SignatureVerificationError && error.code !== 'invalid_secret') {
    // The same for every reason: the log has it, and a forger learns nothing.
    return text(400, 'not verified');
  }
  // What was not read is not read any more.
  return error.code === 'body_too_large' ? text(413, 'too large', { connection: 'close' }) : text(500, 'failed');
}

/** Makes the error of a body that cannot be verified any more. @internal */
export function lost(what: string): ConfigurationError {
  const message = `the raw body of this webhook is lost, so its signature cannot be verified: ${what}`;
  return new ConfigurationError(message, { code: 'raw_body_lost', param: 'body' });
}

/** Makes the error of a body that is longer than a webhook's. @internal */
export function tooLarge(): ValidationError {
  const message = `the body of a webhook must have at most ${BODY_LIMIT} bytes`;
  return new ValidationError(message, { code: 'body_too_large', param: 'body' });
}

/** Makes what creates a session for a buyer. @internal */
export function seller<Args extends unknown[]>(
  params: (...args: Args) => SessionParams,
  options: CheckoutOptions<Args>,
): (method: string | undefined, ...args: Args) => Promise<Answer> {
  read.known(options, ['client', 'onCreated', 'idempotencyKey', 'onError']);
  read.callable(options.onCreated, 'onCreated');
  read.callable(options.idempotencyKey, 'idempotencyKey');
  if (typeof params !== 'function') {
    throw misconfigured('params', 'must be a function that gives the fields of the session for a request');
  }
  const report = reporter(options.onError);
  // At the first request, since a build may load the route without the key.
  let client = options.client;

  return async (method, ...args) => {
    if (method !== 'POST') return notPost();
    try {
      const fields = await params(...args);
      client ??= new FastStar();
      const idempotencyKey = options.idempotencyKey?.(fields, ...args);
      const created = await client.checkout.sessions.create(fields, { idempotencyKey });
      await options.onCreated?.(created, ...args);
      return json(200, { url: created.url });
    } catch (error) {
      await report(error);
      return refused(error);
    }
  };
}

/** Tells a buyer's browser what it may know. */
function refused(error: unknown): Answer {
  if (error instanceof ValidationError) {
    return json(400, { error: { code: error.code, param: error.param ?? null } });
  }
  const isPlatform =
    error instanceof APIConnectionError ||
    error instanceof RateLimitError ||
    error instanceof ServerError ||
    error instanceof UnexpectedResponseError;
  return isPlatform
    ? json(502, { error: { code: 'unavailable', param: null } })
    : json(500, { error: { code: 'internal', param: null } });
}

function reporter(onError: OnError = log): OnError {
  read.callable(onError, 'onError');
  return async (...what) => {
    try {
      await onError(...what);
    } catch (error) {
      console.error(error);
    }
  };
}

function log(error: unknown, event?: WebhookEvent): void {
  if (event !== undefined) console.error(`faststar: ${event.type} ${event.id} failed:`, error);
  else if (error instanceof SignatureVerificationError) {
    console.error(`faststar: refused a webhook: ${error.message} (${error.code})`);
  } else console.error('faststar:', error);
}

function notPost(): Answer {
  return text(405, 'send a POST', { allow: 'POST' });
}

function text(status: number, line: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${line}\n` };
}

function json(status: number, value: object): Answer {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return { status, headers, body: JSON.stringify(value) };
}
