/** What a sandbox tells of its events. */

import type { WebhookEvent } from '../events.js';
import { write } from '../json.js';
import { webhooks } from '../webhooks.js';

/** One request to a receiver. */
export interface Attempt {
  /** The HTTP status of the answer; `undefined` where none came. */
  readonly status: number | undefined;
  /** Why it did not count; `undefined` where it did. */
  readonly error: string | undefined;
}

/** An event's way to one receiver. */
export interface Delivery {
  /** The receiver. */
  readonly url: string;
  /** `parked` where the sandbox has given up. */
  readonly state: 'pending' | 'delivered' | 'parked';
  /** The attempts, the oldest first. */
  readonly attempts: readonly Attempt[];
}

/** The headers of a webhook, with the names in lower case. */
export type WebhookHeaders = Record<string, string>;

/** An event of the sandbox. */
export class SentEvent {
  /** The event, as a receiver gets it. */
  readonly event: WebhookEvent;
  /** Its body. */
  readonly body: Buffer;
  /** What came of it, one for each receiver. */
  readonly deliveries: readonly Delivery[];

  /** @internal */
  constructor(listed: Listed) {
    this.body = Buffer.from(write(listed.event));
    this.event = webhooks.parse(this.body);
    this.deliveries = listed.deliveries.map(({ url, state, attempts }) => ({
      url,
      state,
      attempts: attempts.map(({ status, error }) => ({
        status: status ?? undefined,
        error: error ?? undefined,
      })),
    }));
  }

  /** The event's id, `evt_…`. */
  get id(): string {
    return this.event.id;
  }

  /** What happened: `payment.succeeded`. */
  get type(): string {
    return this.event.type;
  }

  /** Gives the headers of a webhook that is signed now. */
  headers(secret: string): WebhookHeaders {
    return {
      'content-type': 'application/json',
      'x-webhook-signature': webhooks.signForTest(this.body, secret),
      'x-webhook-id': this.event.id,
      'x-webhook-timestamp': String(this.event.created),
    };
  }
}

/** An event as the sandbox lists it. @internal */
export interface Listed {
  readonly event: object;
  readonly deliveries: readonly {
    readonly url: string;
    readonly state: Delivery['state'];
    readonly attempts: readonly { readonly status?: number | null; readonly error?: string | null }[];
  }[];
}
