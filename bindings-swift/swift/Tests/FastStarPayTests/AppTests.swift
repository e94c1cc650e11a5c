import FastStarPay
import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What an app does without a key: read, check, tell, watch, format, quote.
@Suite struct AppTests {
    @Test func anAppReadsWhatItsServerPassesOn() throws {
        let answer = try CreatedSession(json: Data(created.utf8))
        #expect(answer.id == "cs_1")
        #expect(answer.session.status == .open)
        #expect(try answer.session.total.description == "10.79 USD")
        #expect(answer.session.expiresAt == Date(timeIntervalSince1970: 1_781_352_000))
        #expect(answer.session.extra == #"{"tomorrow":{"new":[1,18446744073709551615,2.5]}}"#)

        let envelope = try CreatedSession(
            json: Data(#"{"success":true,"message":"","data":\#(created)}"#.utf8))
        #expect(envelope == answer)
    }

    struct Order: Codable, Equatable {
        let orderNumber: String
        let checkout: CreatedSession
    }

    @Test func aServersOwnAnswerHoldsASessionWhateverItsKeysLookLike() throws {
        let order = Order(orderNumber: "order_1", checkout: try CreatedSession(json: Data(created.utf8)))
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let written = try encoder.encode(order)
        let json = try JSON(written)
        #expect(json["order_number"] == .string("order_1"))
        #expect(json[path: "checkout.session.amount_total"] == .number("1079"))
        #expect(json[path: "checkout.session.tomorrow"].text == #"{"new":[1,18446744073709551615,2.5]}"#)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        #expect(try decoder.decode(Order.self, from: written) == order)
        #expect(try JSONDecoder().decode(Order.self, from: JSONEncoder().encode(order)) == order)
    }

    @Test func whatIsNoSessionIsADecodingErrorWithTheCoresWords() throws {
        do {
            _ = try JSONDecoder().decode([Session].self, from: Data(#"[{"id":"cs_1"}]"#.utf8))
            Issue.record("it was read")
        } catch DecodingError.dataCorrupted(let context) {
            let error = try #require(context.underlyingError as? FastStarError)
            #expect(error.kind == .validation && error.code == "missing_field" && error.param == "status")
            #expect(context.codingPath.map(\.stringValue) == ["Index 0", "status"])
        }
    }

    @Test func requestsAndTheCatalogComeBackAsTheyWere() throws {
        let request = CreateSession(
            mode: .unknown("rent"),
            lineItems: [
                .price("price_1", quantity: 2),
                .adHoc(amount: .max, currency: "USD", description: "\"Té\"\n"),
            ],
            presentation: .iframe, successURL: "app://s", cancelURL: "app://c", buyerCountry: "US-CA",
            clientReferenceID: "order_1", customerEmail: "b@shop.example", extra: #"{"new":[1]}"#)
        let catalog = Catalog(
            products: [
                Product(
                    id: "prod_1", name: "Tea", description: "Green", taxCategory: "food",
                    images: ["https://i"],
                    metadata: ["shelf": "4"], defaultPriceID: "price_1", extra: #"{"new":true}"#)
            ],
            prices: [
                Price(
                    id: "price_1", productID: "prod_1", currency: "USD", unitAmount: 999, type: .recurring,
                    recurringInterval: .month, recurringIntervalCount: 2, trialPeriodDays: 7)
            ])
        func roundTrip<T: Codable & Equatable>(_ value: T) throws {
            #expect(try JSONDecoder().decode(T.self, from: JSONEncoder().encode(value)) == value)
        }
        try roundTrip(request)
        try roundTrip(request.lineItems)
        try roundTrip(catalog)
        try roundTrip(catalog.products)
        try roundTrip(catalog.prices)
        try roundTrip(
            Cart(
                currency: "EUR",
                lines: [
                    .init(unitAmount: 4900),
                    .init(
                        unitAmount: .max, quantity: 2, taxRatePPM: 70_000, taxCategory: "food",
                        currency: "EUR"),
                ], country: "US", region: "CA", behaviour: .exclusive, rounding: .perRateHalfEven,
                asOf: "2026-11-22"))
        try roundTrip([Cart.Line(unitAmount: 1, quantity: 3, currency: "EUR")])
        try roundTrip([Money(.max, "KWD"), Money(-1, "JPY")])
        try roundTrip(SessionStatus.unknown("paused"))
        try roundTrip(Rounding.perRateHalfEven)
    }

    @Test func valuesOfLaterVersionsAreKept() throws {
        let text = session.replacingOccurrences(of: #""open""#, with: #""paused""#)
        #expect(try Session(json: Data(text.utf8)).status == .unknown("paused"))
        #expect(SessionStatus(rawValue: "open") == .open)
        #expect(SessionStatus.unknown("open") == .open)
        #expect(Set([SessionStatus.unknown("open"), .open]).count == 1)
        for known in EventType.known { #expect(EventType(rawValue: known.rawValue) == known) }
    }

    @Test func onlyTheCashiersPageIsOpened() throws {
        let page = try Cashier().check("https://cashier.faststarpay.com/checkout/cs_1?token=t")
        #expect(page.url == URL(string: "https://cashier.faststarpay.com/checkout/cs_1?token=t"))
        #expect(page.sessionID == "cs_1")
        for url in [
            "https://cashier.faststarpay.com.evil.example/", "http://cashier.faststarpay.com/",
            "http://127.0.0.1:4250/checkout/cs_1", "javascript:alert(1)", "",
        ] {
            #expect(throws: FastStarError.self) { try Cashier().check(url) }
        }
        #expect(
            try Cashier(allowedOrigins: ["http://127.0.0.1:4250"]).check(
                "http://127.0.0.1:4250/checkout/cs_1"
            ).sessionID == "cs_1")
    }

    @Test(arguments: ["127.0.0.1:4250", "http://192.168.0.2:4250", "https://shop.example/checkout", ""])
    func anOriginThatIsNoneIsRefusedAtOnce(_ origin: String) {
        do {
            _ = try Cashier(allowedOrigins: ["http://127.0.0.1:4250", origin])
            Issue.record("it was taken")
        } catch {
            #expect(error.kind == .validation && error.param == "origin")
        }
    }

    @Test func theWayBackIsTold() throws {
        let urls = try ReturnURLs(success: "myapp://checkout/success", cancel: "myapp://checkout/cancel")
        #expect(try urls.outcome(of: URL(string: "myapp://checkout/success?session=cs_1")!) == .success)
        #expect(try urls.outcome(of: URL(string: "myapp://checkout/cancel")!) == .cancel)
        #expect(try urls.outcome(of: URL(string: "myapp://elsewhere")!) == .other)
        #expect(throws: FastStarError.self) { try ReturnURLs(success: "success", cancel: "myapp://c") }
    }

    @Test(
        arguments: [
            (1079, "USD", "en_US", "$10.79"),
            (1079, "EUR", "de_DE", "10,79\u{a0}€"),
            (-1_234_567, "EUR", "de_DE", "-12.345,67\u{a0}€"),
            (1079, "JPY", "en_US", "¥1,079"),
            (1079, "KWD", "en_US", "KWD\u{a0}1.079"),
            // Platforms know fewer decimals of these than ISO 4217 has.
            (1079, "IQD", "en_US", "IQD\u{a0}1.079"),
            (1079, "LBP", "en_US", "LBP\u{a0}10.79"),
            (.max, "USD", "en_US", "$92,233,720,368,547,758.07"),
            (.min, "USD", "en_US", "-$92,233,720,368,547,758.08"),
        ] as [(Int64, String, String, String)])
    func amountsAreWrittenForAPerson(_ amount: Int64, _ currency: String, _ locale: String, _ text: String)
        throws
    {
        #expect(try Money(amount, currency).formatted(locale: Locale(identifier: locale)) == text)
    }

    @Test func anAmountIsExact() throws {
        #expect(try Money(.min, "KWD").decimal == Decimal(string: "-9223372036854775.808"))
        #expect(try Money(999, "usd") == Money(parsing: "9.99 USD"))
        #expect(throws: FastStarError.self) { try Money(1, "dollars") }
    }

    @Test func aCartIsQuotedOffline() throws {
        let quote = try Cart(currency: "EUR", lines: [.init(unitAmount: 4900)], country: "DE").quote()
        #expect((quote.subtotal, quote.tax, quote.total) == (4900, 782, 4900))
        #expect(quote.behaviour == .inclusive && quote.isEstimated && quote.ratesAsOf != nil)
        do {
            _ = try Cart(currency: "EUR", lines: [.init(unitAmount: 1), .init(unitAmount: 1, quantity: 0)])
                .quote()
            Issue.record("it was quoted")
        } catch {
            #expect(error.param == "lines[1].quantity" && error.status == nil)
        }
    }

    @Test func anOfflineQuoteIsTheSessions() async throws {
        let client = try await Sandbox.merchant().client()
        let product = try await client.catalog.products.create(CreateProduct(name: "Star atlas"))
        let price = try await client.catalog.prices.create(
            .oneTime(productID: product.id, currency: "USD", unitAmount: 999))
        let request = CreateSession(
            mode: .payment, lineItems: [.price(price.id, quantity: 3)], buyerCountry: "US")
        let quote = try request.quote(catalog: Catalog(products: [product], prices: [price]))
        let session = try await client.checkout.sessions.create(request).session
        #expect(
            (quote.subtotal, quote.tax, quote.total) == (
                session.amountSubtotal, session.amountTax, session.amountTotal
            ))
    }
}

/// A clock on which nobody waits; it remembers for how long it was asked.
final class TestClock: Clock, @unchecked Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration = .zero
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Self, right: Self) -> Bool { left.offset < right.offset }
    }

    private let lock = NSLock()
    private var time = Instant()
    private var slept: [Duration] = []

    var now: Instant { lock.withLock { time } }
    var minimumResolution: Duration { .zero }
    var waits: [Duration] { lock.withLock { slept } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        lock.withLock {
            slept.append(time.duration(to: deadline))
            time = deadline
        }
    }
}

@Suite struct WatcherTests {
    let clock = TestClock()

    /// Watches what a script of statuses and errors says.
    func watch(
        _ script: [Result<String, any Error>],
        retryIf: @escaping @Sendable (any Error) -> Bool = { _ in false }
    ) -> SessionWatcher {
        let steps = Mailbox<Result<String, any Error>>()
        for step in script { steps.put(step) }
        return SessionWatcher(clock: clock, retryIf: retryIf) {
            let status = try steps.take().get()
            return try Session(
                json: Data(session.replacingOccurrences(of: #""open""#, with: "\"\(status)\"").utf8))
        }
    }

    func seen(_ watcher: SessionWatcher) async throws -> [String] {
        var seen: [String] = []
        for try await session in watcher { seen.append(session.status.rawValue) }
        return seen
    }

    @Test func changesAreGivenUntilTheEnd() async throws {
        let script = ["open", "open", "open", "paused", "paused", "complete"]
        #expect(try await seen(watch(script.map { .success($0) })) == ["open", "paused", "complete"])
        let milliseconds: [Duration] = [1000, 1500, 2250, 1000, 1500].map { .milliseconds($0) }
        #expect(clock.waits == milliseconds)
    }

    @Test func anEndedSessionIsGivenOnce() async throws {
        #expect(try await seen(watch([.success("expired")])) == ["expired"])
        #expect(clock.waits.isEmpty)
    }

    @Test func aPhoneThatIsOfflineForAWhileIsBorne() async throws {
        let offline = Array(
            repeating: Result<String, any Error>.failure(URLError(.notConnectedToInternet)), count: 5)
        #expect(
            try await seen(watch([.success("open")] + offline + [.success("complete")])) == [
                "open", "complete",
            ])
    }

    @Test func theSixthFailureInARowEndsTheWatch() async throws {
        let offline = Array(repeating: Result<String, any Error>.failure(URLError(.timedOut)), count: 7)
        await #expect(throws: URLError.self) { try await seen(watch(offline)) }
        #expect(clock.waits.count == 5)
    }

    @Test(arguments: [
        NSURLErrorTimedOut, NSURLErrorNotConnectedToInternet, NSURLErrorNetworkConnectionLost,
        NSURLErrorCannotFindHost, NSURLErrorSecureConnectionFailed,
    ])
    func whatURLSessionThrowsOnApplesSystemsIsBorne(_ code: Int) async throws {
        let error = NSError(domain: NSURLErrorDomain, code: code)
        #expect(try await seen(watch([.failure(error), .success("complete")])) == ["complete"])
    }

    @Test(
        arguments: [
            URLError(.badURL), URLError(.unsupportedURL), URLError(.cancelled),
            URLError(.userAuthenticationRequired),
            URLError(.appTransportSecurityRequiresSecureConnection), URLError(.serverCertificateUntrusted),
            NSError(domain: "of.my.app", code: NSURLErrorTimedOut),
        ] as [any Error])
    func whatCannotPassIsNotTriedAgain(_ error: any Error) async throws {
        await #expect(throws: (any Error).self) {
            try await seen(watch([.failure(error), .success("complete")]))
        }
        #expect(clock.waits.isEmpty)
    }

    struct Refused: Error, Equatable {
        let status: Int
    }

    @Test func anErrorThatWillNotPassEndsTheWatchAtOnce() async throws {
        var iterator = watch([.failure(Refused(status: 401))]).makeAsyncIterator()
        await #expect(throws: Refused(status: 401)) { try await iterator.next() }
        #expect(try await iterator.next() == nil)
        #expect(clock.waits.isEmpty)
    }

    @Test func anAppSaysWhichOfItsErrorsMayPass() async throws {
        let mayPass: @Sendable (any Error) -> Bool = { ($0 as? Refused)?.status == 503 }
        let script: [Result<String, any Error>] = [
            .failure(Refused(status: 503)), .failure(URLError(.timedOut)), .success("open"),
            .failure(Refused(status: 401)),
        ]
        let watcher = watch(script, retryIf: mayPass)
        await #expect(throws: Refused(status: 401)) { try await seen(watcher) }
        #expect(clock.waits.count == 3)
    }

    @Test func aCancelledTaskStopsWatching() async throws {
        let fetched = Mailbox<Void>()
        let watching = Task {
            let watcher = SessionWatcher {
                fetched.put(())
                return try Session(json: Data(session.utf8))
            }
            for try await _ in watcher {}
        }
        try await fetched.next()
        watching.cancel()
        await #expect(throws: CancellationError.self) { try await watching.value }
    }

    @Test func aFetchThatIsCancelledIsACancellation() async throws {
        let asked = Mailbox<Void>()
        let watching = Task {
            let watcher = SessionWatcher {
                asked.put(())
                while !Task.isCancelled { await Task.yield() }
                throw URLError(.cancelled)
            }
            for try await _ in watcher {}
        }
        try await asked.next()
        watching.cancel()
        await #expect(throws: CancellationError.self) { try await watching.value }
    }
}

@Suite struct WebhookTests {
    let body = Data(
        #"{"id":"evt_1","type":"payment.succeeded","created":1769900000,"data":{"payment_id":"pi_1","amount":1079,"currency":"USD","status":"succeeded","client_reference_id":"order_1"}}"#
            .utf8)

    @Test func aSignedEventIsVerified() throws {
        let signature = try Webhook.signForTest(body, secrets: ["whsec_1"])
        let event = try Webhook.verify(body, signature: signature, secret: "whsec_1", eventID: "evt_1")
        #expect(event.type == .paymentSucceeded && event.fulfils)
        #expect(event.payment?.amount == 1079 && event.payment?.clientReferenceID == "order_1")
    }

    @Test func whatMustNotBeTrustedIsASignatureError() throws {
        let signature = try Webhook.signForTest(body, secrets: ["whsec_1"])
        for (body, signature, secret, code) in [
            (body + Data([32]), signature, "whsec_1", "signature_mismatch"),
            (body, signature, "whsec_2", "signature_mismatch"),
            (body, nil, "whsec_1", "malformed_header"),
        ] as [(Data, String?, String, String)] {
            do {
                _ = try Webhook.verify(body, signature: signature, secret: secret)
                Issue.record("it was trusted")
            } catch {
                #expect(error.kind == .signature && error.code == code)
            }
        }
    }

    @Test func aMissingSecretIsAConfigurationError() throws {
        let signature = try Webhook.signForTest(body, secrets: ["whsec_1"])
        do {
            _ = try Webhook.verify(body, signature: signature, secret: "")
            Issue.record("it was trusted")
        } catch {
            #expect(error.kind == .configuration && error.code == "invalid_secret")
        }
    }
}
