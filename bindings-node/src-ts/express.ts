/**
 * Express, and all that hands on the requests and responses of `node:http`.
 *
 * @packageDocumentation
 */

import { type NodeRequest, rawBody, send } from './node.js';
import {
  type CheckoutOptions,
  receiver,
  seller,
  type SessionParams,
  type WebhookOptions,
} from './server.js';
import type { IncomingMessage, ServerResponse } from 'node:http';

export type { CheckoutOptions, OnError, SessionParams, WebhookHandlers, WebhookOptions } from './server.js';

/** A request as Express has it. */
export interface ExpressLikeRequest extends IncomingMessage {
  readonly body: any;
  readonly params: any;
  readonly query: any;
}

const ADVICE =
  'a body parser has read it; put this route before app.use(express.json()) and every other parser, or ' +
  'give the parser other paths';

/**
 * Makes the route that receives webhooks. It reads the raw body itself, so put it before any parser:
 *
 * ```ts
 * app.post('/webhooks/faststar', webhook({ inbox, on: { 'payment.succeeded': fulfil } }));
 * app.use(express.json());
 * ```
 *
 * 200: the event is done, now or before. 400: the signature does not hold. 500: a handler failed and
 * everything was rolled back, so that the platform sends the event again.
 *
 * @throws {ConfigurationError} An option cannot work.
 */
export function webhook<Tx>(
  options: WebhookOptions<Tx>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const receive = receiver(options);
  return async (request, response) => {
    const { method, headers } = request;
    const body = (): Promise<Uint8Array> => rawBody(request as NodeRequest, ADVICE);
    send(response, await receive({ method, header: (name) => headers[name], body }));
  };
}

/**
 * Makes the route that creates a session for a buyer and answers `{ url }`.
 *
 * ```ts
 * app.post('/checkout', express.json(), checkout((request) => ({
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
export function checkout<Request extends IncomingMessage = ExpressLikeRequest>(
  params: (request: Request) => SessionParams,
  options: CheckoutOptions = {},
): (request: Request, response: ServerResponse) => Promise<void> {
  const sell = seller(params, options);
  return async (request, response) => send(response, await sell(request.method, request));
}
