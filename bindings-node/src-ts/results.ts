/** What calls answer: plain objects that do not change, and whose secrets are not printed. */

/** What `util.inspect` asks for, without the module. */
export const INSPECT = Symbol.for('nodejs.util.inspect.custom');

type Inspect = (value: unknown, options: object) => string;

/** Freezes what was read from JSON, with all that is in it. */
export function freeze<T>(value: T): T {
  for (const key in value) {
    const item = value[key];
    if (typeof item === 'object' && item !== null) freeze(item);
  }
  return Object.freeze(value);
}

/** Makes a result of an answer's data: with its request id, and with what `inspect` shows of it. */
export function result(data: object, requestId: string | null): object {
  if ('session' in data && typeof data.session === 'object' && data.session !== null) {
    Object.defineProperty(data.session, INSPECT, hidden);
  }
  if ('session_token' in data) Object.defineProperty(data, INSPECT, hidden);
  Object.defineProperty(data, 'requestId', { value: requestId ?? undefined });
  return freeze(data);
}

const hidden = {
  value(this: object, _depth: number, options: object, inspect: Inspect): string {
    const shown: Record<string, unknown> = { ...this };
    if ('session_token' in shown) shown['session_token'] = '[redacted]';
    if (typeof shown['url'] === 'string') shown['url'] = shown['url'].replace(/[?#].*$/s, '?[redacted]');
    return inspect(shown, options);
  },
};
