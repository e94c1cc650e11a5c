/** What an error is made with besides its message. */
export interface ErrorDetails {
  readonly code?: string | undefined;
  readonly param?: string | undefined;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryable?: boolean | undefined;
  readonly attempts?: number | undefined;
  readonly retryAfter?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly outcomeUnknown?: boolean | undefined;
  readonly networkError?: NetworkError | undefined;
  readonly cause?: unknown;
}

/** Why no answer came. */
export type NetworkError =
  | 'refused'
  | 'dns'
  | 'unreachable'
  | 'reset'
  | 'closed'
  | 'tls'
  | 'certificate'
  | 'timeout'
  | (string & {});

/**
 * Says what went wrong, where, and what to do. Everything that this package throws is one.
 *
 * No message shows a secret.
 */
export class FastStarError extends Error {
  /**
   * A stable machine-readable code such as `out_of_range`. FastStar documents no codes; these are
   * ours, and a live answer may carry another.
   */
  readonly code: string;
  /** The place of the mistake: `line_items[2].quantity`. */
  readonly param: string | undefined;
  /** The HTTP status of the answer; `undefined` where none came. */
  readonly status: number | undefined;
  /** The answer's `X-Request-Id`. Quote it to support. */
  readonly requestId: string | undefined;
  /** Whether the same call, with the same idempotency key, may succeed later. */
  readonly retryable: boolean;
  /** How many attempts the call made; 0 where nothing was sent. */
  readonly attempts: number;
  /** How many milliseconds the server asked to wait (`Retry-After`). */
  readonly retryAfter: number | undefined;
  /** The answer's headers, names in lower case; empty where no answer came. Not enumerable, so that logs stay short. */
  declare readonly headers: Readonly<Record<string, string>>;
  /**
   * The idempotency key that the call sent, yours or the client's own; `undefined` where the call changes
   * nothing or was refused before it was sent.
   */
  readonly idempotencyKey: string | undefined;
  /**
   * Whether the request may have taken effect although no answer says so. Make the same call with
   * `idempotencyKey` to learn the outcome.
   */
  readonly outcomeUnknown: boolean;
  /** Why no answer came, where the network says so. */
  readonly networkError: NetworkError | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code ?? 'internal';
    this.param = details.param;
    this.status = details.status;
    this.requestId = details.requestId;
    this.retryable = details.retryable ?? false;
    this.attempts = details.attempts ?? 0;
    this.retryAfter = details.retryAfter;
    Object.defineProperty(this, 'headers', { value: details.headers ?? {} });
    this.idempotencyKey = details.idempotencyKey;
    this.outcomeUnknown = details.outcomeUnknown ?? false;
    this.networkError = details.networkError;
  }
}

/** The input is wrong; without a `status` it was refused before any request was sent. */
export class ValidationError extends FastStarError {
  declare readonly name: 'ValidationError';
}
/** The API key is missing or not known. */
export class AuthenticationError extends FastStarError {
  declare readonly name: 'AuthenticationError';
}
/** The key is known and may not do this. */
export class PermissionDeniedError extends FastStarError {
  declare readonly name: 'PermissionDeniedError';
}
/** No such object, or another merchant's. */
export class NotFoundError extends FastStarError {
  declare readonly name: 'NotFoundError';
}
/** The object's state or the idempotency key does not allow it. */
export class ConflictError extends FastStarError {
  declare readonly name: 'ConflictError';
}
/** The card was declined, or the bank asks for authentication. */
export class PaymentError extends FastStarError {
  declare readonly name: 'PaymentError';
}
/** Too many requests, still after the retries. */
export class RateLimitError extends FastStarError {
  declare readonly name: 'RateLimitError';
}
/** No answer came: refused, reset, unresolved, or TLS failed. */
export class APIConnectionError extends FastStarError {
  declare readonly name: 'APIConnectionError' | 'APITimeoutError';
}
/** The call's deadline passed. Repeat it with its `idempotencyKey` to learn the outcome. */
export class APITimeoutError extends APIConnectionError {
  declare readonly name: 'APITimeoutError';
}
/** The server failed, still after the retries. */
export class ServerError extends FastStarError {
  declare readonly name: 'ServerError';
}
/** A webhook that must not be trusted: answer it with a 4xx and do nothing else. */
export class SignatureVerificationError extends FastStarError {
  declare readonly name: 'SignatureVerificationError';
}
/** The client, or something of this package, was set up wrongly. */
export class ConfigurationError extends FastStarError {
  declare readonly name: 'ConfigurationError';
}
/** An answer that the API does not give. */
export class UnexpectedResponseError extends FastStarError {
  declare readonly name: 'UnexpectedResponseError';
}
/** A defect of this package. */
export class InternalError extends FastStarError {
  declare readonly name: 'InternalError';
}

