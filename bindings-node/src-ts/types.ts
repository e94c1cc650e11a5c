/**
 * What calls are given and what they answer. The fields have the wire's names.
 *
 * Amounts are integers in the currency's smallest unit: 999 is 9.99 USD. What you write is one of the
 * texts that a type lists. What comes back may be another one, since FastStar may know more than this
 * version.
 */

/** An integer: a number up to `Number.MAX_SAFE_INTEGER`, or a BigInt of 64 bits. */
export type Integer = number | bigint;

/** Any other text, apart from those that a type lists. It exists for the compiler alone. */
export declare enum OtherText {
  Other = '',
}

/**
 * A text that FastStar answers: one that this version knows, or another one.
 *
 * Comparing it with a misspelt text does not compile. Take it as a string to compare it with one that this
 * version does not know: `const status: string = session.status`.
 */
export type OpenEnum<Known extends string> = Known | OtherText;

/** What a session is for. */
export type Mode = 'payment' | 'subscription' | 'setup';
/** How the buyer sees the cashier: an overlay, or a redirect of the whole page. */
export type Presentation = 'iframe' | 'link';
/** Where a session is in its life. */
export type SessionStatus = OpenEnum<'open' | 'complete' | 'expired'>;
/** Whether a session's money has come. */
export type PaymentStatus = OpenEnum<'unpaid' | 'paid' | 'no_payment_required'>;
/** Whether a price is charged once or again and again. */
export type PriceType = 'one_time' | 'recurring';
/** The unit of a recurring price's period. */
export type Interval = 'day' | 'week' | 'month' | 'year';
/** What the merchant is: `mor` is a Merchant of Record. */
export type MerchantKind = 'direct' | 'mor';
/** A session's id: any string, but no literal that starts otherwise than `cs_`, nor another object's id. */
export type SessionId<Id extends string = string> = string extends Id
  ? Id
  : Id extends `cs_${string}`
    ? Id
    : `cs_${string}`;
/** Whether a price contains the tax or the tax comes on top. */
export type Behaviour = 'inclusive' | 'exclusive';
/** What is rounded to whole units, and which way a tie goes. */
export type Rounding =
  | 'per_line_half_up'
  | 'per_rate_half_up'
  | 'per_line_half_even'
  | 'per_rate_half_even';

interface ItemFields {
  /** How many; 1 where it is left out. */
  quantity?: Integer | undefined;
  /** The text that the cashier shows. */
  description?: string | undefined;
}

/** Sells a price of the catalog. */
export interface PriceItemParams extends ItemFields {
  /** The price, `price_…`. */
  price_id: string;
  /** The product that it is a price of, `prod_…`. */
  product_id?: string | undefined;
  ad_hoc_amount?: undefined;
  ad_hoc_currency?: undefined;
}

/** Sells a product of the catalog, at its default price. */
export interface ProductItemParams extends ItemFields {
  /** The product, `prod_…`. */
  product_id: string;
  price_id?: undefined;
  ad_hoc_amount?: undefined;
  ad_hoc_currency?: undefined;
}

/** Sells something that the catalog does not have. Not for a Merchant of Record. */
export interface AdHocItemParams extends ItemFields {
  /** The price of one, in the currency's smallest unit: 999 is 9.99 USD. */
  ad_hoc_amount: Integer;
  /** The currency, ISO 4217; the merchant's own where it is left out. */
  ad_hoc_currency?: string | undefined;
  price_id?: undefined;
  product_id?: undefined;
}

/** What a session sells: a price or a product of the catalog, or an ad hoc amount. */
export type LineItemParams = PriceItemParams | ProductItemParams | AdHocItemParams;

interface SessionFields {
  /** How the buyer sees the cashier. */
  presentation: Presentation;
  /** The buyer's e-mail address, filled in beforehand. */
  customer_email?: string | undefined;
  /** Where the buyer lands after success. */
  success_url?: string | undefined;
  /** Where the buyer lands after giving up. */
  cancel_url?: string | undefined;
  /** The buyer's country, with its region where tax needs one: `DE`, `US-CA`. */
  buyer_country?: string | undefined;
  /** Your own order number, returned unchanged. */
  client_reference_id?: string | undefined;
}

