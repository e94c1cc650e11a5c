/**
 * Sell through FastStar Pay's checkout sessions.
 *
 * Amounts are integers in the currency's smallest unit: 999 is 9.99 USD. Everything that fails throws a
 * `FastStarError` that names the place of the mistake, `line_items[2].quantity`, and says what to do.
 * Fulfil on the webhook `payment.succeeded`, and on nothing else.
 *
 * @packageDocumentation
 */

export {
  type CallOptions,
  Catalog,
  Checkout,
  type CreateOptions,
  FastStar,
  type FastStarOptions,
  Prices,
  Products,
  Sessions,
} from './client.js';
export {
  AbortError,
  APIConnectionError,
  APITimeoutError,
  AuthenticationError,
  ConfigurationError,
  ConflictError,
  type ErrorDetails,
  FastStarError,
  InternalError,
  NotFoundError,
  PaymentError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
  SignatureVerificationError,
  UnexpectedResponseError,
  ValidationError,
} from './errors.js';
export type * from './events.js';
export {
  CreatedSession,
  type EventFields,
  type FieldsOf,
  Price,
  Product,
  Session,
  WebhookEvent,
} from './from.js';
export type { Hooks, RequestInfo, ResponseInfo } from './hooks.js';
export { List, Page } from './list.js';
export {
  CashierUrl,
  checkCashierUrl,
  checkSession,
  type CheckSessionOptions,
  formatMoney,
  type Money,
  parseMoney,
  quote,
  quoteSession,
  type QuoteSessionOptions,
  returnOutcome,
  taxRate,
} from './offline.js';
export {
  checkPayment,
  type OrderAmount,
  type PaymentCheck,
  type PaymentVerdict,
} from './payment_check.js';
export type * from './types.js';
export { VERSION } from './version.js';
export {
  type RawBody,
  type TextOrBytes,
  type VerifyOptions,
  type WebhookSecret,
  webhooks,
} from './webhooks.js';
