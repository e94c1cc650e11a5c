internal import FastStarGlue
import Foundation

/// Calls the API on behalf of one merchant, on a server.
///
/// > Warning: An API key does not belong in an app: whoever has the app has the key. An app's own server
/// > creates the session, and the app gets its `url`; see ``CreatedSession``, ``Cashier`` and
/// > ``SessionWatcher``.
///
/// ```swift
/// let client = try FastStar.fromEnvironment()  // FASTSTAR_API_KEY
/// let request = CreateSession(mode: .payment, lineItems: [.price("price_xxx")], buyerCountry: "US")
/// let created = try await client.checkout.sessions.create(request)
/// print(created.session.amountTotal)
/// ```
///
/// Make one and share it: it keeps its connections, and may be called by many tasks at once. What fails
/// and may pass is tried again, under one idempotency key and within one deadline. A task that is
/// cancelled closes its request's connection, and its call throws a `CancellationError`; everything else
/// that is thrown is a ``FastStarError``.
public final class FastStar: Sendable {
    private let raw: RawClient

    /// Makes a client. It connects when it is first called.
    ///
    /// - Throws: ``FastStarError`` of the kind `configuration` where the key or an option cannot work.
    public convenience init(apiKey: String, options: ClientOptions = ClientOptions()) throws(FastStarError) {
        try self.init(options.raw(apiKey: apiKey))
    }

    /// Makes a client from the environment: `FASTSTAR_API_KEY` and, where it is set, `FASTSTAR_BASE_URL`.
    ///
    /// - Throws: ``FastStarError`` of the kind `configuration` where the key is not set.
    public static func fromEnvironment(
        options: ClientOptions = ClientOptions()
    ) throws(FastStarError) -> FastStar {
        try FastStar(options.raw(apiKey: nil))
    }

    private init(_ config: RawConfig) throws(FastStarError) {
        raw = try native { try RawClient(config: config) }
    }

    /// Closes the connections: calls under way end with a ``FastStarError`` of the kind `configuration`,
    /// and so do later ones. A client that nobody holds any more is closed by itself.
    ///
    /// - Throws: ``FastStarError`` of the kind `configuration` where it is closed already.
    public func close() throws(FastStarError) {
        try native { try raw.shutDown() }
    }

    /// The calls about checkout.
    public var checkout: Checkout { Checkout(raw: raw) }

    /// The calls about products and prices.
    public var catalog: Catalog { Catalog(raw: raw) }

    /// The calls about checkout.
    public struct Checkout: Sendable {
        let raw: RawClient

        /// The calls about sessions.
        public var sessions: Sessions { Sessions(raw: raw) }
    }

    /// The calls about checkout sessions.
    public struct Sessions: Sendable {
        let raw: RawClient

        /// Creates a session. A wrong request is refused before it is sent, with the place of the mistake.
        public func create(
            _ request: CreateSession, options: CallOptions = CallOptions()
        ) async throws -> CreatedSession {
            CreatedSession(
                try await nativeCall {
                    try await raw.createSession(request: request.raw, options: options.raw, cancel: $0)
                })
        }

        /// Retrieves a session.
        public func retrieve(_ id: String, options: CallOptions = CallOptions()) async throws -> Session {
            Session(
                try await nativeCall {
                    try await raw.retrieveSession(id: id, options: options.raw, cancel: $0)
                })
        }

        /// Judges whether a `payment.succeeded` settles an order, and reads its session anew where another
        /// amount was paid; see ``FastStarPay/checkPayment(_:order:session:)``.
        ///
        /// ```swift
        /// let check = try await client.checkout.sessions.checkPayment(event, order: order?.subtotal)
        /// if check.isPaid { fulfil(order) } else { setAside(order, check.message) }  // for a person; answer 200
        /// ```
        ///
        /// - Parameters:
        ///   - event: A `payment.succeeded`.
        ///   - order: The order's subtotal, before tax that comes on top; nil where there is no such order.
        ///   - options: For the call that reads the session.
        /// - Returns: The verdict; `sessionNeeded` only where the payment names no session.
        public func checkPayment(
            _ event: Event, order: Money?, options: CallOptions = CallOptions()
        ) async throws -> PaymentCheck {
            let check = try FastStarPay.checkPayment(event, order: order)
            guard check.verdict == .sessionNeeded, let id = check.sessionID else { return check }
            let session = try await retrieve(id, options: options)
            return try FastStarPay.checkPayment(event, order: order, session: session)
        }

        /// Watches a session until it ends.
        public func watch(_ id: String, options: CallOptions = CallOptions()) -> SessionWatcher {
            SessionWatcher { try await retrieve(id, options: options) }
        }
    }

    /// The calls about the catalog.
    public struct Catalog: Sendable {
        let raw: RawClient

        /// The calls about products.
        public var products: Products { Products(raw: raw) }

        /// The calls about prices.
        public var prices: Prices { Prices(raw: raw) }
    }

    /// The calls about products.
    public struct Products: Sendable {
        let raw: RawClient