/** A one-off payment. */
export interface CreatePaymentParams extends SessionFields {
  mode: 'payment';
  /** What it sells, with one-time prices or ad hoc amounts. */
  line_items: readonly LineItemParams[];
}

/** A subscription. */
export interface CreateSubscriptionParams extends SessionFields {
  mode: 'subscription';
  /** What it sells: each item names a recurring price. */
  line_items: readonly PriceItemParams[];
}

/** The saving of a card; nothing is charged. */
export interface CreateSetupParams extends SessionFields {
  mode: 'setup';
  line_items?: readonly LineItemParams[] | undefined;
}

/** The fields of a new session. */
export type CreateSessionParams = CreatePaymentParams | CreateSubscriptionParams | CreateSetupParams;

/** The fields of a new product. */
export interface CreateProductParams {
  /** The name that a buyer sees. */
  name: string;
  /** More about it. */
  description?: string | undefined;
  /** The category that decides its tax rate. */
  tax_category?: string | undefined;
  /** URLs of pictures. */
  images?: readonly string[] | undefined;
  /** Your own texts by key. */
  metadata?: Readonly<Record<string, string>> | undefined;
}

interface PriceFields {
  /** The product that it is a price of, `prod_…`. */
  product_id: string;
  /** The currency, ISO 4217. */
  currency: string;
  /** The price of one, in the currency's smallest unit. */
  unit_amount: Integer;
}

/** The fields of a new price that is charged once. */
export interface CreateOneTimePriceParams extends PriceFields {
  type?: 'one_time' | undefined;
}

/** The fields of a new price that is charged again and again. */
export interface CreateRecurringPriceParams extends PriceFields {
  type: 'recurring';
  /** The unit of the period. */
  recurring_interval: Interval;
  /** How many units one period has; 1 where it is left out. */
  recurring_interval_count?: Integer | undefined;
  /** Days before the first charge. */
  trial_period_days?: Integer | undefined;
}

/** The fields of a new price. */
export type CreatePriceParams = CreateOneTimePriceParams | CreateRecurringPriceParams;

/** Which page of a list. */
export interface ListParams {
  /** How many items a page has at most; the sandbox takes 1 to 100 and gives 20. */
  limit?: number | undefined;
  /** Starts after the page whose `next_cursor` it is. */
  cursor?: string | undefined;
}

interface Answer {
  /** The answer's `X-Request-Id`. It is read by name alone: a copy and JSON do not have it. */
  readonly requestId?: string;
}

/** A line of a session. */
export interface LineItem {
  readonly price_id?: string;
  readonly product_id?: string;
  readonly quantity: number;
  readonly ad_hoc_amount?: number;
  readonly ad_hoc_currency?: string;
  readonly description?: string;
}

/** A checkout session. */
export interface Session extends Answer {
  /** The id, `cs_…`. */
  readonly id: `cs_${string}`;
  readonly status: SessionStatus;
  /** The sum of the lines, in the currency's smallest unit. */
  readonly amount_subtotal: number;
  /** The tax: inside the subtotal, or on top of it. */
  readonly amount_tax: number;
  /** What the buyer pays. */
  readonly amount_total: number;
  /** The currency, ISO 4217. */
  readonly currency: string;
  /**
   * What opens the cashier. A secret of the buyer's: it is read by name alone; `console.log`, a copy and
   * JSON do not have it.
   */
  readonly session_token?: string;
  /** When it expires, RFC 3339: `2026-06-13T12:00:00Z`. */
  readonly expires_at?: string;
  readonly payment_status?: PaymentStatus;
  readonly mode?: OpenEnum<Mode>;
  readonly presentation?: OpenEnum<Presentation>;
  readonly line_items?: readonly LineItem[];
  readonly customer_email?: string;
  readonly success_url?: string;
  readonly cancel_url?: string;
  readonly buyer_country?: string;
  /** False where the sandbox has no tax rate for `buyer_country`: the tax is 0 for want of one. */
  readonly rate_known?: boolean;
  /** Your own order number. */
  readonly client_reference_id?: string;
}

