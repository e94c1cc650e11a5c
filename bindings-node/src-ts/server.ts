/** What a server does with webhooks and with buyers who want to pay, whatever its framework. */

import { STATUS_CODES } from 'node:http';

import { FastStar } from './client.js';
import {
  APIConnectionError,
  ConfigurationError,
  ConflictError,
  FastStarError,
  misconfigured,
  RateLimitError,
  ServerError,
  SignatureVerificationError,
  UnexpectedResponseError,
  ValidationError,
} from './errors.js';
import { handling, type OnError, reporter, type WebhookOptions } from './handling.js';
import { InboxBusyError } from './inboxes/inbox.js';
import * as read from './options.js';
import { createPatiently, type OpenedSession, openSession } from './orders/open.js';
import { memoryOrders, type Orders } from './orders/stores.js';
import { webhooks } from './webhooks.js';
import type { WebhookEvent } from './events.js';
import type { CreateSessionParams } from './types.js';

export type { OnError, WebhookHandlers, WebhookOptions } from './handling.js';

/** How sessions are opened for buyers. `Args` is what the function gets that gives the session's fields. */
export interface CheckoutOptions<Args extends unknown[] = never[]> {
  /** The client; one of the environment's where it is left out. */
  readonly client?: FastStar | undefined;
  /**
   * Where it is remembered which session an order has: of `faststar/orders`. The order is the session's
   * `client_reference_id`. Where it is left out, this process remembers, until it ends.
   */
  readonly orders?: Orders | undefined;
  /**
   * Is called with the open session before the buyer gets its url, at each click: keep with the order what
   * you want to show of it. Where it throws, the buyer gets no url.
   */
  readonly onOpen?: ((opened: OpenedSession & { readonly status: 'open' }, ...args: Args) => unknown) | undefined;
  /**
   * Gives an idempotency key of your own for the session, instead of remembering the order's session. The
   * same key gives the same answer for a day, even when that session is paid or has expired.
   */
  readonly idempotencyKey?: ((fields: CreateSessionParams, ...args: Args) => string | undefined) | undefined;
  /** Is told of each failure; `console.error` where it is left out. */
  readonly onError?: OnError | undefined;
}

/**
 * What opens a session says: the fields of the session; or a `Response`, which the buyer gets in place of a
 * session; or nothing, where it has answered itself.
 */
export type SessionParams = Fields | Promise<Fields>;
type Fields = CreateSessionParams | Response | undefined;

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

/** How many seconds until a delivery that gave way should come again. */
const RETRY_AFTER = '5';

/** Makes what receives webhooks. @internal */
export function receiver<Tx, Prepared>(
  options: WebhookOptions<Tx, Prepared>,
): (request: Incoming) => Promise<Answer> {
  const { handle, report } = handling(options);
  const { secret } = options;
  checkSecret(secret);
  const tolerance = read.seconds(options.tolerance, 'tolerance');
  if (tolerance !== undefined && tolerance < 0) throw misconfigured('tolerance', 'must not be below 0');
  // Not an error yet: a build may load the route without its environment.
  if (secretsOf(secret).length === 0) warn(noSecret(secret), 'each webhook is answered with a 500');

  return async (request) => {
    if (request.method !== 'POST') return notPost();
    let event: WebhookEvent;
    let body: Uint8Array;
    try {
      const secrets = secretsOf(secret);
      if (secrets.length === 0) throw noSecret(secret);
      const id = request.header(webhooks.idHeader);
      body = await request.body();
      event = webhooks.verify(body, request.header(webhooks.signatureHeader), secrets, {
        eventId: Array.isArray(id) ? id.join(',') : id,
        tolerance,
      });
    } catch (error) {
      await report(error);
      return unread(error);
    }
    try {
      return text(200, await handle(event, Buffer.from(body).toString()));
    } catch (error) {
      await report(error, event);
      return error instanceof InboxBusyError ? text(503, 'busy', { 'retry-after': RETRY_AFTER }) : text(500, 'failed');
    }
  };
}

