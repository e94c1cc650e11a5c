/** The calls that only a sandbox has. */

import { request } from 'node:http';

import { FastStarError } from '../errors.js';
import { parse } from '../json.js';

/** The sandbox refused what a test asked of it. */
export class SandboxError extends FastStarError {
  declare readonly name: 'SandboxError';
}
Object.defineProperty(SandboxError.prototype, 'name', {
  value: 'SandboxError',
  configurable: true,
  writable: true,
});

interface Envelope {
  readonly message: string;
  readonly data: unknown;
  readonly error?: { readonly code: string; readonly param: string | null } | null;
}

/** The sandbox itself waits up to 25 seconds for deliveries. */
const TIMEOUT = 60_000;

/** Speaks to a sandbox for one merchant. @internal */
export class Control {
  readonly #url: string;
  readonly #apiKey: string;

  constructor(url: string, apiKey: string) {
    this.#url = url;
    this.#apiKey = apiKey;
  }

  /** Gives the `data` of an answer. */
  get(path: string): Promise<unknown> {
    return this.#call('GET', path);
  }

  /** Posts and gives the `data` of the answer. */
  post(path: string, body: object = {}): Promise<unknown> {
    return this.#call('POST', path, Buffer.from(JSON.stringify(body)));
  }

  /** Deletes what is at a path. */
  async delete(path: string): Promise<void> {
    await this.#call('DELETE', path);
  }

  async #call(method: string, path: string, body?: Buffer): Promise<unknown> {
    const headers = { 'x-api-key': this.#apiKey, 'content-type': 'application/json' };
    const answer = await send(method, `${this.#url}/sandbox/v1${path}`, headers, body);
    const { data, error, message } = parse(answer.body.toString()) as Envelope;
    if (answer.status < 300) return data;
    throw new SandboxError(message, {
      code: error?.code,
      param: error?.param ?? undefined,
      status: answer.status,
    });
  }
}

/**
 * Sends a request and gives the answer's status and body, whatever the status is.
 *
 * Not by `fetch`, which tests like to replace, and on a connection of its own, which ends with it. @internal
 */
export function send(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer = Buffer.alloc(0),
): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const length = { 'content-length': String(body.length) };
    const options = { method, headers: { ...headers, ...length }, agent: false, timeout: TIMEOUT } as const;
    const sent = request(url, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer from ${new URL(url).origin} in time`)));
    sent.on('error', reject);
    sent.end(body);
  });
}
