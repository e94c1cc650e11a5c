/** The events that a webhook delivers. */

import type { OtherText } from './types.js';

/** What every event has. */
export interface EventOf<Type, Data> {
  /** The id, `evt_…`. A redelivery has the same: remember it to act once. */
  readonly id: string;
  /** What happened. */
  readonly type: Type;
  /** When it happened, in unix seconds; 0 where the platform did not tell. */
  readonly created: number;
  /** What it is about. */
  readonly data: Data;
  /** Real money, or a test. */
  readonly livemode: boolean;
  readonly api_version: string;
}

/** The payment that a `payment.*` event is about. */
export interface Payment {
  /** The id, `pi_…`. */
  readonly payment_id: string;
  /** The amount in the currency's smallest unit: 1999 is 19.99 USD. */
  readonly amount: number;
  /** The currency, ISO 4217. */
  readonly currency: string;
  readonly status: string;
  /** Your own order number. FastStar promises it and does not say where; a live event may lack it. */
  readonly client_reference_id?: string | null;
  /** The session that was paid, `cs_…`; a live event may lack it. */
  readonly checkout_session_id?: string | null;
}

/** Data that FastStar's pages do not describe. */
export type Data = Readonly<Record<string, unknown>> | null;

/** Fulfil on this one, and only here. */
export type PaymentSucceededEvent = EventOf<'payment.succeeded', Payment>;
export type PaymentFailedEvent = EventOf<'payment.failed', Payment>;
export type PaymentCanceledEvent = EventOf<'payment.canceled', Payment>;
export type PaymentRefundedEvent = EventOf<'payment.refunded', Payment>;
export type RefundSucceededEvent = EventOf<'refund.succeeded', Data>;
export type SubscriptionCreatedEvent = EventOf<'subscription.created', Data>;
export type SubscriptionUpdatedEvent = EventOf<'subscription.updated', Data>;
export type SubscriptionCanceledEvent = EventOf<'subscription.canceled', Data>;
export type InvoicePaidEvent = EventOf<'invoice.paid', Data>;
export type InvoicePaymentFailedEvent = EventOf<'invoice.payment_failed', Data>;
export type DisputeCreatedEvent = EventOf<'dispute.created', Data>;
export type DisputeUpdatedEvent = EventOf<'dispute.updated', Data>;
export type DisputeClosedEvent = EventOf<'dispute.closed', Data>;
export type SettlementSucceededEvent = EventOf<'settlement.succeeded', Data>;

/** An event whose type this version knows. */
export type KnownEvent =
  | PaymentSucceededEvent
  | PaymentFailedEvent
  | PaymentCanceledEvent
  | PaymentRefundedEvent
  | RefundSucceededEvent
  | SubscriptionCreatedEvent
  | SubscriptionUpdatedEvent
  | SubscriptionCanceledEvent
  | InvoicePaidEvent
  | InvoicePaymentFailedEvent
  | DisputeCreatedEvent
  | DisputeUpdatedEvent
  | DisputeClosedEvent
  | SettlementSucceededEvent;

/**
 * An event of a type that this version does not know. Its `type` is a string; take it as one to compare
 * it: `const type: string = event.type`.
 */
export type UnknownEvent = EventOf<OtherText, unknown>;

/** An event: `switch` on its `type`. */
export type WebhookEvent = KnownEvent | UnknownEvent;
