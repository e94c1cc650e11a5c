/**
 * Hono, on Node.
 *
 * @packageDocumentation
 */

import * as standard from './fetch.js';
import {
  type Answer,
  type CheckoutOptions,
  isResponse,
  seller,
  type SessionParams,
  type WebhookOptions,
} from './server.js';

export type { CheckoutOptions, OnError, SessionParams, WebhookHandlers, WebhookOptions } from './server.js';

/** What is needed of a context of Hono. */
interface WithRequest {
  readonly req: { readonly raw: Request };
}

/** A context as Hono has it; write `(c: Context<…>) => …` for the types of your own. */
export interface HonoLikeContext extends WithRequest {
  readonly req: {
    readonly raw: Request;
    readonly url: string;
    json(): Promise<any>;
    parseBody(): Promise<any>;
    param(name: string): any;
    query(name: string): string | undefined;
    header(name: string): string | undefined;
  };
  get(key: string): any;
}

/**
 * Makes the handler that receives webhooks:
 *
 * ```ts
 * app.post('/webhooks/faststar', webhook({ inbox, on: { 'payment.succeeded': fulfil } }));
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
): (context: WithRequest) => Promise<Response> {
  const receive = standard.webhook(options);
  return (context) => receive(context.req.raw);
}

/**
 * Makes the handler that opens the session of an order and answers `{ status: 'open', url }`, or
 * `{ status: 'complete' }` once it is paid:
 *
 * ```ts
 * app.post('/checkout', checkout(async (c) => {
 *   const order = await orderOf(c);
 *   return { mode: 'payment', presentation: 'iframe', line_items: order.lines, client_reference_id: order.id };
 * }, { orders: postgresOrders(pool) }));
 * ```
 *
 * 400 with the `code` and the `param` of a `ValidationError`, or for malformed JSON; 409 for a conflict; 502
 * where FastStar is out of reach; 500 otherwise; `onError` has the whole error. What your function throws
 * with a status is answered so, and an `HTTPException` is left to Hono.
 *
 * @param params - Gives the session's fields. Take the price of your own shop, never of the browser.
 */
export function checkout<Context extends WithRequest = HonoLikeContext>(
  params: (context: Context) => SessionParams,
  options: CheckoutOptions<[context: Context]> = {},
): (context: Context) => Promise<Response> {
  const sell = seller(params, options);
  return async (context) => {
    try {
      const sold = await sell(context.req.raw.method, context);
      return isResponse(sold) ? sold : standard.answer(sold as Answer);
    } catch (error) {
      // An HTTPException is for `app.onError`.
      const own = isHonos(error) ? undefined : standard.responseOf(error);
      if (own === undefined) throw error;
      return own;
    }
  };
}

function isHonos(error: unknown): boolean {
  return error instanceof Error && 'getResponse' in error;
}