        /// Creates a product.
        public func create(
            _ request: CreateProduct, options: CallOptions = CallOptions()
        ) async throws -> Product {
            Product(
                try await nativeCall {
                    try await raw.createProduct(request: request.raw, options: options.raw, cancel: $0)
                })
        }

        /// Gives a page, with `limit` items at the most, after `cursor`.
        public func list(
            limit: Int? = nil, cursor: String? = nil, options: CallOptions = CallOptions()
        ) async throws -> Page<Product> {
            let params = RawListParams(limit: limit.map(Int64.init), cursor: cursor)
            let page = try await nativeCall {
                try await raw.listProducts(params: params, options: options.raw, cancel: $0)
            }
            return Page(page.items.map(Product.init), nextCursor: page.nextCursor, requestID: page.requestId)
        }

        /// Gives all products, page after page; a page is asked for when the one before was used up.
        public func all(limit: Int? = nil, options: CallOptions = CallOptions()) -> Items<Product> {
            Items { try await list(limit: limit, cursor: $0, options: options) }
        }
    }

    /// The calls about prices.
    public struct Prices: Sendable {
        let raw: RawClient

        /// Creates a price.
        public func create(
            _ request: CreatePrice, options: CallOptions = CallOptions()
        ) async throws -> Price {
            Price(
                try await nativeCall {
                    try await raw.createPrice(request: request.raw, options: options.raw, cancel: $0)
                })
        }

        /// Gives a page, with `limit` items at the most, after `cursor`.
        public func list(
            limit: Int? = nil, cursor: String? = nil, options: CallOptions = CallOptions()
        ) async throws -> Page<Price> {
            let params = RawListParams(limit: limit.map(Int64.init), cursor: cursor)
            let page = try await nativeCall {
                try await raw.listPrices(params: params, options: options.raw, cancel: $0)
            }
            return Page(page.items.map(Price.init), nextCursor: page.nextCursor, requestID: page.requestId)
        }

        /// Gives all prices, page after page; a page is asked for when the one before was used up.
        public func all(limit: Int? = nil, options: CallOptions = CallOptions()) -> Items<Price> {
            Items { try await list(limit: limit, cursor: $0, options: options) }
        }
    }
}

/// How a client differs from the defaults.
public struct ClientOptions: Hashable, Sendable {
    /// Where the API is, such as a sandbox; FastStar's live platform where it is absent.
    public var baseURL: String?
    /// How long a call may take, all its attempts and the waits between them; 30 s where it is absent.
    public var timeout: Duration?
    /// How long one attempt may take to connect; 10 s where it is absent.
    public var connectTimeout: Duration?
    /// How often a failed attempt is repeated; 2 where it is absent.
    public var maxRetries: Int?
    /// Who sells, so that what such a merchant must not send is refused before it is sent.
    public var merchant: MerchantKind?
    /// Names your program in `User-Agent`: `my-shop/1.2`.
    public var userAgent: String?
    /// Root certificates in PEM that are trusted beside Mozilla's.
    public var rootCertificatesPEM: [String]

    /// Makes options.
    public init(
        baseURL: String? = nil,
        timeout: Duration? = nil,
        connectTimeout: Duration? = nil,
        maxRetries: Int? = nil,
        merchant: MerchantKind? = nil,
        userAgent: String? = nil,
        rootCertificatesPEM: [String] = []
    ) {
        self.baseURL = baseURL
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.maxRetries = maxRetries
        self.merchant = merchant
        self.userAgent = userAgent
        self.rootCertificatesPEM = rootCertificatesPEM
    }

    func raw(apiKey: String?) -> RawConfig {
        RawConfig(
            language: .swift,
            apiKey: apiKey,
            baseUrl: baseURL,
            timeoutMs: timeout?.milliseconds,
            connectTimeoutMs: connectTimeout?.milliseconds,
            maxRetries: maxRetries.map(Int64.init),
            merchant: merchant?.rawValue,
            rootCertificatesPem: rootCertificatesPEM.map { Data($0.utf8) },
            userAgent: [userAgent, "faststar-swift"].compactMap { $0 }.joined(separator: " "))
    }
}

/// What one call has otherwise than its client.
public struct CallOptions: Hashable, Sendable {
    /// The idempotency key, 1 to 255 visible ASCII characters, instead of a random one. An order number
    /// keeps an order from being created twice.
    public var idempotencyKey: String?
    /// How long this call may take.
    public var timeout: Duration?
    /// How often this call is repeated where it fails and may succeed later.
    public var maxRetries: Int?

    /// Makes options.
    public init(idempotencyKey: String? = nil, timeout: Duration? = nil, maxRetries: Int? = nil) {
        self.idempotencyKey = idempotencyKey
        self.timeout = timeout
        self.maxRetries = maxRetries
    }

    var raw: RawCallOptions {
        RawCallOptions(
            idempotencyKey: idempotencyKey,
            timeoutMs: timeout?.milliseconds,
            maxRetries: maxRetries.map(Int64.init))
    }
}

extension Duration {
    /// The whole milliseconds; of a duration that does not fit, the longest that does.
    fileprivate var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, tooLarge) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return tooLarge ? (seconds < 0 ? .min : .max) : sum
    }
}
