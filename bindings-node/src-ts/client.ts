import { type Answered, call, theBridge } from './calls.js';
import { ConfigurationError, invalid, native } from './errors.js';
import { type Hooks, watched } from './hooks.js';
import { write } from './json.js';
import { List, Page, type PageAnswer } from './list.js';
import { Client } from './native.js';
import * as read from './options.js';
import { checkPayment, type OrderAmount, type PaymentCheck } from './payment_check.js';
import { freeze, result, withLargeIntegers } from './results.js';
import type { WebhookEvent } from './events.js';
import type {
  CreatedSession,
  CreatePriceParams,
  CreateProductParams,
  CreateSessionParams,
  ListParams,
  MerchantKind,
  Price,
  Product,
  Session,
  SessionId,
} from './types.js';
import { VERSION } from './version.js';

/** What a client is set up with. */
export interface FastStarOptions {
  /**
   * Where the API is; `FASTSTAR_BASE_URL`, or FastStar's own. It must be https, but for this machine
   * itself: a sandbox.
   */
  readonly baseUrl?: string | undefined;
  /** How many milliseconds a call may take, all its attempts and waits together; 30,000. */
  readonly timeout?: number | undefined;
  /**
   * How often a failed attempt is repeated where that may help; 2. The client holds a budget of twenty retries,
   * so that an outage is not made worse: a second gives one back, and so do five calls that succeed.
   * `maxRetries` given for one call wins over it.
   */
  readonly maxRetries?: number | undefined;
  /**
   * What the merchant is, so that a request which such a merchant must not send is refused before it is
   * sent: `direct` or `mor` (Merchant of Record).
   */
  readonly merchant?: MerchantKind | undefined;
  /** Functions to be called around each call. */
  readonly hooks?: Hooks | undefined;
}

/** Per-call overrides. */
export interface CallOptions {
  /** As for the client, for this call. For a list: for each page. */
  readonly timeout?: number | undefined;
  /** As for the client, for this call. */
  readonly maxRetries?: number | undefined;
  /** Aborts the call: its connection is closed, and it throws an `AbortError`. */
  readonly signal?: AbortSignal | undefined;
}

/** Per-call overrides of a call that creates something. */
export interface CreateOptions extends CallOptions {
  /**
   * Your own key, 1 to 255 visible ASCII characters, instead of a random one. An order number keeps an
   * order from being created twice even where the program was restarted in between.
   */
  readonly idempotencyKey?: string | undefined;
}

type Send = (operation: string, argument: string, options: CreateOptions) => Promise<Answered>;

const CALL = ['timeout', 'maxRetries', 'signal'];
const LIST = ['limit', 'cursor'];
const CREATE = ['idempotencyKey', ...CALL];

/**
 * Calls the API on behalf of one merchant.
 *
 * Make one for the process and use it everywhere; it keeps its connections open, and does not keep the
 * process alive.
 *
 * ```ts
 * const faststar = new FastStar(); // FASTSTAR_API_KEY
 * const created = await faststar.checkout.sessions.create({
 *   mode: 'payment',
 *   presentation: 'iframe',
 *   line_items: [{ price_id: 'price_xxx', quantity: 1 }],
 * });
 * ```
 */
export class FastStar {
  /** The calls about checkout sessions. */
  readonly checkout: Checkout;
  /** The calls about products and prices. */
  readonly catalog: Catalog;

  /**
   * @param apiKey - The key; the environment variable `FASTSTAR_API_KEY` where it is not given.
   * @throws {ConfigurationError} There is no key, or something given cannot work.
   */
  constructor(apiKey?: string, options: FastStarOptions = {}) {
    read.known(options, ['baseUrl', 'timeout', 'maxRetries', 'merchant', 'hooks']);
    const hooks = options.hooks ?? {};
    read.known(hooks, ['onRequest', 'onResponse'], 'hooks');
    read.callable(hooks.onRequest, 'hooks.onRequest');
    read.callable(hooks.onResponse, 'hooks.onResponse');
    const key = read.text(apiKey, 'apiKey') ?? keyOfTheEnvironment();
    const baseUrl = read.text(options.baseUrl, 'baseUrl') ?? environment('FASTSTAR_BASE_URL');
    const timeout = read.milliseconds(options.timeout, 'timeout');
    const maxRetries = read.count(options.maxRetries, 'maxRetries');
    const merchant = read.text(options.merchant, 'merchant');
    const client = native(
      () =>
        new Client(theBridge(), {
          apiKey: key,
          userAgent: `faststar-node/${VERSION} node/${process.versions.node}`,
          ...(baseUrl !== undefined && { baseUrl }),
          ...(timeout !== undefined && { timeout }),
          ...(maxRetries !== undefined && { maxRetries }),
          ...(merchant !== undefined && { merchant }),
        }),
    );
    const start: Send = async (operation, argument, options) => {
      const key = read.text(options.idempotencyKey, 'idempotencyKey');
      const timeout = read.milliseconds(options.timeout, 'timeout');
      const retries = read.count(options.maxRetries, 'maxRetries');
      const signal = read.signal(options.signal, 'signal');
      return call((id) => client.start(id, operation, argument, key, timeout, retries), signal);
    };
    const isWatched = hooks.onRequest !== undefined || hooks.onResponse !== undefined;
    const send: Send = isWatched
      ? (operation, ...rest) => watched(hooks, operation, () => start(operation, ...rest))
      : start;
    this.checkout = new Checkout(send);
    this.catalog = new Catalog(send);
  }
}

