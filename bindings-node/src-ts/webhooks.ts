import { ConfigurationError, invalid, misconfigured, native } from './errors.js';
import { parse } from './json.js';
import { parseEvent, signWebhook, verifyWebhook } from './native.js';
import * as read from './options.js';
import { freeze } from './results.js';
import type { WebhookEvent } from './events.js';

/** The raw body of a request, the bytes as they came. */
export type RawBody = Uint8Array | ArrayBuffer | string;

/** A text, or its bytes in UTF-8. */
export type TextOrBytes = string | Uint8Array;

/** The secret of an endpoint, or several while one is replaced. */
export type WebhookSecret = TextOrBytes | readonly TextOrBytes[];

/** What `verify` checks besides. */
export interface VerifyOptions {
  /** The value of the header `X-Webhook-ID`, which must then name the signed event. */
  readonly eventId?: TextOrBytes | null | undefined;
  /** How many seconds the signature's time may be off, both ways; 300. */
  readonly tolerance?: number | undefined;
  /** The time in unix seconds, for tests; the system's clock otherwise. */
  readonly now?: number | undefined;
}

/** Verifies what FastStar sends, and signs as it does, for tests. */
export const webhooks = {
  /** The header with the signature, as Node's `request.headers` has it. */
  signatureHeader: 'x-webhook-signature',
  /** The header with the event's id. It is not signed: pass it as `eventId`. */
  idHeader: 'x-webhook-id',

  /**
   * Verifies a webhook and gives its event.
   *
   * ```ts
   * const event = webhooks.verify(rawBody, request.headers[webhooks.signatureHeader], secret);
   * if (event.type === 'payment.succeeded') {
   *   // remember event.id, compare event.data.amount with the order's, and fulfil
   * }
   * ```
   *
   * @param rawBody - The bytes as they came, before any JSON parser.
   * @param header - The value of `X-Webhook-Signature`.
   * @param secret - The endpoint's secret, or several while one is replaced: any one may match.
   * @throws {SignatureVerificationError} It must not be trusted; `code` says why. Answer it with a 4xx.
   * @throws {ConfigurationError} The secret is missing, or an argument is of another type. That says
   * nothing about the webhook: answer it with a 5xx, so that it comes again.
   */
  verify(
    rawBody: RawBody,
    header: TextOrBytes | readonly TextOrBytes[] | null | undefined,
    secret: WebhookSecret | null | undefined,
    options: VerifyOptions = {},
  ): WebhookEvent {
    read.known(options, ['eventId', 'tolerance', 'now']);
    const tolerance = read.seconds(options.tolerance, 'tolerance');
    if (tolerance !== undefined && tolerance < 0) read.count(tolerance, 'tolerance');
    const now = read.seconds(options.now, 'now');
    const eventId = text(options.eventId, 'eventId');
    const body = bytes(rawBody);
    const keys = secrets(secret);
    // Node gives a header that came several times as one text or as an array.
    const values = Array.isArray(header) ? header : [header];
    const value = values.length === 0 ? '' : values.map((each) => text(each, 'header')).join();
    const isMissing = header === undefined || header === null;
    const json = native(() =>
      verifyWebhook(body, isMissing ? undefined : value, keys, eventId, tolerance, now),
    );
    return freeze(parse(json)) as WebhookEvent;
  },

  /**
   * Reads the body of an event that was verified before, such as one out of a queue.
   *
   * @throws {ValidationError} It is no event.
   */
  parse(rawBody: RawBody): WebhookEvent {
    const body = bytes(rawBody);
    return freeze(parse(native(() => parseEvent(body)))) as WebhookEvent;
  },

  /**
   * Signs a body as FastStar does and gives the value of `X-Webhook-Signature`.
   *
   * @param secret - The secret, or several: one `v1` for each.
   * @throws {ConfigurationError} There is no secret.
   */
  signForTest(
    rawBody: RawBody,
    secret: WebhookSecret,
    options: { readonly timestamp?: number | undefined } = {},
  ): string {
    read.known(options, ['timestamp']);
    const timestamp = read.seconds(options.timestamp, 'timestamp');
    const body = bytes(rawBody);
    const keys = secrets(secret);
    return native(() => signWebhook(body, keys, timestamp));
  },
} as const;

function bytes(body: RawBody): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body);
  // By its tag, since a test runner may run in another realm, whose classes are not these.
  switch (Object.prototype.toString.call(body)) {
    case '[object Uint8Array]':
      return body as Uint8Array;
    case '[object ArrayBuffer]':
      return new Uint8Array(body as ArrayBuffer);
  }
  const given = body === null ? 'null' : Array.isArray(body) ? 'an array' : `of type ${typeof body}`;
  throw invalid(
    'invalid_type',
    'rawBody',
    `the raw body of the request is needed, its bytes as they came, and it is ${given}: a JSON parser ` +
      'has read it, or none has; in Express take express.raw({ type: "application/json" }) for this ' +
      'route, elsewhere await request.text()',
  );
}

function secrets(secret: WebhookSecret | null | undefined): string[] {
  const all = Array.isArray(secret) ? (secret as readonly unknown[]) : [secret];
  const keys = all.map((each) => text(each, 'secret'));
  // An empty one is for the core to refuse.
  if (keys.length > 0 && !keys.includes(undefined)) return keys as string[];
  const given = keys.length === 0 ? 'an empty array' : 'undefined or null';
  throw new ConfigurationError(
    `secret: it is ${given}; set the webhook secret of this endpoint, such as FASTSTAR_WEBHOOK_SECRET`,
    { code: 'invalid_secret', param: 'secret' },
  );
}

/** Reads a text that may be given as its bytes. */
function text(value: unknown, name: string): string | undefined {
  if (Object.prototype.toString.call(value) !== '[object Uint8Array]') return read.text(value, name);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value as Uint8Array);
  } catch {
    throw misconfigured(name, 'must be a string or its bytes in UTF-8, and these bytes are not');
  }
}
