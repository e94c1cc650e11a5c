/** What needs no server. */

import { invalid, native } from './errors.js';
import { parse, write } from './json.js';
import * as core from './native.js';
import * as read from './options.js';
import { freeze, INSPECT } from './results.js';
import type {
  CartParams,
  CreateSessionParams,
  Integer,
  MerchantKind,
  Price,
  Product,
  Quote,
  Rounding,
  TaxRate,
} from './types.js';

/**
 * Computes what a cart comes to, by the code that the sandbox prices with.
 *
 * The tax is an estimate from a bundled table of national and statewide standard rates, as of
 * `rates_as_of`: no local US tax, registrations, exemptions or B2B reverse charge. FastStar computes the
 * binding tax. Not tax advice. A place without a rate in the table is no error: its tax is 0 and
 * `rate_known` false.
 *
 * @throws {ValidationError} `param` names the place: `lines[0].unit_amount`.
 */
export function quote(cart: CartParams): Quote {
  const text = write(cart);
  return freeze(parse(native(() => core.quoteCart(text)))) as Quote;
}

/** What `quoteSession` needs besides the request. */
export interface QuoteSessionOptions {
  /** The products that the line items reference, and those of their prices. */
  readonly products?: readonly (Product | object)[] | undefined;
  /** The prices that the line items reference. */
  readonly prices?: readonly (Price | object)[] | undefined;
  readonly merchant?: MerchantKind | undefined;
  /** The currency of ad hoc amounts that name none; USD. */
  readonly defaultCurrency?: string | undefined;
  /** How the tax is rounded; `per_line_half_up`. */
  readonly rounding?: Rounding | undefined;
  /** The date whose rates hold, `2026-11-22`; today. */
  readonly on?: string | undefined;
}

/**
 * Computes what a session would come to; see `quote` for what the tax is.
 *
 * @throws {ValidationError} What the sandbox would refuse, with its code and path.
 * @throws {NotFoundError} A price or a product that is not among those given.
 */
export function quoteSession(
  request: CreateSessionParams | object,
  options: QuoteSessionOptions = {},
): Quote {
  read.known(options, ['products', 'prices', 'merchant', 'defaultCurrency', 'rounding', 'on']);
  const { products = [], prices = [], merchant, defaultCurrency, rounding, on } = options;
  const session = write(request);
  const catalog = `{"products":${write(products, 'products')},"prices":${write(prices, 'prices')}}`;
  const rest = write({ merchant, default_currency: defaultCurrency, rounding, on });
  return freeze(parse(native(() => core.quoteSession(session, catalog, rest)))) as Quote;
}

/** How `checkSession` checks. */
export interface CheckSessionOptions {
  /** What the merchant is, for the rules of a Merchant of Record. */
  readonly merchant?: MerchantKind | undefined;
  /** Checks as the sandbox does: unknown fields, ranges, forms. */
  readonly strict?: boolean | undefined;
}

/**
 * Checks a session's request as `checkout.sessions.create` does, and sends nothing.
 *
 * @param request - The request, or its JSON text.
 * @returns The request as it would be sent.
 * @throws {ValidationError} `param` names the place.
 */
export function checkSession(
  request: CreateSessionParams | object | string | Uint8Array,
  options: CheckSessionOptions = {},
): Record<string, unknown> {
  read.known(options, ['merchant', 'strict']);
  const merchant = read.text(options.merchant, 'merchant');
  const isText = typeof request === 'string' || ArrayBuffer.isView(request);
  const body = Buffer.from(isText ? (request as Uint8Array) : write(request));
  const text = native(() => core.checkSession(body, merchant, options.strict === true));
  return parse(text) as Record<string, unknown>;
}

/**
 * Looks a rate up in the bundled table; see `quote` for what such a rate is worth.
 *
 * @param place - `DE`, `US-CA`.
 * @param options - The category of what is sold, `standard` where it is left out, and the date on which
 * the rate holds, today where it is left out.
 * @throws {ValidationError} `tax_rate_unknown` where the table has none.
 */
