/** What happens to an event whose signature holds, now or in a replay. */

import { FastStarError, misconfigured, native, SignatureVerificationError } from './errors.js';
import { type Delivery, GiveUp, type Inbox, type InboxFilter, type InboxState, isPromise, type Outcome } from './inboxes/inbox.js';
import { eventTypes } from './native.js';
import * as read from './options.js';
import { webhooks } from './webhooks.js';
import type { KnownEvent, WebhookEvent } from './events.js';

/** Is told what went wrong, and with which event where there is one. */
export type OnError = (error: unknown, event?: WebhookEvent) => unknown;

/** The handlers by the type of their event; `*` stands for every type. */
export type WebhookHandlers<Tx, Prepared = undefined> = {
  readonly [E in KnownEvent as E['type']]?: ((event: E, tx: Tx, prepared: Prepared) => unknown) | undefined;
} & {
  readonly '*'?: ((event: WebhookEvent, tx: Tx, prepared: Prepared) => unknown) | undefined;
};

/** How webhooks are received. */
export interface WebhookOptions<Tx, Prepared = undefined> {
  /** Where it is remembered which events are done: of `faststar/inbox`. */
  readonly inbox: Inbox<Tx>;
  /**
   * Is called before the transaction of an event that a handler takes, for what has to wait, such as a
   * question to FastStar. The handler gets what it gives as its third argument. Where it throws, the event
   * fails as if the handler had thrown.
   */
  readonly prepare?: ((event: WebhookEvent) => Prepared | Promise<Prepared>) | undefined;
  /**
   * What happens on an event: in the transaction that marks the event as done, with what writes in it.
   * Where a handler throws, all is rolled back, and FastStar sends the event again: so let errors pass.
   * Throw a `GiveUp` where no retry will mend it.
   */
  readonly on: WebhookHandlers<Tx, Prepared>;
  /**
   * Is called when an event is done and committed, for what cannot be rolled back, such as an e-mail. It
   * is not called again: what it throws goes to `onError`.
   */
  readonly onProcessed?: ((event: WebhookEvent) => unknown) | undefined;
  /**
   * Is called once for an event that no handler takes, when the inbox keeps it as `unhandled`. A line goes to
   * `console.warn` where it is left out.
   */
  readonly onUnhandled?: ((event: WebhookEvent) => unknown) | undefined;
  /** Is told of each failure and each refused webhook; `console.error` where it is left out. */
  readonly onError?: OnError | undefined;
  /** The endpoint's secret, or several while one is replaced; `FASTSTAR_WEBHOOK_SECRET`. */
  readonly secret?: string | readonly string[] | undefined;
  /** How many seconds a signature's time may be off, both ways; 300. */
  readonly tolerance?: number | undefined;
}

/** Selects what `replay` runs again: by default the events that are `unhandled` or `failed`. */
export interface ReplayFilter extends InboxFilter {}

/** What a replay of one event came to; `failed` events are as they were. */
export interface Replayed {
  readonly id: string;
  readonly type: string;
  readonly outcome: InboxState | 'duplicate';
  /** What a handler threw. */
  readonly error?: unknown;
}

/** What an event came to. @internal */
export type Handled = Outcome | 'given_up';

/** Handles events. @internal */
export interface Handling {
  readonly report: OnError;
  handle(event: WebhookEvent, body: string, replayOf?: Delivery['replayOf']): Promise<Handled>;
}

/** Checks the options that say what happens to events, and makes what does it. @internal */
export function handling<Tx, Prepared>(options: WebhookOptions<Tx, Prepared>): Handling {
  read.known(options, ['inbox', 'prepare', 'on', 'onProcessed', 'onUnhandled', 'onError', 'secret', 'tolerance']);
  const { inbox, prepare, on, onProcessed, onUnhandled = tellUnhandled, onError } = options;
  const methods: (keyof Inbox<Tx>)[] = ['once', 'list', 'find', 'prune'];
  if (methods.some((name) => typeof (inbox as Partial<Inbox<Tx>> | undefined)?.[name] !== 'function')) {
    throw misconfigured('inbox', 'must be an inbox of faststar/inbox, which remembers what is done');
  }
  checkHandlers(on, inbox.synchronous === true);
  for (const [name, hook] of Object.entries({ prepare, onProcessed, onUnhandled })) read.callable(hook, name);
  const report = reporter(onError);

  /** Calls a hook after the commit: what it throws changes nothing. */
  const tell = async (hook: ((event: WebhookEvent) => unknown) | undefined, event: WebhookEvent): Promise<void> => {
    try {
      await hook?.(event);
    } catch (error) {
      await report(error, event);
    }
  };

  /** Makes the work of a transaction, with what had to wait before it. */
  const workOf = async (
    handlers: readonly Handler<Tx, Prepared>[],
    event: WebhookEvent,
  ): Promise<(tx: Tx) => unknown> => {
    try {
      const prepared = (await prepare?.(event)) as Prepared;
      return (tx) => inTurn(handlers, event, tx, prepared);
    } catch (error) {
      // So that the inbox keeps the failure.
      return () => {
        throw error;
      };
    }
  };

  return {
    report,
    async handle(event, body, replayOf) {
      const handlers = handlersOf(on, event.type);
      const delivery = { event, body, replayOf };
      if (handlers.length === 0) {
        const outcome = await inbox.once(delivery, undefined);
        if (outcome === 'unhandled' && replayOf?.state !== 'unhandled') await tell(onUnhandled, event);
        return outcome;
      }
      if (prepare !== undefined && replayOf === undefined) {
        // What is done needs no preparation.
        const known = await inbox.find(event.id);
        if (known?.state === 'processed' || known?.state === 'given_up') return 'duplicate';
      }
      try {
        const outcome = await inbox.once(delivery, await workOf(handlers, event));
        if (outcome === 'processed') await tell(onProcessed, event);
        return outcome;
      } catch (error) {
        if (!(error instanceof GiveUp)) throw error;
        await report(error, event);
        return 'given_up';
      }
    },
  };
}