function environment(name: string): string | undefined {
  // An empty one counts as none, as for the core.
  return process.env[name] || undefined;
}

function keyOfTheEnvironment(): string {
  const name = 'FASTSTAR_API_KEY';
  const key = environment(name);
  if (key !== undefined) return key;
  throw new ConfigurationError(`${name}: set this environment variable to your API key, or pass the key`, {
    code: 'invalid_configuration',
    param: name,
  });
}

/** The calls about checkout sessions. */
export class Checkout {
  /** Creates and retrieves sessions. */
  readonly sessions: Sessions;

  /** @internal */
  constructor(send: Send) {
    this.sessions = new Sessions(send);
  }
}

/** Creates and retrieves checkout sessions. */
export class Sessions {
  readonly #send: Send;

  /** @internal */
  constructor(send: Send) {
    this.#send = send;
  }

  /**
   * Creates a session.
   *
   * ```ts
   * const created = await faststar.checkout.sessions.create(params);
   * res.json({ url: created.url }); // not res.json(created): JSON of it has no url
   * ```
   *
   * What cannot be meant is refused before anything is sent, with the code and the path that the server
   * would answer.
   *
   * @throws {ValidationError} The request is wrong; `param` names the place.
   * @throws {FastStarError} Any other of the package's errors.
   */
  async create(params: CreateSessionParams, options: CreateOptions = {}): Promise<CreatedSession> {
    return create(this.#send, 'checkout.sessions.create', params, options);
  }

  /**
   * Retrieves a session by its id, `cs_…`.
   *
   * Show the buyer what it says; fulfil on the webhook alone.
   *
   * @throws {NotFoundError} No session of this merchant has the id.
   */
  async retrieve<Id extends string>(id: SessionId<Id>, options: CallOptions = {}): Promise<Session> {
    read.known(options, CALL);
    if (typeof id !== 'string') throw invalid('invalid_type', 'id', `must be a string, not ${typeof id}`);
    return answered(await this.#send('checkout.sessions.retrieve', id, options));
  }

  /**
   * Judges whether a `payment.succeeded` settles an order, and reads its session anew where another
   * amount was paid; see `checkPayment`.
   *
   * ```ts
   * const check = await faststar.checkout.sessions.checkPayment(event, order);
   * if (check.isPaid) fulfil(order);
   * else setAside(order, check.message); // for a person; the webhook answers 200
   * ```
   *
   * @param event - A `payment.succeeded`.
   * @param order - What the order comes to before tax on top; `undefined` where there is no such order.
   * @param options - For the call that reads the session.
   * @returns The verdict; `session_needed` only where the payment names no session.
   * @throws {ValidationError} The event is not a `payment.succeeded`, or the amount is no integer.
   * @throws {FastStarError} The session could not be retrieved.
   */
  async checkPayment(
    event: WebhookEvent,
    order: OrderAmount | null | undefined,
    options: CallOptions = {},
  ): Promise<PaymentCheck> {
    read.known(options, CALL);
    const check = checkPayment(event, order);
    if (check.verdict !== 'session_needed' || check.sessionId === null) return check;
    return checkPayment(event, order, await this.retrieve(check.sessionId, options));
  }
}

/** The calls about products and prices. */
export class Catalog {
  /** Creates and lists products. */
  readonly products: Products;
  /** Creates and lists prices. */
  readonly prices: Prices;

  /** @internal */
  constructor(send: Send) {
    this.products = new Products(send);
    this.prices = new Prices(send);
  }
}

/** Creates and lists products. */
export class Products {
  readonly #send: Send;

  /** @internal */
  constructor(send: Send) {
    this.#send = send;
  }

  /** Creates a product. */
  async create(params: CreateProductParams, options: CreateOptions = {}): Promise<Product> {
    return create(this.#send, 'catalog.products.create', params, options);
  }

  /** Lists the products. */
  list(params: ListParams = {}, options: CallOptions = {}): List<Product> {
    return list(this.#send, 'catalog.products.list', params, options);
  }
}

/** Creates and lists prices. */
export class Prices {
  readonly #send: Send;

  /** @internal */
  constructor(send: Send) {
    this.#send = send;
  }

  /** Creates a price of a product. */
  async create(params: CreatePriceParams, options: CreateOptions = {}): Promise<Price> {
    return create(this.#send, 'catalog.prices.create', params, options);
  }

  /** Lists the prices. */
  list(params: ListParams = {}, options: CallOptions = {}): List<Price> {
    return list(this.#send, 'catalog.prices.list', params, options);
  }
}

async function create<T>(
  send: Send,
  operation: string,
  params: object,
  options: CreateOptions,
): Promise<T> {
  read.known(options, CREATE);
  return answered(await send(operation, write(params), options));
}

function answered<T>({ ok, data, request_id }: Answered): T {
  return result(withLargeIntegers(ok, data), request_id) as T;
}

function list<T>(
  send: Send,
  operation: string,
  params: ListParams,
  options: CallOptions,
): List<T> {
  const fetch = async (params: ListParams): Promise<Page<T>> => {
    read.known(params, LIST);
    read.known(options, CALL);
    const { ok, data, request_id } = await send(operation, write(params), options);
    const page = ok as PageAnswer<T>;
    freeze(withLargeIntegers(page.items, itemsOf(data)));
    return new Page(page, request_id, params, fetch);
  };
  return new List(() => fetch(params));
}

/** Finds the items in what a list answered: FastStar's pages do not say where they are. */
function itemsOf(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data;
  const { items, data: rows, products, prices } = data as Record<string, unknown>;
  return items ?? rows ?? products ?? prices;
}
