/**
 * What calls answer: plain objects that do not change, and that keep secrets out of what is printed or
 * copied.
 *
 * The secrets are no properties of the object itself. They are read by name through its prototype, so
 * that a copy (`structuredClone`, a spread, JSON) has none, and a printed copy shows none. The prototype
 * names no property but those of `Object.prototype`, which is what React asks of a plain object.
 */

import { withDigits } from './json.js';

/** What `util.inspect` asks for, without the module. */
export const INSPECT = Symbol.for('nodejs.util.inspect.custom');

type Inspect = (value: unknown, options: object) => string;
type Fields = Record<string, unknown>;

/** Freezes what was read from JSON, with all that is in it, and lets `JSON.stringify` write its BigInts. */
export function freeze<T>(value: T): T {
  return Object.freeze(freezeFields(value));
}

function freezeFields<T>(value: T): T {
  let isLarge = false;
  for (const key in value) {
    const item = value[key];
    if (typeof item === 'bigint') isLarge = true;
    // A result within a result is frozen already.
    if (typeof item === 'object' && item !== null && !Object.isFrozen(item)) freeze(item);
  }
  if (isLarge) Object.defineProperty(value, 'toJSON', { value: withDigits });
  return value;
}

/** Makes a result of an answer's data, with its request id. */
export function result(data: object, requestId: string | null): object {
  const { session } = data as { readonly session?: unknown };
  const isCreated = typeof session === 'object' && session !== null;
  const whole = isCreated ? { ...data, session: hide(session as Fields, {}) } : data;
  return hide(whole as Fields, { requestId: requestId ?? undefined });
}

/** Freezes an object without its secrets, which are then read by name alone, as `more` is. */
function hide(data: Fields, more: Fields): object {
  // The URL beside a token is the cashier's, and holds it.
  return hiding(data, 'session_token' in data ? ['session_token', 'url'] : [], more);
}

/** Freezes an object without the fields that are named, which are then read by name alone, as `more` is. */
export function hiding(data: Fields, secrets: readonly string[], more: Fields = {}): object {
  const entries = Object.entries(data);
  const hidden = { ...Object.fromEntries(entries.filter(([name]) => secrets.includes(name))), ...more };
  const object = freezeFields(Object.fromEntries(entries.filter(([name]) => !secrets.includes(name))));
  Object.setPrototypeOf(object, prototypeWith(Object.keys(hidden)));
  hiddenOf.set(object, hidden);
  return Object.freeze(object);
}

/** What each result hides. */
const hiddenOf = new WeakMap<object, Fields>();

/** Results that hide the same names share a prototype, so that they are equal where their fields are. */
const prototypes = new Map<string, object>();

function prototypeWith(names: readonly string[]): object {
  const key = names.join();
  let prototype = prototypes.get(key);
  if (prototype === undefined) {
    // Like the `Object.prototype` of another realm, which Node's `%s` and React know as one.
    const like = Object.create(null, Object.getOwnPropertyDescriptors(Object.prototype)) as object;
    prototype = new Proxy(like, {
      get(target, name, result: object) {
        const hidden = hiddenOf.get(result);
        if (hidden !== undefined && Object.hasOwn(hidden, name)) return hidden[name as string];
        return name === INSPECT ? inspected : Reflect.get(target, name, result);
      },
      has: (target, name) => names.includes(name as string) || name in target,
      set(_target, name) {
        throw new TypeError(`a result does not change: '${String(name)}' is read only`);
      },
      defineProperty: () => false,
      setPrototypeOf: () => false,
    });
    prototypes.set(key, prototype);
  }
  return prototype;
}

/** Writes what `util.inspect` shows of a result: that there is a secret, and where it leads. */
function inspected(this: object, _depth: number, options: object, inspect: Inspect): string {
  const { session_token, url } = hiddenOf.get(this) ?? {};
  const shown: Fields = { ...this };
  if (typeof url === 'string') shown['url'] = url.replace(/[?#].*$/s, '?[redacted]');
  if (session_token !== undefined) shown['session_token'] = '[redacted]';
  return inspect(shown, options);
}

/**
 * Puts integers that are beyond 64 bits, which the core rounds in fields that it does not know, back
 * from what came.
 */
export function withLargeIntegers<T>(read: T, came: unknown): T {
  if (typeof read === 'number' && typeof came === 'bigint') return came as T;
  if (typeof read !== 'object' || read === null || typeof came !== 'object' || came === null) return read;
  for (const key of Object.keys(read) as (keyof T)[]) {
    if (Object.hasOwn(came, key)) read[key] = withLargeIntegers(read[key], (came as T)[key]);
  }
  return read;
}
