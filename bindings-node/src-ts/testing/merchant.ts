/// <reference lib="esnext.disposable" preserve="true" />
/** A merchant of a sandbox, and the verbs of a test. */

import { FastStar } from '../client.js';
import type { KnownEvent } from '../events.js';
import * as read from '../options.js';
import type { CreatedSession, Session } from '../types.js';
import { Control, SandboxError, send } from './control.js';
import { ExpectationError } from './expectation.js';
import { type Listed, SentEvent, type WebhookHeaders } from './records.js';
import { WebhookReceiver } from './webhooks.js';

/** A session, what creating one gave, or its id. */
export type AnySession = Session | CreatedSession | string;
/** Takes a webhook's body and headers, and gives the receiver's answer: a status, or an object with one. */
export type Receiver = (body: Buffer, headers: WebhookHeaders) => unknown;
/** Counts the effects in your shop. */
export type Count = () => number | Promise<number>;

/** How a buyer pays. */
export interface CompleteOptions {
  /** `success`, `declined`, `authentication`, or a test card's number; `success`. */
  readonly card?: string | undefined;
  /** How the bank's check ended, where it asked for one. */
  readonly authentication?: 'approved' | 'failed' | undefined;
}

/** A time that passes; the parts add up. */
export interface Duration {
  readonly days?: number | undefined;
  readonly hours?: number | undefined;
  readonly minutes?: number | undefined;
  readonly seconds?: number | undefined;
}

/** What goes wrong with the next webhooks. */
export interface Faults {
  /** How many accepted webhooks are followed by the same event once more. */
  readonly duplicate?: number | undefined;
  /** How many events are kept until the last of them is there, and then sent in reverse. */
  readonly reorder?: number | undefined;
  /** How many webhooks have a signature that does not match. */
  readonly corruptSignature?: number | undefined;
  /** How many webhooks never reach the receiver. */
  readonly drop?: number | undefined;
  /** How many reach the receiver, and count as failed since its answer is lost. */
  readonly dropAnswer?: number | undefined;
  /** How many milliseconds the next event waits, by the merchant's clock. */
  readonly delay?: number | undefined;
}

/** Which webhooks are handed to a function. */
export interface ReplayOptions {
  /** Only events of this type. */
  readonly type?: KnownEvent['type'] | undefined;
  /** Whether the signatures match nothing. */
  readonly corruptSignature?: boolean | undefined;
}

/** What is sent again and again. */
export interface ProcessedOnceOptions {
  /** Takes the webhook instead of the servers; see `Merchant.replay`. */
  readonly to?: Receiver | undefined;
  /** Which event; `payment.succeeded`. */
  readonly type?: KnownEvent['type'] | undefined;
  /** How often it is sent, one after the other; 3. */
  readonly times?: number | undefined;
  /**
   * How often it is sent at the same time before that, which finds races in a shop that does not know the
   * event yet: give `to`, or call `deliverTo` after `complete`. 1, which is not at all.
   */
  readonly atOnce?: number | undefined;
}

/** A merchant as the sandbox makes one. @internal */
export interface Made {
  readonly merchant_id: string;
  readonly kind: 'direct' | 'mor';
  readonly api_key: string;
  readonly webhook_secret: string;
}

/** The card was declined, or the bank asks. */
const PAYMENT_REQUIRED = 402;

/**
 * A merchant of its own in a sandbox.
 *
 * What the verbs cause is there when their promises are kept: they wait until the webhooks that are due
 * have been attempted. So a test needs no sleep.
 */
export class Merchant {
  /** The merchant's id. */
  readonly id: string;
  readonly kind: 'direct' | 'mor';
  /** What `FASTSTAR_BASE_URL` takes. */
  readonly baseUrl: string;
  // Not as properties, which a runner's diff would print.
  readonly #apiKey: string;
  readonly #webhookSecret: string;
  readonly #control: Control;
  readonly #endpoints = new Map<string, string>();
  #client: FastStar | undefined;
  #receiver: Promise<WebhookReceiver> | undefined;
  #own: string | undefined;

  /** @internal */
  constructor(sandboxUrl: string, made: Made) {
    this.id = made.merchant_id;
    this.kind = made.kind;
    this.baseUrl = `${sandboxUrl}/api/v1`;
    this.#apiKey = made.api_key;
    this.#webhookSecret = made.webhook_secret;
    this.#control = new Control(sandboxUrl, made.api_key);
  }

  /** Its API key. */
  get apiKey(): string {
    return this.#apiKey;
  }

  /** Signs its webhooks. */
  get webhookSecret(): string {
    return this.#webhookSecret;
  }

  /** The environment of a program that sells as this merchant. */
  get env(): { FASTSTAR_API_KEY: string; FASTSTAR_BASE_URL: string; FASTSTAR_WEBHOOK_SECRET: string } {
    return {
      FASTSTAR_API_KEY: this.#apiKey,
      FASTSTAR_BASE_URL: this.baseUrl,
      FASTSTAR_WEBHOOK_SECRET: this.#webhookSecret,
    };
  }

