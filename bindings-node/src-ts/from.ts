/** Makes results and events from plain objects: for tests that need no sandbox, and for stored ones. */

import { native } from './errors.js';
import { parse, write } from './json.js';
import { parseEvent, readResult } from './native.js';
import { freeze, result, withLargeIntegers } from './results.js';
import type * as events from './events.js';
import type * as types from './types.js';

/** The fields of a result: those that it cannot lack, and any of the others. */
export type FieldsOf<Result, Required extends keyof Result> = Pick<Result, Required> & Partial<Result>;

/** The fields of an event. */
export interface EventFields<Type, Data> {
  readonly id: string;
  readonly type: Type;
  readonly data: Data;
  readonly created?: number;
  readonly livemode?: boolean;
  readonly api_version?: string;
}

export type Session = types.Session;
/** Makes sessions of plain objects. */
export const Session = {
  /**
   * Makes a session as a call answers it: frozen, and with its token hidden.
   *
   * ```ts
   * const session = Session.from({ id: 'cs_1', status: 'complete', amount_total: 1079 });
   * ```
   *
   * @param fields - The fields on the wire, and `requestId`. An amount that is left out is 0.
   * @throws {ValidationError} A field is missing or of another type; `param` names the place.
   */
  from: (fields: FieldsOf<types.Session, 'id' | 'status'>): types.Session => made('Session', fields),
};

export type CreatedSession = types.CreatedSession;
/** Makes the answers to a session's creation of plain objects. */
export const CreatedSession = {
  /**
   * Makes what `checkout.sessions.create` answers; see `Session.from`.
   *
   * @throws {ValidationError} A field is missing or of another type; `param` names the place.
   */
  from: (
    fields: FieldsOf<Omit<types.CreatedSession, 'session'>, 'url'> & {
      readonly session: FieldsOf<types.Session, 'id' | 'status'>;
    },
  ): types.CreatedSession => made('CreatedSession', fields),
};

export type Product = types.Product;
/** Makes products of plain objects. */
export const Product = {
  /**
   * Makes a product as a call answers it; see `Session.from`.
   *
   * @throws {ValidationError} A field is missing or of another type; `param` names the place.
   */
  from: (fields: FieldsOf<types.Product, 'id'>): types.Product => made('Product', fields),
};

export type Price = types.Price;
/** Makes prices of plain objects. */
export const Price = {
  /**
   * Makes a price as a call answers it; see `Session.from`.
   *
   * @throws {ValidationError} A field is missing or of another type; `param` names the place.
   */
  from: (
    fields: FieldsOf<types.Price, 'id' | 'product_id' | 'currency' | 'unit_amount'>,
  ): types.Price => made('Price', fields),
};

export type WebhookEvent = events.WebhookEvent;
/** Makes events of plain objects. */
export const WebhookEvent = {
  /**
   * Makes an event as `webhooks.verify` gives it.
   *
   * ```ts
   * await fulfill(WebhookEvent.from({ id: 'evt_1', type: 'invoice.paid', data: { invoice_id: 'in_1' } }));
   * ```
   *
   * @throws {ValidationError} A field is missing or of another type.
   */
  from<Type extends events.KnownEvent['type']>(
    fields: EventFields<Type, Extract<events.KnownEvent, { type: Type }>['data']>,
  ): Extract<events.KnownEvent, { type: Type }> {
    const body = Buffer.from(write(fields, '', 'any'));
    return freeze(parse(native(() => parseEvent(body)))) as Extract<events.KnownEvent, { type: Type }>;
  },
};

function made<Result>(kind: string, { requestId, ...fields }: { readonly requestId?: string }): Result {
  const json = write(fields, '', 'any');
  const read = parse(native(() => readResult(kind, json))) as object;
  return result(withLargeIntegers(read, parse(json)), requestId ?? null) as Result;
}
