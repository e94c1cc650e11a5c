/**
 * Servers that answer a `Request` with a `Response`: Next, SvelteKit, Remix, and the others of the fetch
 * standard, on Node.
 *
 * @packageDocumentation
 */

import {
  type Answer,
  answerOf,
  BODY_LIMIT,
  type CheckoutOptions,
  isResponse,
  lost,
  receiver,
  seller,
  type SessionParams,
  tooLarge,
  type WebhookOptions,
} from './server.js';

export type { CheckoutOptions, OnError, SessionParams, WebhookHandlers, WebhookOptions } from './server.js';

/**
 * Makes the function that receives webhooks. In a route of Next:
 *
 * ```ts
 * export const POST = webhook({ inbox, on: { 'payment.succeeded': fulfil } });
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
): (request: Request) => Promise<Response> {
  const receive = receiver(options);
  return async (request) => {
    const header = (name: string) => request.headers.get(name);
    return answer(await receive({ method: request.method, header, body: () => rawBody(request) }));
  };
}

/**
 * Makes the function that opens the session of an order and answers `{ status: 'open', url }`, or
 * `{ status: 'complete' }` once it is paid. In a route of Next:
 *
 * ```ts
 * export const POST = checkout(async (request) => {
 *   const order = await orderOf(request);
 *   return { mode: 'payment', presentation: 'iframe', line_items: order.lines, client_reference_id: order.id };
 * }, { orders: postgresOrders(pool) });
 * ```
 *
 * 400 with the `code` and the `param` of a `ValidationError`, or for malformed JSON; 409 for a conflict; 502
 * where FastStar is out of reach; 500 otherwise; `onError` has the whole error. What your function throws
 * with a status is answered so, and a `Response` that it throws or gives is the answer.
 *
 * @param params - Gives the session's fields. Take the price of your own shop, never of the browser.
 */
export function checkout<Incoming extends Request, Rest extends unknown[]>(
  params: (request: Incoming, ...rest: Rest) => SessionParams,
  options: CheckoutOptions<[request: Incoming, ...rest: Rest]> = {},
): (request: Incoming, ...rest: Rest) => Promise<Response> {
  const sell = seller(params, options);
  return async (request, ...rest) => {
    try {
      const sold = await sell(request.method, request, ...rest);
      return isResponse(sold) ? sold : answer(sold as Answer);
    } catch (error) {
      const own = responseOf(error);
      if (own === undefined) throw error;
      return own;
    }
  };
}

/** Gives the answer that was thrown, as an error with a `getResponse` or with a status. @internal */
export function responseOf(error: unknown): Response | undefined {
  const { getResponse } = (error ?? {}) as { getResponse?: unknown };
  if (typeof getResponse === 'function') return getResponse.call(error) as Response;
  const own = answerOf(error);
  return own && answer(own);
}

async function rawBody(request: Request): Promise<Uint8Array> {
  if (request.bodyUsed || request.body?.locked) {
    throw lost(
      'something has read the request before; let no middleware call its json(), text() or the like on ' +
        'this route, or give it request.clone()',
    );
  }
  if (Number(request.headers.get('content-length')) > BODY_LIMIT) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @internal */
export function answer({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers });
}