/**
 * The call's `signal` was aborted; `cause` is the signal's reason. Its `name` is `AbortError`, as for
 * `fetch`. Where `outcomeUnknown` is set, repeat the call with its `idempotencyKey` to learn the outcome.
 */
export class AbortError extends FastStarError {
  declare readonly name: 'AbortError';
}

const classes = {
  FastStarError,
  ValidationError,
  AuthenticationError,
  PermissionDeniedError,
  NotFoundError,
  ConflictError,
  PaymentError,
  RateLimitError,
  APIConnectionError,
  APITimeoutError,
  ServerError,
  SignatureVerificationError,
  ConfigurationError,
  UnexpectedResponseError,
  InternalError,
  AbortError,
};
for (const [name, made] of Object.entries(classes)) {
  // On the prototype, as for the built-in errors, and by a text that no minifier shortens.
  Object.defineProperty(made.prototype, 'name', { value: name, configurable: true, writable: true });
}

const kinds: Record<string, typeof FastStarError> = {
  validation: ValidationError,
  authentication: AuthenticationError,
  permission: PermissionDeniedError,
  not_found: NotFoundError,
  conflict: ConflictError,
  payment: PaymentError,
  rate_limit: RateLimitError,
  connection: APIConnectionError,
  timeout: APITimeoutError,
  server: ServerError,
  signature: SignatureVerificationError,
  configuration: ConfigurationError,
  unexpected_response: UnexpectedResponseError,
  internal: InternalError,
};

/** The core's error, as it crosses. @internal */
export interface Told {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
  readonly status: number | null;
  readonly request_id: string | null;
  readonly attempts: number;
  readonly retryable: boolean;
  readonly retry_after: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly idempotency_key: string | null;
  readonly outcome_unknown: boolean;
  readonly network_error: string | null;
}

/** Makes the error of what the core told. @internal */
export function fromTold(told: Told): FastStarError {
  return new (kinds[told.kind] ?? FastStarError)(told.message, {
    code: told.code,
    param: told.param ?? undefined,
    status: told.status ?? undefined,
    requestId: told.request_id ?? undefined,
    attempts: told.attempts,
    retryable: told.retryable,
    retryAfter: told.retry_after ?? undefined,
    headers: told.headers,
    idempotencyKey: told.idempotency_key ?? undefined,
    outcomeUnknown: told.outcome_unknown,
    networkError: told.network_error ?? undefined,
  });
}

/** Calls the native half, and makes the error of what it throws. @internal */
export function native<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw fromThrown(thrown);
  }
}

/** Makes the error of what the native half threw. @internal */
export function fromThrown(thrown: unknown): FastStarError {
  if (thrown instanceof FastStarError) return thrown;
  // Not by its class, which is another one where a test runner runs in a realm of its own.
  const message = String((thrown as Partial<Error> | undefined)?.message ?? '');
  if (message.startsWith('{')) {
    return fromTold(JSON.parse(message) as Told);
  }
  const text = 'a defect of the faststar package; please report it with the stack trace';
  return new InternalError(text, { cause: thrown });
}

/** Makes the error of an input that JavaScript allows and the core cannot be given. @internal */
export function invalid(code: string, param: string, message: string): ValidationError {
  return new ValidationError(param === '' ? message : `${param}: ${message}`, {
    code,
    param: param === '' ? undefined : param,
  });
}

/** Makes the error of an option that cannot work. @internal */
export function misconfigured(param: string, message: string): ConfigurationError {
  return new ConfigurationError(`${param}: ${message}`, { code: 'invalid_configuration', param });
}