export function taxRate(
  place: string,
  options: { readonly category?: string | undefined; readonly on?: string | undefined } = {},
): TaxRate {
  read.known(options, ['category', 'on']);
  const category = read.text(options.category, 'category');
  const on = read.text(options.on, 'on');
  requireText(place, 'place');
  return freeze(parse(native(() => core.taxRate(place, category, on)))) as TaxRate;
}

/**
 * Writes an amount with its currency's decimals, a point and no grouping, the same everywhere:
 * `formatMoney(1079, 'USD')` is `10.79 USD`. Show a buyer what `Intl.NumberFormat` makes of it.
 */
export function formatMoney(amount: Integer, currency: string): string {
  requireText(currency, 'currency');
  if (typeof amount !== 'bigint' && typeof amount !== 'number') {
    throw invalid('invalid_type', 'amount', `must be an integer in the smallest unit, not ${typeof amount}`);
  }
  if (typeof amount === 'number' && Number.isFinite(amount) && !Number.isInteger(amount)) {
    throw invalid('invalid_type', 'amount', 'must be an integer in the smallest unit: 1999 for 19.99 USD');
  }
  const exact = BigInt(write(amount, 'amount'));
  return native(() => core.formatMoney(exact, currency));
}

/** An amount in its currency's smallest unit. */
export interface Money {
  readonly amount: number;
  readonly currency: string;
}

/** Reads what `formatMoney` writes. An amount beyond `Number.MAX_SAFE_INTEGER` comes as a BigInt. */
export function parseMoney(text: string): Money {
  requireText(text, 'text');
  return freeze(parse(native(() => core.parseMoney(text)))) as Money;
}

/** A URL that is the cashier's. As a text, in `util.inspect` and in a copy it leaves out the session token. */
export class CashierUrl {
  readonly #url: string;
  /** The session's id, `cs_…`, where the path has one. */
  readonly sessionId: string | null;
  readonly #shown: string;

  /** @internal */
  constructor(url: string, sessionId: string | null, shown: string) {
    this.#url = url;
    this.sessionId = sessionId;
    this.#shown = shown;
    Object.freeze(this);
  }

  /** The whole URL. Keep it out of logs. */
  get url(): string {
    return this.#url;
  }

  toString(): string {
    return this.#shown;
  }

  /** @internal */
  [INSPECT](): string {
    return `CashierUrl(${this.#shown})`;
  }
}

/**
 * Checks that a URL is FastStar's cashier before it is opened.
 *
 * @param options - Further origins, such as a sandbox's `http://127.0.0.1:4250`.
 * @throws {ValidationError} `origin_not_allowed` or `invalid_url`.
 */
export function checkCashierUrl(
  url: string,
  options: { readonly allowOrigins?: readonly string[] | undefined } = {},
): CashierUrl {
  read.known(options, ['allowOrigins']);
  requireText(url, 'url');
  const origins = [...(options.allowOrigins ?? [])];
  for (const origin of origins) requireText(origin, 'allowOrigins');
  const checked = JSON.parse(native(() => core.checkCashierUrl(url, origins))) as {
    url: string;
    sessionId: string | null;
    shown: string;
  };
  return new CashierUrl(checked.url, checked.sessionId, checked.shown);
}

/**
 * Tells by the URL that a buyer came back to which way it went. For the screen alone: the webhook says
 * whether it was paid.
 */
export function returnOutcome(
  cameBackTo: string,
  urls: { readonly successUrl: string; readonly cancelUrl: string },
): 'success' | 'cancel' | 'other' {
  read.known(urls, ['successUrl', 'cancelUrl']);
  requireText(cameBackTo, 'cameBackTo');
  requireText(urls.successUrl, 'successUrl');
  requireText(urls.cancelUrl, 'cancelUrl');
  const outcome = native(() => core.returnOutcome(urls.successUrl, urls.cancelUrl, cameBackTo));
  return outcome as 'success' | 'cancel' | 'other';
}

function requireText(value: unknown, name: string): void {
  if (typeof value !== 'string') {
    throw invalid('invalid_type', name, `must be a string, not ${value === null ? 'null' : typeof value}`);
  }
}
