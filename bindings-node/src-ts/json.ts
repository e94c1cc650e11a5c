/**
 * JavaScript values to JSON text and back, without losing what `JSON` loses.
 *
 * `JSON.stringify` turns NaN into null and drops what it does not know; here such a value is refused
 * with the path of its place. `JSON.parse` rounds integers beyond 2^53; here they become BigInts.
 * Whether a field may hold a value of a type is for the core to say.
 */

import { invalid } from './errors.js';
import { MAX_DEPTH } from './native.js';

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** A value that JSON cannot hold, and where it stands, from the inside out. */
class Unfit {
  readonly path: (string | number)[] = [];

  constructor(
    readonly code: string,
    readonly message: string,
  ) {}

  where(root: string): string {
    let path = root;
    for (const segment of this.path.reverse()) {
      if (typeof segment === 'number') path += `[${segment}]`;
      else path += path === '' ? segment : `.${segment}`;
    }
    return path;
  }
}

/** How large an integer may be. */
export type Width = 'int64' | 'any';

/**
 * Writes a value as JSON text.
 *
 * Properties that are undefined are left out. An object may be of a class of the user's, and is asked
 * for its `toJSON` where it has one.
 *
 * @throws {ValidationError} With the path, which starts with `root`.
 */
export function write(value: unknown, root = '', width: Width = 'int64'): string {
  try {
    return text(value, 0, width);
  } catch (thrown) {
    if (!(thrown instanceof Unfit)) throw thrown;
    throw invalid(thrown.code, thrown.where(root), thrown.message);
  }
}

function text(value: unknown, depth: number, width: Width): string {
  switch (typeof value) {
    case 'string':
      return string(value);
    case 'number':
      return number(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return width === 'any' ? `${value}` : bigint(value);
    case 'object':
      if (value === null) return 'null';
      if (depth > MAX_DEPTH) {
        throw new Unfit('nesting_too_deep', `arrays and objects may nest ${MAX_DEPTH} deep, and not contain themselves`);
      }
      return Array.isArray(value) ? array(value, depth, width) : object(value, depth, width);
    default:
      throw new Unfit('invalid_type', `must not be ${typeof value === 'undefined' ? '' : 'a '}${typeof value}`);
  }
}

function string(value: string): string {
  if (/\p{Surrogate}/u.test(value)) {
    throw new Unfit('invalid_string', 'must be valid Unicode, without lone surrogates');
  }
  return JSON.stringify(value);
}

function number(value: number): string {
  if (Number.isSafeInteger(value)) return `${value}`;
  if (!Number.isFinite(value)) {
    throw new Unfit('invalid_value', `must be a number that JSON can hold, not ${value}`);
  }
  if (Number.isInteger(value)) {
    bigint(BigInt(value));
    const message = 'is beyond the integers that a number holds exactly; pass a BigInt';
    throw new Unfit('out_of_range', message);
  }
  return `${value}`;
}

function bigint(value: bigint): string {
  if (value > INT64_MAX) {
    throw new Unfit('out_of_range', `must be at most ${INT64_MAX}, the maximum of 64 bits`);
  }
  if (value < INT64_MIN) {
    throw new Unfit('out_of_range', `must be at least ${INT64_MIN}, the minimum of 64 bits`);
  }
  return value.toString();
}

function array(value: readonly unknown[], depth: number, width: Width): string {
  let out = '[';
  for (let index = 0; index < value.length; index += 1) {
    if (index > 0) out += ',';
    try {
      out += text(value[index], depth + 1, width);
    } catch (thrown) {
      throw within(thrown, index);
    }
  }
  return `${out}]`;
}

function object(value: object, depth: number, width: Width): string {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag !== 'Object') throw new Unfit('invalid_type', `must be a plain object, not a ${tag}${hint(tag)}`);
  // Ours is for `JSON.stringify`, which has no form for a BigInt.
  if ('toJSON' in value && typeof value.toJSON === 'function' && value.toJSON !== withDigits) {
    return text(value.toJSON(), depth + 1, width);
  }
  let out = '{';
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    if (item === undefined) continue;
    out += `${out === '{' ? '' : ','}${string(key)}:`;
    try {
      out += text(item, depth + 1, width);
    } catch (thrown) {
      throw within(thrown, key);
    }
  }
  return `${out}}`;
}

function within(thrown: unknown, segment: string | number): unknown {
  if (thrown instanceof Unfit) thrown.path.push(segment);
  return thrown;
}

function hint(tag: string): string {
  switch (tag) {
    case 'Date':
      return '; write it as a string, such as 2026-11-22';
    case 'URL':
      return '; pass its href';
    case 'Map':
      return '; pass Object.fromEntries(map)';
    case 'Set':
      return '; pass [...set]';
    case 'Promise':
      return '; await it first';
    default:
      return '';
  }
}

/**
 * Gives what `JSON.stringify` writes of an object or array that holds a BigInt: the BigInt as a text with
 * all its digits. It is the `toJSON` of such objects.
 *
 * A text, since `JSON.parse` would round a number, and since Node 18 and 20 have no other way.
 */
export function withDigits(this: object): object {
  const shown = (item: unknown): unknown => (typeof item === 'bigint' ? `${item}` : item);
  if (Array.isArray(this)) return this.map(shown);
  return Object.fromEntries(Object.entries(this).map(([key, item]) => [key, shown(item)]));
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Tells whether a text has 16 digits in a row, of which one stands at each 16th place: quick, since few do. */
function mayBeLarge(json: string): boolean {
  for (let place = 15; place < json.length; place += 16) {
    if (!isDigit(json, place)) continue;
    let [start, end] = [place, place];
    while (isDigit(json, start - 1)) start -= 1;
    while (isDigit(json, end + 1)) end += 1;
    if (end - start >= 15) return true;
  }
  return false;
}

function isDigit(text: string, place: number): boolean {
  const code = text.charCodeAt(place);
  return code >= 48 && code <= 57;
}

/** Reads JSON text; an integer that a number does not hold exactly becomes a BigInt. */
export function parse(json: string): unknown {
  if (!mayBeLarge(json)) return JSON.parse(json);
  // No text of another's can start with it: it is new for each call.
  const mark = `${Math.random()}n`;
  const marked = json.replace(TOKEN, (token) =>
    /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${mark}${token}"` : token,
  );
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}
