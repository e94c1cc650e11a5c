/**
 * Fastify.
 *
 * @packageDocumentation
 */

import { rawBody } from './node.js';
import {
  type Answer,
  type CheckoutOptions,
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
}

type Handler<Request> = (request: Request, reply: FastifyLikeReply) => Promise<FastifyLikeReply>;

/** What is needed of Fastify. */
export interface FastifyLike {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: string,
    parser: (request: any, payload: any, done: (error: null) => void) => void,
  ): unknown;
  post(path: string, handler: Handler<FastifyLikeRequest>): unknown;
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
 * 200: the event is done, now or before. 400: the signature does not hold. 500: a handler failed and
 * everything was rolled back, so that the platform sends the event again.
 *
 * @throws {ConfigurationError} An option cannot work.
 */
export function webhook<Tx>(options: WebhookOptions<Tx>): (app: FastifyLike) => Promise<void> {
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
 * Makes the route that creates a session for a buyer and answers `{ url }`.
 *
 * ```ts
 * app.post('/checkout', checkout((request) => ({
 *   mode: 'payment',
 *   presentation: 'iframe',
 *   line_items: [{ price_id: priceOf(request.body.plan), quantity: 1 }],
 * })));
 * ```
 *
 * 400 with the `code` and the `param` of a `ValidationError`, 502 where FastStar is out of reach, 500
 * otherwise; `onError` has the whole error.
 *
 * @param params - Gives the session's fields. Take the price of your own shop, never of the browser.
 */
export function checkout<Request extends FastifyLikeRequest>(
  params: (request: Request) => SessionParams,
  options: CheckoutOptions = {},
): Handler<Request> {
  const sell = seller(params, options);
  return async (request, reply) => answer(reply, await sell(request.method, request));
}

function answer(reply: FastifyLikeReply, { status, headers, body }: Answer): FastifyLikeReply {
  return reply.code(status).headers(headers).send(body);
}
