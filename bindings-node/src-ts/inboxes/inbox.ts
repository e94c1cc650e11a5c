/** What an inbox is: the rows of the events that came, and what became of them. */

import { type ErrorDetails, FastStarError } from '../errors.js';
import type { WebhookEvent } from '../events.js';

/**
 * What became of an event. `unhandled`: no handler took it. `given_up`: a handler threw `GiveUp`.
 * `failed`: a handler threw anything else, so FastStar sends the event again.
 */
export type InboxState = 'processed' | 'unhandled' | 'given_up' | 'failed';

/** What a delivery came to; `duplicate` if the event was done before. */
export type Outcome = 'processed' | 'unhandled' | 'duplicate';

/** An event that came, for `Inbox.once`. */
export interface Delivery {
  readonly event: WebhookEvent;
  /** The verified body, to be kept with the row. */
  readonly body: string;
  /** For a replay: the row when it was chosen. The event runs only if nothing has handled it since. */
  readonly replayOf?: Pick<InboxEvent, 'state' | 'attempts'> | undefined;
}

/** A row of an inbox. */
export interface InboxEvent {
  /** The event's id, `evt_…`. */
  readonly id: string;
  readonly type: string;
  readonly state: InboxState;
  /** Why it failed or was given up: the error's name, or the text of the `GiveUp`. */
  readonly note: string;
  /** How often its handlers were run, or looked for. */
  readonly attempts: number;
  readonly receivedAt: Date;
}

/** Selects rows of an inbox; what is left out selects all. */
export interface InboxFilter {
  readonly id?: string | undefined;
  readonly state?: InboxState | readonly InboxState[] | undefined;
  readonly type?: string | undefined;
  /** Received at this time or later. */
  readonly since?: Date | undefined;
  /** How many rows at most; 1000. */
  readonly limit?: number | undefined;
}

/** Selects the rows that `Inbox.prune` deletes. */
export interface PruneOptions {
  /** How many days a row is kept; 30. */
  readonly days?: number | undefined;
  /** Which states are deleted; `processed` alone, so that no payment is lost that nothing has handled. */
  readonly state?: InboxState | readonly InboxState[] | undefined;
}

/** Remembers which events came, and which are done. `Tx` is what handlers write to their database with. */
export interface Inbox<Tx> {
  /** Whether handlers must not be async, since the transaction lasts no longer than their call. */
  readonly synchronous?: boolean;
  /**
   * Does the work of an event unless that was done before, and keeps the event in the same transaction.
   *
   * Without work, keeps the event as `unhandled`; it is done when it comes again with work. Where the work
   * throws, rolls everything back, keeps the event as `failed`, or as `given_up` for a `GiveUp`, and throws
   * the same.
   *
   * @throws {InboxBusyError} Another delivery held the row, or all connections, for too long.
   */
  once(delivery: Delivery, work: ((tx: Tx) => unknown) | undefined): Promise<Outcome>;
  /** Lists rows, oldest first. */
  list(filter?: InboxFilter): Promise<InboxEvent[]>;
  /** Finds a row with its body. */
  find(id: string): Promise<(InboxEvent & { readonly body: string }) | undefined>;
  /** Deletes old rows, bodies and all, and gives how many: the processed ones unless told otherwise. A deleted event is new if it comes again. */
  prune(options?: PruneOptions): Promise<number>;
}

/**
 * Says that no retry will mend a failure. Throw it in a handler: what the handler wrote is rolled back, the
 * event is kept as `given_up` with this message, `onError` is told once, and FastStar gets a 200.
 *
 * ```ts
 * throw new GiveUp(`${event.id} is about a product that is not sold any more`);
 * ```
 */
export class GiveUp extends Error {
  declare readonly name: 'GiveUp';
}

/** A delivery gave way: its event, or every connection of the inbox, is in use. FastStar sends it again. */
export class InboxBusyError extends FastStarError {
  declare readonly name: 'InboxBusyError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { code: 'inbox_busy', retryable: true, ...details });
  }
}

for (const [name, made] of Object.entries({ GiveUp, InboxBusyError })) {
  // By a text that no minifier shortens.
  Object.defineProperty(made.prototype, 'name', { value: name, configurable: true, writable: true });
}

/** Gives what a row says of an error. The message of any other error may quote a buyer's data. @internal */
export function stateOf(error: unknown): { state: InboxState; note: string } {
  // PostgreSQL keeps no NUL in a text.
  if (error instanceof GiveUp) return { state: 'given_up', note: error.message.replaceAll('\0', '\uFFFD') };
  return { state: 'failed', note: error instanceof Error ? error.name : typeof error };
}

/** Tells whether a delivery changes a row that is there already. @internal */
export function runs(row: Pick<InboxEvent, 'state' | 'attempts'>, { replayOf }: Delivery, hasWork: boolean): boolean {
  const { state, attempts } = row;
  // A processed event stays processed: only the count tells that another replay was faster.
  const isCounted = state === 'processed';
  if (replayOf !== undefined) return state === replayOf.state && (!isCounted || attempts === replayOf.attempts);
  return state === 'failed' || (state === 'unhandled' && hasWork);
}

/** Gives the time before which rows are old. @internal */
export function oldest({ days = 30 }: PruneOptions): Date {
  return new Date(Date.now() - days * 24 * 60 * 60 * 1000);
}

/** Gives the wanted states. @internal */
export function statesOf(state: InboxFilter['state']): readonly InboxState[] {
  return state === undefined || Array.isArray(state) ? (state ?? []) : [state as InboxState];
}

/** @internal */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}