  /** A client of this merchant. */
  get client(): FastStar {
    return (this.#client ??= new FastStar(this.#apiKey, { baseUrl: this.baseUrl, merchant: this.kind }));
  }

  // The buyer and the time.

  /**
   * Plays the buyer, and gives the session as it is then.
   *
   * A declined card and a bank that asks for authentication are no errors: the session stays `open`.
   *
   * @throws {SandboxError} It is complete or expired already, or the card is no test card.
   */
  async complete(session: AnySession, options: CompleteOptions = {}): Promise<Session> {
    read.known(options, ['card', 'authentication']);
    const { card = 'success', authentication } = options;
    try {
      await this.#control.post(`/sessions/${pathOf(session)}/complete`, { card, authentication });
    } catch (error) {
      if (!(error instanceof SandboxError) || error.status !== PAYMENT_REQUIRED) throw error;
    }
    await this.#settle();
    return this.client.checkout.sessions.retrieve(idOf(session));
  }

  /**
   * Expires a session, and gives it as it is then.
   *
   * @throws {SandboxError} It is complete or expired already.
   */
  async expire(session: AnySession): Promise<Session> {
    await this.#control.post(`/sessions/${pathOf(session)}/expire`);
    return this.client.checkout.sessions.retrieve(idOf(session));
  }

  /**
   * Moves this merchant's clock forward, and gives its time then.
   *
   * Sessions expire by it, and webhooks that failed become due again.
   */
  async advance(by: Duration): Promise<Date> {
    read.known(by, ['days', 'hours', 'minutes', 'seconds']);
    const { days = 0, hours = 0, minutes = 0, seconds = 0 } = by;
    const all = Math.floor(((days * 24 + hours) * 60 + minutes) * 60 + seconds);
    const { now } = (await this.#control.post('/clock/advance', { by: `${all}s` })) as { now: string };
    await this.#settle();
    return new Date(now);
  }

  // Webhooks.

  /**
   * Sends the events from now on to a running server, besides where they go already.
   *
   * @param url - The webhook route of the shop under test. It verifies with `webhookSecret`.
   */
  async deliverTo(url: string | URL): Promise<void> {
    const made = (await this.#control.post('/webhook_endpoints', { url: String(url) })) as { id: string };
    this.#endpoints.set(made.id, String(url));
  }

  /** Gives a receiver of this merchant's webhooks; it also has those from before its first use. */
  webhooks(): Promise<WebhookReceiver> {
    return (this.#receiver ??= this.#receive());
  }

  async #receive(): Promise<WebhookReceiver> {
    const receiver = await WebhookReceiver.start(this.#webhookSecret);
    this.#own = receiver.url;
    await this.deliverTo(receiver.url);
    for (const sent of await this.events()) {
      const isOnItsWay = sent.deliveries.some(({ url }) => url === receiver.url);
      if (!isOnItsWay) await this.#post(receiver.url, sent);
    }
    return receiver;
  }

  /**
   * Sends what waits, and lets webhooks go wrong from here on; gives the events.
   *
   * `deliver({ drop: 1 })` before a payment loses its webhook, and `deliver()` after it sends what was
   * lost. Each fault is used up once it has happened; the next call forgets the rest.
   */
  async deliver(faults: Faults = {}): Promise<SentEvent[]> {
    read.known(faults, ['duplicate', 'reorder', 'corruptSignature', 'drop', 'dropAnswer', 'delay']);
    await this.#control.post('/faults', {
      duplicate: faults.duplicate ?? 0,
      reorder: faults.reorder ?? 0,
      corrupt_signature: faults.corruptSignature ?? 0,
      drop: faults.drop ?? 0,
      drop_answer: faults.dropAnswer ?? 0,
      delay_ms: faults.delay ?? 0,
    });
    for (const { id } of await this.#list('&state=pending')) {
      await this.#control.post(`/events/${id}/resend`);
    }
    await this.#settle();
    return this.events();
  }

  /** Lists the merchant's events and what came of them, the oldest first. */
  events(): Promise<SentEvent[]> {
    return this.#list();
  }

  /**
   * Hands the webhooks so far to a function, and gives its answers. No server is needed.
   *
   * With supertest, `inject` of Fastify or a route of the fetch standard:
   *
   * ```ts
   * const receive = (body, headers) => request(app).post('/webhooks/faststar').set(headers).send(String(body));
   * const receive = (payload, headers) => app.inject({ method: 'POST', url: '/webhooks/faststar', headers, payload });
   * const receive = (body, headers) => POST(new Request('http://shop.test/', { method: 'POST', headers, body }));
   *
   * await merchant.replay(receive);
   * ```
   */
  async replay(to: Receiver, options: ReplayOptions = {}): Promise<unknown[]> {
    read.known(options, ['type', 'corruptSignature']);
    const { type, corruptSignature = false } = options;
    const secret = corruptSignature ? 'whsec_of_another' : this.#webhookSecret;
    const answers: unknown[] = [];
    for (const sent of await this.events()) {
      if (type === undefined || sent.type === type) {
        answers.push(await to(sent.body, sent.headers(secret)));
      }
    }
    return answers;
  }

  /**
   * Sends an event again and again, and expects that it took effect exactly once.
   *
   * It is the last event of the type, and goes to each `deliverTo` or to a function:
   *
   * ```ts
   * await merchant.expectProcessedOnce(() => countOrders({ paid: true }));
   * ```
   *
   * @throws {ExpectationError} It took effect never or more than once.
   */
  async expectProcessedOnce(count: Count, options: ProcessedOnceOptions = {}): Promise<void> {
    read.known(options, ['to', 'type', 'times', 'atOnce']);
    const { to, type = 'payment.succeeded' } = options;
    const times = read.count(options.times, 'times') ?? 3;
    const atOnce = read.count(options.atOnce, 'atOnce') ?? 1;
    const sent = (await this.events()).reverse().find((event) => event.type === type);
    if (sent === undefined) throw new ExpectationError(`there is no ${type} yet; complete a session first`);
    const posts = this.#posts(sent, to);
    const answers: unknown[] = [];
    // First, since a shop that knows the event already has no race to lose.
    if (atOnce > 1) {
      const all = posts.flatMap((post) => Array.from({ length: atOnce }, post));
      // One that failed is told of, and does not hide what the others did.
      answers.push(...(await Promise.all(all.map((answer) => answer.catch((error: unknown) => error)))));
      expectAtMostOne(await count(), sent, `${atOnce} deliveries at once`);
    }
    for (let n = 1; n <= times; n += 1) {
      for (const post of posts) answers.push(await post());
      expectAtMostOne(await count(), sent, `${n} deliveries`);
    }
    if ((await count()) === 0) {
      const answered = answers.map(statusOf).join(', ');
      throw new ExpectationError(`${type} ${sent.id} took no effect; the receiver answered ${answered}`);
    }
  }

  #posts(sent: SentEvent, to: Receiver | undefined): (() => Promise<unknown>)[] {
    if (to !== undefined) return [async () => to(sent.body, sent.headers(this.#webhookSecret))];
    const urls = [...this.#endpoints.values()].filter((url) => url !== this.#own);
    if (urls.length === 0) {
      throw new ExpectationError('nothing receives: call deliverTo(url) first, or give a function as to');
    }
    return urls.map((url) => () => this.#post(url, sent));
  }

  async #post(url: string, sent: SentEvent): Promise<number> {
    return (await send('POST', url, sent.headers(this.#webhookSecret), sent.body)).status;
  }

  async #list(query = ''): Promise<SentEvent[]> {
    const listed: Listed[] = [];
    for (let cursor = ''; ; ) {
      const page = (await this.#control.get(`/events?limit=100${query}${cursor}`)) as EventPage;
      listed.push(...page.items);
      if (page.next_cursor === null) return listed.reverse().map((each) => new SentEvent(each));
      cursor = `&cursor=${page.next_cursor}`;
    }
  }

  async #settle(): Promise<void> {
    await this.#control.post('/deliver?limit=1');
  }

  /** Ends the receiver, and sends nothing more. */
  async close(): Promise<void> {
    const receiver = await this.#receiver;
    this.#receiver = undefined;
    for (const id of [...this.#endpoints.keys()]) {
      this.#endpoints.delete(id);
      try {
        await this.#control.delete(`/webhook_endpoints/${id}`);
      } catch (error) {
        // Where the sandbox has ended already, nothing is sent anyway.
        if (error instanceof SandboxError) throw error;
      }
    }
    await receiver?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

interface EventPage {
  readonly items: readonly Listed[];
  readonly next_cursor: string | null;
}

function idOf(session: AnySession): string {
  if (typeof session === 'string') return session;
  return 'session' in session ? session.session.id : session.id;
}

function pathOf(session: AnySession): string {
  return encodeURIComponent(idOf(session));
}

function expectAtMostOne(effects: number, sent: SentEvent, after: string): void {
  if (effects <= 1) return;
  throw new ExpectationError(
    `${sent.type} ${sent.id} took effect ${effects} times after ${after}; keep the event's id in the ` +
      'transaction of the effect, under a unique constraint',
  );
}

/** Tells an answer's status: a number, or what fetch, supertest and Fastify give. */
function statusOf(answer: unknown): string {
  const like = answer as { readonly status?: unknown; readonly statusCode?: unknown } | null | undefined;
  return String(like?.status ?? like?.statusCode ?? answer);
}
