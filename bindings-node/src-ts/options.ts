/** Reads options: a misspelt one, or one of another type, is refused instead of passed over. */

import { type ConfigurationError, misconfigured } from './errors.js';

/** Refuses what is no object, and names that are not known. */
export function known(options: object, names: readonly string[], path = ''): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw misconfigured(path === '' ? 'options' : path, `must be an object with ${names.join(', ')}`);
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw misconfigured(at(path, name), `there is no such option; there are ${names.join(', ')}`);
    }
  }
}

/** Reads a text. */
export function text(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw wrong(name, 'a string', value);
  return value;
}

/** Reads a number of milliseconds. */
export function milliseconds(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw wrong(name, 'a number of milliseconds', value);
  return value;
}

/** Reads an integer from 0 up. */
export function count(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
    throw wrong(name, 'an integer from 0 up', value);
  }
  return value;
}

/** Reads a number of seconds that is an integer. */
export function seconds(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Number.isSafeInteger(value)) throw wrong(name, 'an integer of seconds', value);
  return value as number;
}

/** Reads a function. */
export function callable(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== 'function') throw wrong(name, 'a function', value);
}

/** Reads an `AbortSignal`. */
export function signal(value: unknown, name: string): AbortSignal | undefined {
  if (value === undefined || value === null) return undefined;
  const like = value as Partial<AbortSignal>;
  if (typeof like.addEventListener !== 'function' || typeof like.aborted !== 'boolean') {
    throw wrong(name, 'an AbortSignal', value);
  }
  return value as AbortSignal;
}

function wrong(name: string, what: string, value: unknown): ConfigurationError {
  const given = typeof value === 'number' ? value : typeof value;
  return misconfigured(name, `must be ${what}, not ${given}`);
}

function at(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
