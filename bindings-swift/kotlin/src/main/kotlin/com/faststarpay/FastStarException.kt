package com.faststarpay

import java.time.Duration

/**
 * Says what went wrong, where, and what to do.
 *
 * Match the subclass for what a program does about it, [code] for the very mistake:
 *
 * ```
 * try {
 *     client.checkout.sessions.create(request)
 * } catch (error: FastStarException.Validation) {
 *     log.warn("{}: {}", error.param, error.reason) // line_items[2].quantity: quantity must be at least 1
 * }
 * ```
 *
 * The message never has an API key, a webhook secret or a session token.
 */
public sealed class FastStarException private constructor(details: Details) :
    RuntimeException(details.message) {
    /** The stable code, such as `out_of_range`. */
    public val code: String = details.code

    /** The message without the place and the status. */
    public val reason: String = details.reason

    /** The place of the mistake: `line_items[2].quantity`. */
    public val param: String? = details.param

    /** The HTTP status, where an answer came. */
    public val status: Int? = details.status

    /** The `X-Request-Id` of the answer; quote it to support. */
    public val requestId: String? = details.requestId

    /** How many attempts the call made; 0 where nothing was sent. */
    public val attempts: Int = details.attempts

    /** Whether the same call, with the same idempotency key, may succeed later. */
    public val isRetryable: Boolean = details.isRetryable

    /** How long the server asked to wait (`Retry-After`). */
    public val retryAfter: Duration? = details.retryAfter

    /** The answer's headers, names in lower case; empty where no answer came. */
    public val headers: Map<String, String> = details.headers

    /**
     * The idempotency key that the call sent, yours or the client's own; null where the call changes nothing
     * or was refused before it was sent.
     */
    public val idempotencyKey: String? = details.idempotencyKey

    /**
     * Whether the request may have taken effect although no answer says so. Make the same call with
     * [idempotencyKey] to learn the outcome.
     */
    public val isOutcomeUnknown: Boolean = details.isOutcomeUnknown

    /**
     * Why no answer came, where the network says so: `refused`, `dns`, `unreachable`, `reset`, `closed`,
     * `tls`, `certificate` or `timeout`.
     */
    public val networkError: String? = details.networkError

    /** The input is wrong: refused here before any request (no [status]), or by the server. */
    public class Validation(details: Details) : FastStarException(details)

    /** The API key is missing or not known. */
    public class Authentication(details: Details) : FastStarException(details)

    /** The key is known and may not do this. */
    public class Permission(details: Details) : FastStarException(details)

    /** No such object, or another merchant's. */
    public class NotFound(details: Details) : FastStarException(details)

    /** The object's state or the idempotency key does not allow it. */
    public class Conflict(details: Details) : FastStarException(details)

    /** The card was declined or the bank asks for authentication. */
    public class Payment(details: Details) : FastStarException(details)

    /** Too many requests. */
    public class RateLimit(details: Details) : FastStarException(details)

    /** No answer came: refused, reset, unresolved, or TLS failed. */
    public class Connection(details: Details) : FastStarException(details)

    /** The call's deadline passed. */
    public class Timeout(details: Details) : FastStarException(details)

    /** The server failed. */
    public class Server(details: Details) : FastStarException(details)

    /** A webhook that must not be trusted. */
    public class Signature(details: Details) : FastStarException(details)

    /** The client was set up wrongly, or is closed. */
    public class Configuration(details: Details) : FastStarException(details)

    /** An answer that the API does not give. */
    public class UnexpectedResponse(details: Details) : FastStarException(details)

    /** A defect of this package. */
    public class Internal(details: Details) : FastStarException(details)

    /**
     * What an exception says. Your tests make one of these to throw what a client would:
     * `FastStarException.NotFound(FastStarException.Details("not_found", "no such session"))`.
     */
    public class Details @JvmOverloads constructor(
        internal val code: String,
        internal val reason: String,
        internal val param: String? = null,
        internal val status: Int? = null,
        internal val requestId: String? = null,
        internal val attempts: Int = 0,
        internal val isRetryable: Boolean = false,
        internal val retryAfter: Duration? = null,
        internal val headers: Map<String, String> = emptyMap(),
        internal val idempotencyKey: String? = null,
        internal val isOutcomeUnknown: Boolean = false,
        internal val networkError: String? = null,
    ) {
        internal val message: String
            get() {
                val origin = listOfNotNull(status?.let { "status $it" }, requestId?.let { "request $it" })
                val answered = if (status == null) "" else " (${origin.joinToString()})"
                val unknown = if (!isOutcomeUnknown || idempotencyKey == null) "" else {
                    "; outcome unknown, ask again with the idempotency key $idempotencyKey"
                }
                return listOfNotNull(param, reason).joinToString(": ") + answered + unknown
            }
    }
}