/**
 * Runs events of an inbox again, oldest first, as if they had come now: those without a handler once there
 * is one, those that failed, or any others that the filter names.
 *
 * ```ts
 * await replay(events, { state: 'unhandled', since: new Date('2026-11-01') });
 * ```
 *
 * A failure does not stop it; `onError` is told, and the event's `outcome` is `failed`.
 *
 * @param events - The options of the route, `webhook(events)`.
 */
export async function replay<Tx, Prepared>(
  events: WebhookOptions<Tx, Prepared>,
  filter: ReplayFilter = {},
): Promise<Replayed[]> {
  read.known(filter, ['id', 'state', 'type', 'since', 'limit'], 'filter');
  const { handle, report } = handling(events);
  const { inbox } = events;
  const usual = { state: filter.id === undefined ? (['unhandled', 'failed'] as const) : undefined };
  const chosen = await inbox.list({ ...usual, ...filter });
  const replayed: Replayed[] = [];
  for (const { id, type, ...listed } of chosen) {
    const row = await inbox.find(id);
    if (row === undefined) continue;
    const event = webhooks.parse(row.body);
    try {
      replayed.push({ id, type, outcome: await handle(event, row.body, listed) });
    } catch (error) {
      await report(error, event);
      replayed.push({ id, type, outcome: 'failed', error });
    }
  }
  return replayed;
}

type Handler<Tx, Prepared> = (event: WebhookEvent, tx: Tx, prepared: Prepared) => unknown;

function checkHandlers(on: object, isSynchronous: boolean): void {
  // A misspelt type would never be called.
  read.known(on, [...native(eventTypes), '*'], 'on');
  for (const [type, handler] of Object.entries(on)) {
    read.callable(handler, `on['${type}']`);
    if (isSynchronous && Object.prototype.toString.call(handler) === '[object AsyncFunction]') {
      const message = 'must not be async with this inbox; do in prepare or onProcessed what has to wait';
      throw misconfigured(`on['${type}']`, message);
    }
  }
}

/** Gives the handlers of a type, in their order. */
function handlersOf<Tx, Prepared>(on: WebhookHandlers<Tx, Prepared>, type: string): Handler<Tx, Prepared>[] {
  const handlers = on as Record<string, Handler<Tx, Prepared> | undefined>;
  const ofType = type !== '*' && Object.hasOwn(on, type) ? handlers[type] : undefined;
  return [ofType, handlers['*']].filter((handler) => handler !== undefined);
}

/** Calls handlers one after the other, and waits only where one gives a promise. */
function inTurn<Tx, Prepared>(
  [first, ...others]: readonly Handler<Tx, Prepared>[],
  event: WebhookEvent,
  tx: Tx,
  prepared: Prepared,
): unknown {
  const result = first?.(event, tx, prepared);
  if (others.length === 0) return result;
  const next = (): unknown => inTurn(others, event, tx, prepared);
  return isPromise(result) ? result.then(next) : next();
}

/** Makes what tells of errors, and never throws. @internal */
export function reporter(onError: OnError = log): OnError {
  read.callable(onError, 'onError');
  return async (...what) => {
    try {
      await onError(...what);
    } catch (error) {
      console.error(error);
    }
  };
}

function log(error: unknown, event?: WebhookEvent): void {
  if (error instanceof GiveUp && event !== undefined) {
    console.error(`faststar: ${event.type} ${event.id} was given up: ${error.message}`);
  } else if (event !== undefined) console.error(`faststar: ${event.type} ${event.id} failed:`, error);
  else if (error instanceof SignatureVerificationError) {
    console.error(`faststar: refused a webhook: ${error.message} (${error.code})`);
  } else if (error instanceof FastStarError && error.code === 'invalid_configuration') {
    console.error(`faststar: ${error.message}`);
  } else console.error('faststar:', error);
}

function tellUnhandled({ type, id }: WebhookEvent): void {
  console.warn(
    `faststar: no handler takes ${type} ${id}; the inbox keeps it as unhandled. Add a handler and replay it, or ` +
      `say that nothing is to be done: '${type}': () => {}`,
  );
}
