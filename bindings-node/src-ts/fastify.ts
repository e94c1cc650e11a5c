/**
 * Fastify.
 *
 * @packageDocumentation
 */

import { rawBody } from './node.js';
import {
  type Answer,
  answerFrom,
  answerOf,
  type CheckoutOptions,
  isResponse,
  receiver,
  seller,
  type SessionParams,
  type WebhookOptions,
} from './server.js';
import type { IncomingMessage } from 'node:http';

export type { CheckoutOptions, OnError, SessionParams, WebhookHandlers, WebhookOptions } from './server.js';

/** What is needed of a request of Fastify. */
export interface FastifyLikeRequest {
  readonly method: string;
  readonly raw: IncomingMessage;
}

/** What is needed of a reply of Fastify. */
export interface FastifyLikeReply {
  code(status: number): this;
  headers(headers: Record<string, string>): this;
  send(body: string): this;
  readonly sent: boolean;
}

type Handler<Request, Reply> = (request: Request, reply: Reply) => Promise<Reply>;

/** What is needed of Fastify. */
export interface FastifyLike {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: string,
    parser: (request: any, payload: any, done: (error: null) => void) => void,
  ): unknown;
  post(path: string, handler: Handler<FastifyLikeRequest, FastifyLikeReply>): unknown;
}

/**
 * Makes the plugin that receives webhooks, at the path of its `prefix`:
 *
 * ```ts
 * app.register(webhook({ inbox, on: { 'payment.succeeded': fulfil } }), { prefix: '/webhooks/faststar' });
 * ```
 *
 * The parsers of the application stay as they are: only this route takes the raw body.
 *
 * 200: the event is done, now or before, or no handler takes it. 400: the signature does not hold. 500: a
 * handler failed and all was rolled back, or there is no secret, and 503: it gave way to another delivery;
 * the platform sends the event again.
 *
 * @throws {ConfigurationError} An option cannot work.
 */
export function webhook<Tx, Prepared = undefined>(
  options: WebhookOptions<Tx, Prepared>,
): (app: FastifyLike) => Promise<void> {
  const receive = receiver(options);
  return async (app) => {
    app.removeAllContentTypeParsers();
    // Leaves the body to the handler.
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    app.post('/', async ({ method, raw }, reply) => {
      const advice = 'a hook or a plugin has read it; let none read request.raw on this route';
      const header = (name: string) => raw.headers[name];
      return answer(reply, await receive({ method, header, body: () => rawBody(raw, advice) }));
    });
  };
}

/**
 * Makes the route that opens the session of an order and answers `{ status: 'open', url }`, or
 * `{ status: 'complete' }` once it is paid.
 *
 * ```ts
 * app.post('/checkout', checkout(async (request) => {
 *   const order = await orderOf(request);
 *   return { mode: 'payment', presentation: 'iframe', line_items: order.lines, client_reference_id: order.id };
 * }, { orders: postgresOrders(pool) }));
 * ```
 *
 * 400 with the `code` and the `param` of a `ValidationError`, or for malformed JSON; 409 for a conflict; 502
 * where FastStar is out of reach; 500 otherwise; `onError` has the whole error. What your function throws
 * with a status is left to Fastify. It may answer by itself, and then gives nothing.
 *
 * @param params - Gives the session's fields. Take the price of your own shop, never of the browser.
 */
export function checkout<
  Request extends FastifyLikeRequest,
  Reply extends FastifyLikeReply = FastifyLikeReply & { redirect(...to: any[]): any },
>(
  params: (request: Request, reply: Reply) => SessionParams,
  options: CheckoutOptions<[request: Request, reply: Reply]> = {},
): Handler<Request, Reply> {
  const sell = seller(params, options, (_request, reply) => reply.sent);
  return async (request, reply) => {
    try {
      const sold = await sell(request.method, request, reply);
      if (sold === undefined) return reply;
      return answer(reply, isResponse(sold) ? await answerFrom(sold) : sold);
    } catch (error) {
      const own = answerOf(error);
      // Fastify answers errors, and redirects are none.
      if (own === undefined || own.status >= 400) throw error;
      return answer(reply, own);
    }
  };
}

function answer<Reply extends FastifyLikeReply>(reply: Reply, { status, headers, body }: Answer): Reply {
  return reply.code(status).headers(headers).send(body);
}
