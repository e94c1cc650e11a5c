/**
 * Hono, on Node.
 *
 * @packageDocumentation
 */

import * as standard from './fetch.js';
import type { CheckoutOptions, SessionParams, WebhookOptions } from './server.js';

export type { CheckoutOptions, OnError, SessionParams, WebhookHandlers, WebhookOptions } from './server.js';

/** What is needed of a context of Hono. */
interface WithRequest {
  readonly req: { readonly raw: Request };
}

/** A context as Hono has it; write `(c: Context<…>) => …` for the types of your own. */
export interface HonoLikeContext extends WithRequest {
  readonly req: {
    readonly raw: Request;
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
 * 200: the event is done, now or before. 400: the signature does not hold. 500: a handler failed and
 * everything was rolled back, so that the platform sends the event again.
 *
 * @throws {ConfigurationError} An option cannot work.
 */
export function webhook<Tx>(
  options: WebhookOptions<Tx>,
): (context: WithRequest) => Promise<Response> {
  const receive = standard.webhook(options);
  return (context) => receive(context.req.raw);
}

/**
 * Makes the handler that creates a session for a buyer and answers `{ url }`:
 *
 * ```ts
 * app.post('/checkout', checkout(async (c) => ({
 *   mode: 'payment',
 *   presentation: 'iframe',
 *   line_items: [{ price_id: priceOf((await c.req.json()).plan), quantity: 1 }],
 * })));
 * ```
 *
 * 400 with the `code` and the `param` of a `ValidationError`, 502 where FastStar is out of reach, 500
 * otherwise; `onError` has the whole error.
 *
 * @param params - Gives the session's fields. Take the price of your own shop, never of the browser.
 */
export function checkout<Context extends WithRequest = HonoLikeContext>(
  params: (context: Context) => SessionParams,
  options: CheckoutOptions<[context: Context]> = {},
): (context: Context) => Promise<Response> {
  const { onCreated, idempotencyKey, ...rest } = options;
  const sell = standard.checkout((_request: Request, context: Context) => params(context), {
    ...rest,
    ...(onCreated && { onCreated: (created, _request, context) => onCreated(created, context) }),
    ...(idempotencyKey && { idempotencyKey: (fields, _request, context) => idempotencyKey(fields, context) }),
  });
  return (context) => sell(context.req.raw, context);
}
