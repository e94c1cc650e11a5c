/** Whether a payment settles an order. */

import { invalid, native } from './errors.js';
import { parse, write } from './json.js';
import * as core from './native.js';
import { freeze } from './results.js';
import type { WebhookEvent } from './events.js';
import type { Money } from './offline.js';
import type { Integer, Session } from './types.js';

const PAYMENT = [
  'payment_id',
  'amount',
  'currency',
  'status',
  'client_reference_id',
  'checkout_session_id',
];
const SESSION = ['id', 'status', 'amount_subtotal', 'amount_total', 'currency', 'client_reference_id'];

/**
 * What a payment is to an order. `session_needed`: the amount differs, and no session tells whether tax
 * came on top.
 */
export type PaymentVerdict =
  | 'paid'
  | 'underpaid'
  | 'overpaid'
  | 'other_currency'
  | 'unknown_order'
  | 'session_needed';

/**
 * What `checkPayment` found.
 *
 * Fulfil where `isPaid`. No other verdict changes by waiting: set the order aside for a person, and let
 * the webhook answer 200.
 */
export interface PaymentCheck {
  /** What the payment is to the order. */
  readonly verdict: PaymentVerdict;
  /** Whether to fulfil: true for `paid` alone. */
  readonly isPaid: boolean;
  /**
   * What should have been paid: the session's total where the session sold this order, else the order's
   * amount. `null` where there is no order.
   */
  readonly expected: Money | null;
  /** What was paid. */
  readonly paid: Money;
  /** The session that was paid, `cs_…`, where the payment names one. */
  readonly sessionId: string | null;
  /** The finding in a sentence, for a log or for the person who looks into the order. */
  readonly message: string;
}

/** What an order comes to before tax on top. */
export interface OrderAmount {
  /** The subtotal, the prices before tax that comes on top, in the smallest unit: 999 is 9.99 USD. */
  readonly amount: Integer;
  /** The currency, ISO 4217. */
  readonly currency: string;
}

/**
 * Judges whether a `payment.succeeded` settles an order; sends nothing.
 *
 * An equal amount is `paid`. Where another amount was paid, the session decides: it must have sold the
 * order's subtotal, and its total must have been paid. `checkout.sessions.checkPayment` reads it where it
 * is needed.
 *
 * @param event - A `payment.succeeded`.
 * @param order - What the order comes to; `undefined` where there is no such order.
 * @param session - The session that was paid, read anew.
 * @throws {ValidationError} The event is not a `payment.succeeded`, the amount is no integer, or the
 * session is another payment's.
 */
export function checkPayment(
  event: WebhookEvent,
  order: OrderAmount | null | undefined,
  session?: Session,
): PaymentCheck {
  if (typeof event !== 'object' || event === null) {
    throw invalid('invalid_type', 'event', `must be an event, as webhooks.verify gives it, not ${event === null ? 'null' : typeof event}`);
  }
  const { id, type, data } = event;
  const what = write({ id, type, data: only(data, PAYMENT) }, 'event');
  const of = text(only(order, ['amount', 'currency']));
  const sold = text(only(session, SESSION), 'session');
  const { is_paid, session_id, ...check } = parse(native(() => core.checkPayment(what, of, sold))) as Omit<
    PaymentCheck,
    'isPaid' | 'sessionId'
  > & { is_paid: boolean; session_id: string | null };
  return freeze({ ...check, isPaid: is_paid, sessionId: session_id });
}

/** Takes the fields that matter: a row of a database may have others that JSON cannot hold. */
function only(value: unknown, fields: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(fields.map((field) => [field, (value as Record<string, unknown>)[field]]));
}

function text(value: unknown, path = ''): string | undefined {
  return value === undefined || value === null ? undefined : write(value, path);
}
