/** Compares what was paid with what was ordered. */

import { AmountMismatchError, ValidationError } from './errors.js';
import { formatMoney, parseMoney } from './offline.js';
import type { Payment, WebhookEvent } from './events.js';
import type { Integer } from './types.js';

/**
 * Makes sure that an event says that exactly this was paid, and gives the payment.
 *
 * ```ts
 * guardAmount(event, { amount: order.total, currency: order.currency });
 * ```
 *
 * @param event - A `payment.succeeded`.
 * @param order - The order's total in the smallest unit, 999 is 9.99 USD, and its currency, ISO 4217.
 * @throws {AmountMismatchError} Another amount or another currency was paid.
 * @throws {ValidationError} The event is not a `payment.succeeded`, or the amount is no integer.
 */
export function guardAmount(
  event: WebhookEvent,
  order: { readonly amount: Integer; readonly currency: string },
): Payment {
  if (event.type !== 'payment.succeeded') {
    throw new ValidationError(
      `${event.type} does not say that an order was paid; only payment.succeeded does`,
      { code: 'invalid_value', param: 'event' },
    );
  }
  // The core writes an amount in one way alone, so that equal texts are equal amounts.
  const expected = formatMoney(order.amount, order.currency);
  // What was signed may say less than its type promises.
  const { amount, currency } = (event.data ?? {}) as Payment;
  const paid = formatMoney(amount, currency);
  if (paid !== expected) {
    const message = `the order is ${expected} and ${paid} was paid; do not fulfil it, look into it`;
    throw new AmountMismatchError(message, parseMoney(expected), parseMoney(paid));
  }
  return event.data;
}