/**
 * The answer to a session's creation.
 *
 * `url` and `session_token` open the cashier. They are read by name alone; `console.log`, a copy and JSON
 * do not have them. Give the browser the one that it needs: `{ url: created.url }`.
 */
export interface CreatedSession extends Answer {
  readonly session: Session;
  /**
   * The cashier's page, for the buyer's browser. It holds the token, so no copy has it:
   * `res.json({ url: created.url })`, since `res.json(created)` sends no `url`.
   */
  readonly url: string;
  /** What opens the cashier. It is read by name alone, as `url` is. */
  readonly session_token: string;
}

/** A product of the catalog. */
export interface Product extends Answer {
  /** The id, `prod_…`. */
  readonly id: `prod_${string}`;
  readonly name: string;
  readonly description?: string;
  readonly tax_category?: string;
  readonly images: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** The price that a line item with only this product uses. The live platform may not say it. */
  readonly default_price_id?: string;
}

/** A price of a product. */
export interface Price extends Answer {
  /** The id, `price_…`. */
  readonly id: `price_${string}`;
  readonly product_id: string;
  readonly currency: string;
  /** The price of one, in the currency's smallest unit. */
  readonly unit_amount: number;
  readonly type: OpenEnum<PriceType>;
  readonly recurring_interval?: OpenEnum<Interval>;
  readonly recurring_interval_count?: number;
  readonly trial_period_days?: number;
}

/** A line of a cart; its tax rate is looked up where none is given. */
export interface CartLineParams {
  /** The price of one, in the currency's smallest unit. */
  unit_amount: Integer;
  quantity: Integer;
  /** The tax rate in parts per million: 190000 is 19 %. */
  tax_rate_ppm?: number | undefined;
  tax_category?: string | undefined;
  currency?: string | undefined;
}

/** A cart for `quote`. */
export interface CartParams {
  /** The currency, ISO 4217. */
  currency: string;
  lines: readonly CartLineParams[];
  /** ISO 3166-1 alpha-2; not needed where each line has a rate. */
  country?: string | undefined;
  /** The part of ISO 3166-2 after the hyphen: `CA` of `US-CA`. */
  region?: string | undefined;
  /** The place's own where it is left out. */
  behaviour?: Behaviour | undefined;
  /** `per_line_half_up` where it is left out. */
  rounding?: Rounding | undefined;
  /** The date whose rates hold, `2026-11-22`; today where it is left out. */
  as_of?: string | undefined;
}

/** What a line comes to. */
export interface QuoteLine {
  readonly unit_amount: number;
  readonly quantity: number;
  readonly amount: number;
  /** Null where the tax is rounded per rate. */
  readonly tax: number | null;
  readonly rate_ppm: number;
  readonly tax_name?: string;
  readonly description?: string;
}

/** What the lines of one tax rate come to. */
export interface QuoteTax {
  readonly rate_ppm: number;
  readonly amount: number;
  readonly tax: number;
}

/** What a cart or a session comes to, in the currency's smallest unit. */
export interface Quote {
  readonly currency: string;
  readonly subtotal: number;
  readonly tax: number;
  readonly total: number;
  /** Null while no place is known or nothing is charged. */
  readonly behaviour: Behaviour | null;
  readonly rounding: Rounding;
  readonly lines: readonly QuoteLine[];
  readonly taxes: readonly QuoteTax[];
  /** Whether a rate of the bundled table went into it. FastStar computes the binding tax. */
  readonly estimated: boolean;
  /**
   * False where the bundled table has no rate for the place that was named: those lines' tax is 0 for want
   * of one. FastStar computes the binding tax.
   */
  readonly rate_known: boolean;
  /** The date of the oldest figure that was taken from the table. */
  readonly rates_as_of: string | null;
}

/** A rate of the bundled table. */
export interface TaxRate {
  /** The rate in parts per million: 190000 is 19 %. */
  readonly rate_ppm: number;
  readonly behaviour: Behaviour;
  /** What the tax is called. */
  readonly name: string;
  readonly category: string;
  /** The date of the figure. */
  readonly as_of: string | null;
  /** How well the figure is sourced. */
  readonly confidence: string;
}
