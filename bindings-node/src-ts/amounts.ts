/** Compares what was paid with what was ordered. */

import { AmountMismatchError, ValidationError } from './errors.js';
import { checkPayment } from './payment_check.js';
import type { Payment, WebhookEvent } from './events.js';
import type { Money } from './offline.js';
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
  const { isPaid, expected, paid, message } = checkPayment(event, order);
  if (!isPaid) throw new AmountMismatchError(message, expected as Money, paid);
  return event.data;
}
