/// <reference lib="esnext.disposable" preserve="true" />
/** A real receiver of webhooks, for tests that have no server of their own. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { SignatureVerificationError } from '../errors.js';
import type { KnownEvent, WebhookEvent } from '../events.js';
import { webhooks } from '../webhooks.js';
import { ExpectationError } from './expectation.js';
import type { WebhookHeaders } from './records.js';

// A test may replace the global ones by a clock of its own.
const { clearTimeout, setTimeout } = globalThis;

/** A request that came to the receiver. */
export interface ReceivedWebhook {
  /** The raw body. */
  readonly body: Buffer;
  /** The headers, with the names in lower case. */
  readonly headers: Readonly<WebhookHeaders>;
  /** The event; `undefined` where the signature does not hold. */
  readonly event: WebhookEvent | undefined;
  /** Why it was refused; `undefined` where it was not. */
  readonly error: SignatureVerificationError | undefined;
}

/** How long to wait. */
export interface WaitOptions {
  /** In milliseconds; 10,000. */
  readonly timeout?: number | undefined;
}

/**
 * Listens on a free port of this machine, verifies what comes, and keeps it.
 *
 * It answers 200 to what is verified and 400 to what is not. It does not keep the process alive.
 */
export class WebhookReceiver {
  /** Where it listens. */
  readonly url: string;
  readonly #server: Server;
  readonly #secret: string;
  readonly #received: ReceivedWebhook[] = [];
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server, secret: string) {
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}/webhooks/faststar`;
    this.#server = server;
    this.#secret = secret;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const verified = this.#take(plain(request.headers), Buffer.concat(chunks));
        response.writeHead(verified ? 200 : 400, { 'content-length': 0 }).end();
      });
    });
  }

  /** Starts one that verifies with a secret. */
  static async start(secret: string): Promise<WebhookReceiver> {
    const server = createServer();
    server.on('connection', (socket) => socket.unref());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.unref();
    return new WebhookReceiver(server, secret);
  }

  /** Everything that came, in that order. */
  get received(): readonly ReceivedWebhook[] {
    return [...this.#received];
  }

  /** The verified events in the order they came, each as often as it came. */
  get events(): readonly WebhookEvent[] {
    return this.#received.flatMap(({ event }) => (event === undefined ? [] : [event]));
  }

  /**
   * Waits for the next event of a type, and gives it.
   *
   * Each call gives another one: the second call waits for the second event.
   *
   * @param type - The event's type: `payment.succeeded`.
   * @throws {ExpectationError} It did not come in time; the message says what came.
   */
  waitFor<T extends KnownEvent['type']>(
    type: T,
    options?: WaitOptions,
  ): Promise<Extract<KnownEvent, { readonly type: T }>>;
  /** Waits for an event of a type that this version does not know. */
  waitFor(type: string, options?: WaitOptions): Promise<WebhookEvent>;
  async waitFor(type: string, { timeout = 10_000 }: WaitOptions = {}): Promise<WebhookEvent> {
    const place = this.#taken.get(type) ?? 0;
    this.#taken.set(type, place + 1);
    const find = (): WebhookEvent | undefined => this.events.filter((event) => event.type === type)[place];
    const event = find() ?? (await this.#next(find, timeout));
    if (event !== undefined) return event;
    this.#taken.set(type, place);
    throw new ExpectationError(`no ${type} within ${timeout} ms; ${this.#summary()}`);
  }

  #next(find: () => WebhookEvent | undefined, timeout: number): Promise<WebhookEvent | undefined> {
    return new Promise((resolve) => {
      const end = (event: WebhookEvent | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(event);
      };
      const look = (): void => {
        const event = find();
        if (event !== undefined) end(event);
      };
      const timer = setTimeout(end, timeout, undefined);
      this.#waiting.add(look);
    });
  }

  #summary(): string {
    if (this.#received.length === 0) return 'nothing came';
    const told = this.#received.map(({ event, error }) => event?.type ?? `refused: ${error?.message}`);
    return `what came: ${told.join(', ')}`;
  }

  #take(headers: WebhookHeaders, body: Buffer): boolean {
    let event: WebhookEvent | undefined;
    let error: SignatureVerificationError | undefined;
    try {
      const eventId = headers[webhooks.idHeader];
      event = webhooks.verify(body, headers[webhooks.signatureHeader], this.#secret, { eventId });
    } catch (thrown) {
      if (!(thrown instanceof SignatureVerificationError)) throw thrown;
      error = thrown;
    }
    this.#received.push({ body, headers, event, error });
    for (const look of this.#waiting) look();
    return error === undefined;
  }

  /** Stops listening. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    // From Node 18.2 on.
    this.#server.closeAllConnections?.();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function plain(headers: IncomingMessage['headers']): WebhookHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : (value ?? '')]),
  );
}
