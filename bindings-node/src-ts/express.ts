/**
 * Express, and all that hands on the requests and responses of `node:http`.
 *
 * @packageDocumentation
 */

import { type NodeRequest, rawBody, send } from './node.js';
import {
  answerFrom,
  answerOf,
  type CheckoutOptions,
  isResponse,
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
  readonly protocol: string;
}

/** A response as Express has it. */
export interface ExpressLikeResponse extends ServerResponse {
  readonly locals: any;
  redirect(...to: any[]): any;
  status(code: number): any;
  json(body: any): any;
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
 * 200: the event is done, now or before, or no handler takes it. 400: the signature does not hold. 500: a
 * handler failed and all was rolled back, or there is no secret, and 503: it gave way to another delivery;
 * the platform sends the event again.
 *
 * @throws {ConfigurationError} An option cannot work.
 */
export function webhook<Tx, Prepared = undefined>(
  options: WebhookOptions<Tx, Prepared>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const receive = receiver(options);
  return async (request, response) => {
    const { method, headers } = request;
    const body = (): Promise<Uint8Array> => rawBody(request as NodeRequest, ADVICE);
    send(response, await receive({ method, header: (name) => headers[name], body }));
  };
}

/**
 * Makes the route that opens the session of an order and answers `{ status: 'open', url }`, or
 * `{ status: 'complete' }` once it is paid.
 *
 * ```ts
 * app.post('/checkout', express.json(), checkout(async (request) => {
 *   const order = await orderOf(request);
 *   return { mode: 'payment', presentation: 'iframe', line_items: order.lines, client_reference_id: order.id };
 * }, { orders: postgresOrders(pool) }));
 * ```
 *
 * 400 with the `code` and the `param` of a `ValidationError`, or for malformed JSON; 409 for a conflict; 502
 * where FastStar is out of reach; 500 otherwise; `onError` has the whole error. What your function throws
 * with a status goes to `next`. It may answer by itself, and then gives nothing.
 *
 * @param params - Gives the session's fields. Take the price of your own shop, never of the browser.
 */
export function checkout<
  Request extends IncomingMessage = ExpressLikeRequest,
  Response extends ServerResponse = ExpressLikeResponse,
>(
  params: (request: Request, response: Response) => SessionParams,
  options: CheckoutOptions<[request: Request, response: Response]> = {},
): (request: Request, response: Response, next?: (error?: unknown) => void) => Promise<void> {
  const sell = seller(params, options, (_request, response) => response.headersSent);
  return async (request, response, next) => {
    try {
      const sold = await sell(request.method, request, response);
      if (sold !== undefined) send(response, isResponse(sold) ? await answerFrom(sold) : sold);
    } catch (error) {
      const own = answerOf(error);
      // Express answers errors, and redirects are none.
      if (own !== undefined && (own.status < 400 || next === undefined)) send(response, own);
      else if (next === undefined) throw error;
      else next(error);
    }
  };
}