function checkSecret(secret: unknown): void {
  const all: unknown[] = Array.isArray(secret) ? secret : [secret ?? ''];
  if (all.every((one) => typeof one === 'string')) return;
  throw misconfigured('secret', 'must be the endpoint\'s secret, whsec_…, or a list of secrets');
}

/** Gives the secrets that there are; a blank one is none. */
function secretsOf(secret: WebhookOptions<unknown>['secret']): string[] {
  const given = secret ?? process.env['FASTSTAR_WEBHOOK_SECRET'] ?? '';
  const all = typeof given === 'string' ? [given] : given;
  return all.filter((one) => one.trim() !== '');
}

function noSecret(secret: WebhookOptions<unknown>['secret']): ConfigurationError {
  if (secret !== undefined) return misconfigured('secret', 'is empty; give the endpoint\'s secret, whsec_…');
  return misconfigured(
    'FASTSTAR_WEBHOOK_SECRET',
    'set this environment variable to the endpoint\'s secret, whsec_…, or pass it as secret',
  );
}

function warn({ message }: ConfigurationError, consequence: string): void {
  console.warn(`faststar: ${message}; until then ${consequence}`);
}

/** The answer to a webhook of which no event was read. */
function unread(error: unknown): Answer {
  // The same for every reason: the log has it, and a forger learns nothing.
  if (error instanceof SignatureVerificationError) return text(400, 'not verified');
  const isTooLarge = error instanceof FastStarError && error.code === 'body_too_large';
  // What was not read is not read any more. All else is not the sender's fault, and must not be lost.
  return isTooLarge ? text(413, 'too large', { connection: 'close' }) : text(500, 'failed');
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

/** What a buyer who wants to pay gets: an answer of this package, one of the shop's own, or none any more. @internal */
export type Sold = Answer | Response | undefined;

/**
 * Makes what opens a session for a buyer.
 *
 * It throws only what a framework has to answer: what the shop's function threw with a status or a mark of
 * its framework.
 *
 * @param hasAnswered - Tells whether the shop's function has answered the request by itself.
 * @internal
 */
export function seller<Args extends unknown[]>(
  params: (...args: Args) => SessionParams,
  options: CheckoutOptions<Args>,
  hasAnswered: (...args: Args) => boolean = () => false,
): (method: string | undefined, ...args: Args) => Promise<Sold> {
  read.known(options, ['client', 'orders', 'onOpen', 'idempotencyKey', 'onError']);
  const { onOpen, idempotencyKey } = options;
  for (const [name, hook] of Object.entries({ onOpen, idempotencyKey })) read.callable(hook, name);
  if (typeof params !== 'function') {
    throw misconfigured('params', 'must be a function that gives the fields of the session for a request');
  }
  if (options.orders !== undefined && typeof (options.orders as Partial<Orders> | null)?.list !== 'function') {
    throw misconfigured('orders', 'must be a store of faststar/orders, which remembers the sessions of an order');
  }
  const orders = options.orders ?? memoryOrders();
  const report = reporter(options.onError);
  let client = options.client;
  // Made at the first request, since a build may load the route without the key.
  if (client === undefined && !process.env['FASTSTAR_API_KEY']) {
    const message = 'set this environment variable to your API key, or pass a client';
    warn(misconfigured('FASTSTAR_API_KEY', message), 'each checkout is answered with a 500');
  }

  const open = async (fields: CreateSessionParams, args: Args): Promise<OpenedSession> => {
    client ??= new FastStar();
    const reference = fields.client_reference_id;
    if (idempotencyKey === undefined && reference !== undefined) {
      return openSession(reference, fields, { orders, client });
    }
    if (idempotencyKey === undefined && options.orders !== undefined) {
      throw misconfigured('params', 'must give client_reference_id, the number of the order, where orders remember it');
    }
    return createPatiently(client, fields, idempotencyKey?.(fields, ...args));
  };

  return async (method, ...args) => {
    if (method !== 'POST') return notPost();
    try {
      const fields = await params(...args);
      if (isResponse(fields)) return fields;
      if (fields === undefined) {
        if (hasAnswered(...args)) return undefined;
        throw misconfigured('params', 'must give the fields of the session, or answer the request');
      }
      const opened = await open(fields, args);
      if (opened.status === 'complete') return json(200, { status: 'complete' });
      await onOpen?.(opened, ...args);
      return json(200, { status: 'open', url: opened.url });
    } catch (error) {
      if (isResponse(error)) return error;
      const status = statusOf(error);
      if (status === undefined || status >= 500) await report(error);
      if (status !== undefined || isOfTheFramework(error)) throw error;
      return refused(error);
    }
  };
}

/** Tells a buyer's browser what it may know. */
function refused(error: unknown): Answer {
  if (error instanceof ValidationError) return problem(400, error.code, error.param);
  if (error instanceof ConflictError) {
    return error.code === 'idempotency_in_flight'
      ? problem(503, 'unavailable', undefined, { 'retry-after': RETRY_AFTER })
      : problem(409, error.code, error.param);
  }
  // What the shop's function read of the browser: JSON.parse throws it, and so does request.json().
  if (error instanceof Error && error.name === 'SyntaxError') return problem(400, 'malformed_json');
  const isPlatform =
    error instanceof APIConnectionError ||
    error instanceof RateLimitError ||
    error instanceof ServerError ||
    error instanceof UnexpectedResponseError;
  return isPlatform ? problem(502, 'unavailable') : problem(500, 'internal');
}

/** Gives the status that the shop or its framework wrote on what it threw, as http-errors and others do. */
function statusOf(error: unknown): number | undefined {
  // An answer of FastStar's to the shop is not the shop's to the buyer.
  if (error instanceof FastStarError || typeof error !== 'object' || error === null) return undefined;
  const { statusCode, status = statusCode, location } = error as Record<string, unknown>;
  if (typeof status !== 'number' || !Number.isInteger(status) || status > 599) return undefined;
  return status >= 400 || (status >= 300 && typeof location === 'string') ? status : undefined;
}

/** Tells whether a framework wants back what it threw, such as Next's `redirect()`, which has a digest. */
function isOfTheFramework(error: unknown): boolean {
  return typeof (error as { digest?: unknown } | undefined)?.digest === 'string';
}

/** Tells a `Response`, also one of another class: servers on Node replace the global one. @internal */
export function isResponse(value: unknown): value is Response {
  const like = value as Partial<Response> | null | undefined;
  return typeof like?.status === 'number' && typeof like.headers?.get === 'function';
}

/** Answers what was thrown with a status, where no framework does. @internal */
export function answerOf(error: unknown): Answer | undefined {
  const status = statusOf(error);
  if (status === undefined) return undefined;
  const { location, headers } = error as Record<string, unknown>;
  if (status < 400) return { status, headers: { location: String(location) }, body: '' };
  const own = Object.entries((headers as object | undefined) ?? {}).filter(([, value]) => typeof value === 'string');
  const code = STATUS_CODES[status]?.toLowerCase().replaceAll(/\W+/g, '_') ?? 'refused';
  return problem(status, code, undefined, Object.fromEntries(own));
}

/** Makes an answer of a `Response`. @internal */
export async function answerFrom(response: Response): Promise<Answer> {
  const { status, headers } = response;
  return { status, headers: Object.fromEntries(headers), body: await response.text() };
}

function notPost(): Answer {
  return text(405, 'send a POST', { allow: 'POST' });
}

function text(status: number, line: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${line}\n` };
}

function problem(status: number, code: string, param?: string, headers: Record<string, string> = {}): Answer {
  return json(status, { error: { code, param: param ?? null } }, headers);
}

function json(status: number, value: object, extra: Record<string, string> = {}): Answer {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', ...extra };
  return { status, headers, body: JSON.stringify(value) };
}
