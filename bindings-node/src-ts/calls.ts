/** Calls under way: each has a number, under which the native half tells what it came to. */

import { AbortError, fromTold, native, type Told } from './errors.js';
import { parse } from './json.js';
import { Bridge } from './native.js';

/** What a call came to. */
export interface Answered {
  readonly ok: object;
  /** What came, where `ok` may have rounded an integer of it. */
  readonly data?: unknown;
  readonly request_id: string | null;
  readonly status: number;
  readonly attempts: number;
}

/** One per event loop: a worker loads this module anew. */
let bridge: Bridge | undefined;
const waiting = new Map<number, (text: string | undefined) => void>();
let last = 0;

/** Gives the way back to this event loop. */
export function theBridge(): Bridge {
  return (bridge ??= new Bridge((ids: number[], texts: string[]) => {
    for (let index = 0; index < ids.length; index += 1) {
      settle(ids[index] as number, texts[index]);
    }
  }));
}

/** Ends a wait; the event loop may end with the last one. */
function settle(id: number, text: string | undefined): void {
  const resolve = waiting.get(id);
  // One that was given up has ended before.
  if (resolve === undefined) return;
  waiting.delete(id);
  if (waiting.size === 0) theBridge().release();
  resolve(text);
}

/**
 * Starts a call and waits for what it comes to.
 *
 * It throws only within the caller's own continuation, so that a stack shows who called.
 */
export async function call(
  start: (id: number) => string | null,
  signal: AbortSignal | undefined,
): Promise<Answered> {
  if (signal?.aborted) throw aborted(signal);
  do last = (last + 1) % 2 ** 32;
  while (waiting.has(last));
  const id = last;
  const key = native(() => start(id));
  const wait = new Promise<string | undefined>((resolve) => waiting.set(id, resolve));
  if (waiting.size === 1) theBridge().hold();
  const text = signal === undefined ? await wait : await abortable(wait, id, signal);
  if (text === undefined) throw aborted(signal as AbortSignal, key);
  const answer = parse(text) as Answered | { readonly error: Told };
  if ('error' in answer) throw fromTold(answer.error);
  return answer;
}

/** The calls that a signal aborts. One listener is for all, since Node warns where there are many. */
interface Abortable {
  readonly ids: Set<number>;
  readonly giveUp: () => void;
}

const abortables = new WeakMap<AbortSignal, Abortable>();

async function abortable<T>(wait: Promise<T>, id: number, signal: AbortSignal): Promise<T> {
  const { ids, giveUp } = abortables.get(signal) ?? listen(signal);
  ids.add(id);
  try {
    return await wait;
  } finally {
    ids.delete(id);
    if (ids.size === 0) {
      abortables.delete(signal);
      signal.removeEventListener('abort', giveUp);
    }
  }
}

function listen(signal: AbortSignal): Abortable {
  const ids = new Set<number>();
  const giveUp = (): void => {
    for (const id of ids) {
      theBridge().cancel(id);
      settle(id, undefined);
    }
  };
  const made = { ids, giveUp };
  abortables.set(signal, made);
  signal.addEventListener('abort', giveUp, { once: true });
  return made;
}

/** Makes the error of a call that was given up; `key` is what it sent, where it may have taken effect. */
function aborted(signal: AbortSignal, key: string | null = null): AbortError {
  return new AbortError('the call was aborted by its signal', {
    code: 'aborted',
    idempotencyKey: key ?? undefined,
    outcomeUnknown: key !== null,
    cause: signal.reason,
  });
}
