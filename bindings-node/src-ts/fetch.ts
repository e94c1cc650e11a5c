/**
 * Servers that answer a `Request` with a `Response`: Next, SvelteKit, Remix, and the others of the fetch
 * standard, on Node.
 *
 * @packageDocumentation
 */

import {
  type Answer,
  BODY_LIMIT,
  type CheckoutOptions,
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
 * 200: the event is done, now or before. 400: the signature does not hold. 500: a handler failed and
 * everything was rolled back, so that the platform sends the event again.
 *
 * @throws {ConfigurationError} An option cannot work.
 */
export function webhook<Tx>(options: WebhookOptions<Tx>): (request: Request) => Promise<Response> {
  const receive = receiver(options);
  return async (request) => {
    const header = (name: string) => request.headers.get(name);
    return answer(await receive({ method: request.method, header, body: () => rawBody(request) }));
  };
}

/**
 * Makes the function that creates a session for a buyer and answers `{ url }`. In a route of Next:
 *
 * ```ts
 * export const POST = checkout(async (request) => ({
 *   mode: 'payment',
 *   presentation: 'iframe',
 *   line_items: [{ price_id: priceOf((await request.json()).plan), quantity: 1 }],
 * }));
 * ```
 *
 * 400 with the `code` and the `param` of a `ValidationError`, 502 where FastStar is out of reach, 500
 * otherwise; `onError` has the whole error.
 *
 * @param params - Gives the session's fields. Take the price of your own shop, never of the browser.
 */
export function checkout<Incoming extends Request, Rest extends unknown[]>(
  params: (request: Incoming, ...rest: Rest) => SessionParams,
  options: CheckoutOptions = {},
): (request: Incoming, ...rest: Rest) => Promise<Response> {
  const sell = seller(params, options);
  return async (request, ...rest) => answer(await sell(request.method, request, ...rest));
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

function answer({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers });
}
