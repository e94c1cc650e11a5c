/** Tells who listens what the client does. Nothing that they are told is a secret. */

import { AbortError, FastStarError } from './errors.js';

/** A call that is about to be made. */
export interface RequestInfo {
  /** Its name, such as `checkout.sessions.create`. */
  readonly operation: string;
}

/** A call that has ended, well or not. */
export interface ResponseInfo {
  readonly request: RequestInfo;
  /** The HTTP status of the last answer; `undefined` where none came. */
  readonly status: number | undefined;
  /** The answer's `X-Request-Id`. */
  readonly requestId: string | undefined;
  /** What it took in milliseconds, with its retries and waits. */
  readonly duration: number;
  /** How many attempts it made; `undefined` where it was aborted. */
  readonly attempts: number | undefined;
  /** What it threw. */
  readonly error: unknown;
}

/**
 * Functions that a client calls around each call, and waits for. What they throw costs no result: it goes to
 * `console.error`, and the call goes on.
 */
export interface Hooks {
  /** Is called before a call. */
  readonly onRequest?: ((request: RequestInfo) => unknown) | undefined;
  /** Is called after a call. */
  readonly onResponse?: ((response: ResponseInfo) => unknown) | undefined;
}

/** The part of an answer that hooks are told. */
interface Told {
  readonly request_id: string | null;
  readonly status: number;
  readonly attempts: number;
}

async function tell<T>(name: string, hook: ((info: T) => unknown) | undefined, info: T): Promise<void> {
  try {
    await hook?.(info);
  } catch (error) {
    console.error(`faststar: the hook ${name} failed, and the call goes on:`, error);
  }
}

/** Makes a call and tells of it. @internal */
export async function watched<T extends Told>(
  hooks: Hooks,
  operation: string,
  call: () => Promise<T>,
): Promise<T> {
  const request = Object.freeze({ operation });
  const started = performance.now();
  const end = async (answer: Told | undefined, error: unknown): Promise<void> => {
    const failed = error instanceof FastStarError ? error : undefined;
    await tell('onResponse', hooks.onResponse, {
      request,
      status: answer?.status ?? failed?.status,
      requestId: answer?.request_id ?? failed?.requestId,
      duration: performance.now() - started,
      attempts: answer?.attempts ?? (error instanceof AbortError ? undefined : failed?.attempts),
      error,
    });
  };
  await tell('onRequest', hooks.onRequest, request);
  let answer: T;
  try {
    answer = await call();
  } catch (error) {
    await end(undefined, error);
    throw error;
  }
  await end(answer, undefined);
  return answer;
}
