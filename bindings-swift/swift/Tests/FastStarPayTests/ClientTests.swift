import FastStarGlue
import Foundation
import Testing

@testable import FastStarPay

private let request = CreateSession(mode: .payment, lineItems: [.price("price_1")])

/// What the client does beyond the scenarios: options, deadlines, cancellation, closing, panics.
@Suite struct ClientTests {
    func client(_ server: Server, _ options: ClientOptions = ClientOptions()) throws -> FastStar {
        var options = options
        options.baseURL = server.url
        return try FastStar(apiKey: "CANARY-key", options: options)
    }

    @Test func whatIsSentIsWhatWasGiven() async throws {
        let server = try Server { _ in .ok(created) }
        var request = request
        request.lineItems[0].extra = #"{"tomorrow":[null,1.5,{"é":18446744073709551615}]}"#
        request.customerEmail = "buyer@shop.example"
        let client = try client(server, ClientOptions(userAgent: "my-shop/1.2"))
        let answer = try await client.checkout.sessions.create(
            request, options: CallOptions(idempotencyKey: "order-1"))
        #expect(answer.requestID == "req_1")
        #expect(answer.session.requestID == "req_1")

        let sent = try await server.requests.next()
        #expect(sent.line == "POST /api/v1/public/checkout/sessions HTTP/1.1")
        #expect(sent.headers["x-api-key"] == "CANARY-key")
        #expect(sent.headers["idempotency-key"] == "order-1")
        #expect(sent.headers["user-agent"]?.hasPrefix("my-shop/1.2 faststar-swift/") == true)
        let wanted = #"""
            {"mode":"payment","presentation":"link","customer_email":"buyer@shop.example",
             "line_items":[{"price_id":"price_1","quantity":1,"tomorrow":[null,1.5,{"é":18446744073709551615}]}]}
            """#
        #expect(try JSON(sent.body) == JSON(wanted))
    }

    func paid(_ amount: Int64, session: String? = "cs_1", type: String = "payment.succeeded") throws -> Event
    {
        let of = session.map { #","checkout_session_id":"\#($0)""# } ?? ""
        let data = #"{"payment_id":"pi_1","amount":\#(amount),"currency":"USD","status":"succeeded"\#(of)}"#
        return try Event(parsing: Data(#"{"id":"evt_1","type":"\#(type)","data":\#(data)}"#.utf8))
    }

    @Test func theSessionIsReadWhereAnotherAmountWasPaid() async throws {
        let server = try Server { _ in
            .ok(
                #"{"id":"cs_1","status":"complete","amount_subtotal":999,"amount_tax":80,"amount_total":1079,"currency":"USD"}"#
            )
        }
        let sessions = try client(server).checkout.sessions
        let order = try Money(999, "USD")
        #expect(try await sessions.checkPayment(paid(999), order: order).isPaid)
        #expect(try await sessions.checkPayment(paid(1079), order: nil).verdict == .unknownOrder)
        #expect(
            try await sessions.checkPayment(paid(1079, session: nil), order: order).verdict == .sessionNeeded)
        #expect(server.requests.isEmpty)
        let check = try await sessions.checkPayment(paid(1079), order: order)
        #expect(check.isPaid && check.sessionID == "cs_1")
        #expect(try check.expected == Money(1079, "USD"))
        #expect(try await sessions.checkPayment(paid(1000), order: order).verdict == .underpaid)
        #expect(try await sessions.checkPayment(paid(1080), order: order).verdict == .overpaid)
    }

    @Test func whatCannotBeCheckedIsRefused() async throws {
        let order = try Money(999, "USD")
        let wrong = try await failure { try checkPayment(paid(999, type: "payment.failed"), order: order) }
        #expect(wrong.param == "event")
        let other = try Session(
            json: Data(#"{"id":"cs_2","status":"complete","amount_subtotal":999,"amount_total":1079}"#.utf8))
        let mixed = try await failure { try checkPayment(paid(1079), order: order, session: other) }
        #expect(
            mixed.param == "session.id" && mixed.message.contains("cs_1") && mixed.message.contains("cs_2"))
    }

    @Test func extraThatIsNoObjectIsRefusedWithItsPlace() async throws {
        let server = try Server { _ in .ok(created) }
        var request = request
        request.lineItems[0].extra = "[1]"
        let error = try await failure { try await client(server).checkout.sessions.create(request) }
        #expect(error.kind == .validation && error.param == "line_items[0].extra")
        #expect(server.requests.isEmpty)
    }

    @Test(
        arguments: [
            (ClientOptions(timeout: .milliseconds(-1)), "timeout"),
            (ClientOptions(connectTimeout: .seconds(-1)), "connectTimeout"),
            (ClientOptions(maxRetries: -1), "maxRetries"),
            (ClientOptions(merchant: .unknown("nobody")), "merchant"),
            (ClientOptions(baseURL: "nowhere"), "baseURL"),
            (ClientOptions(rootCertificatesPEM: ["none"]), "rootCertificatesPEM"),
        ] as [(ClientOptions, String)])
    func anOptionThatCannotWorkIsRefused(_ options: ClientOptions, _ param: String) throws {
        do {
            _ = try FastStar(apiKey: "k", options: options)
            Issue.record("it was taken")
        } catch {
            #expect(error.kind == .configuration)
            #expect(error.param == param)
        }
    }

    @Test func anEmptyKeyIsRefused() async throws {
        let error = try await failure { try FastStar(apiKey: "") }
        #expect(error.kind == .configuration && error.code == "invalid_configuration")
    }

    @Test func aFailureIsTriedAgainUnderOneKey() async throws {
        let answers = Mailbox<Server.Answer>()
        let server = try Server { _ in answers.isEmpty ? .ok(created) : answers.take() }
        answers.put(.json(503, #"{"success":false,"message":"no"}"#, ["Retry-After": "0"]))
        let client = try client(server)
        _ = try await client.checkout.sessions.create(request)
        let (first, second) = (try await server.requests.next(), try await server.requests.next())
        #expect(first.headers["idempotency-key"] != nil)
        #expect(first.headers["idempotency-key"] == second.headers["idempotency-key"])
    }

    @Test func anErrorHasAllThatTheAnswerHad() async throws {
        let server = try Server { _ in
            .json(
                400,
                #"{"success":false,"message":"quantity is wrong","error":{"code":"out_of_range","param":"line_items[0]"}}"#
            )
        }
        let error = try await failure { try await client(server).checkout.sessions.create(request) }
        #expect(error.kind == .validation)
        #expect(error.code == "out_of_range")
        #expect(error.message == "quantity is wrong")
        #expect(error.param == "line_items[0]")
        #expect(error.status == 400)
        #expect(error.requestID == "req_1")
        #expect(error.attempts == 1)
        #expect(!error.isRetryable)
        #expect("\(error)".contains("line_items[0]: quantity is wrong"))
        #expect(error.localizedDescription == error.description)
        #expect(error.headers["x-request-id"] == "req_1" && error.idempotencyKey != nil)
        #expect(!error.isOutcomeUnknown && error.networkError == nil && error.retryAfter == nil)
    }

    @Test func anUnknownOutcomeHasTheKeyToAskAgain() async throws {
        let server = try Server { _ in .never }
        let options = CallOptions(idempotencyKey: "order_1", timeout: .milliseconds(50))
        let error = try await failure {
            try await client(server).checkout.sessions.create(request, options: options)
        }
        #expect(error.isOutcomeUnknown && error.idempotencyKey == "order_1")
        #expect(error.networkError == "timeout")
        #expect("\(error)".contains("order_1"))
    }

    @Test func theServersWishIsInTheError() async throws {
        let server = try Server { _ in
            .json(429, #"{"success":false,"message":"no"}"#, ["Retry-After": "90"])
        }
        let error = try await failure { try await client(server).checkout.sessions.retrieve("cs_1") }
        #expect(error.retryAfter == .seconds(90) && error.headers["retry-after"] == "90")
    }

    @Test func anErrorIsMadeAsACallThrowsIt() async throws {
        for (body, code) in [
            (#"{"success":false,"message":"no","error":{"code":"card_declined","param":"card"}}"#, 402),
            (#"{"success":false,"message":"no"}"#, 503),
        ] {
            let server = try Server { _ in .json(code, body) }
            let client = try client(server, ClientOptions(maxRetries: 0))
            let thrown = try await failure { try await client.checkout.sessions.retrieve("cs_1") }
            let made = FastStarError(
                kind: FastStarError.Kind(rawValue: thrown.kind.rawValue), code: thrown.code,
                message: thrown.message, param: thrown.param, status: code, requestID: "req_1", attempts: 1,
                isRetryable: code == 503, headers: thrown.headers)
            #expect(made == thrown && "\(made)" == "\(thrown)")
        }
        let refused = try await failure { try CreateSession(mode: .payment).validate() }
        let made = FastStarError(
            kind: .validation, code: refused.code, message: refused.message, param: "line_items")
        #expect(made == refused)
    }

    @Test func aKindOfALaterVersionIsKept() {
        #expect(FastStarError.Kind(rawValue: "weather") == .unknown("weather"))
        for kind in FastStarError.Kind.known {
            if case .unknown = FastStarError.Kind(rawValue: kind.rawValue) { Issue.record("\(kind)") }
        }
    }

    @Test func aDeadlineEndsACall() async throws {
        let server = try Server { _ in .never }
        let client = try client(server)
        let error = try await failure {
            try await client.checkout.sessions.retrieve(
                "cs_1", options: CallOptions(timeout: .milliseconds(50)))
        }
        #expect(error.kind == .timeout && error.isRetryable)
    }

    @Test func nobodyListening() async throws {
        let server = try Server { _ in .never }
        server.stop()
        let client = try client(server, ClientOptions(maxRetries: 0))
        let error = try await failure { try await client.checkout.sessions.retrieve("cs_1") }
        #expect(error.kind == .connection && error.attempts == 1)
    }

    @Test func aWalkAsksForAPageWhenItNeedsOne() async throws {
        let server = try Server { request in
            let next = request.line.contains("cursor=two") ? "null" : #""two""#
            return .ok(
                #"{"items":[{"id":"prod_1","name":"Tea"},{"id":"prod_2","name":"Tea"}],"next_cursor":\#(next)}"#
            )
        }
        let client = try client(server)
        var walk = client.catalog.products.all(limit: 2).makeAsyncIterator()
        #expect(try await walk.next()?.id == "prod_1")
        #expect(try await walk.next()?.id == "prod_2")
        #expect(try await server.requests.next().line.contains("limit=2"))
        #expect(server.requests.isEmpty)
        #expect(try await walk.next()?.id == "prod_1")
        #expect(try await walk.next()?.id == "prod_2")
        #expect(try await walk.next() == nil)
        #expect(try await walk.next() == nil)
    }

    @Test func aServerThatRepeatsACursorEndsTheWalkWithAnError() async throws {
        let server = try Server { _ in .ok(#"{"items":[],"next_cursor":"again"}"#) }
        let client = try client(server)
        let error = try await failure { for try await _ in client.catalog.prices.all() {} }
        #expect(error.kind == .unexpectedResponse)
    }

    @Test func cancellingATaskClosesItsConnection() async throws {
        let server = try Server { _ in .never }
        let client = try client(server)
        let call = Task { try await client.checkout.sessions.create(request) }
        _ = try await server.requests.next()
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        try await server.givenUp.next()
    }

    @Test func aTaskThatIsCancelledBeforeItsCallSendsNothing() async throws {
        let server = try Server { _ in .ok(created) }
        let client = try client(server)
        let call = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.checkout.sessions.create(request)
        }
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(server.requests.isEmpty)
    }

    @Test func aClosedClientRefusesCallsAndAnotherClose() async throws {
        let server = try Server { _ in .never }
        let client = try client(server)
        let call = Task { try await client.checkout.sessions.retrieve("cs_1") }
        _ = try await server.requests.next()
        try client.close()
        for error in [
            try await failure { try await call.value },
            try await failure { try await client.catalog.products.list() },
            try await failure { try client.close() },
        ] {
            #expect(error.kind == .configuration && error.param == "client")
        }
        try await server.givenUp.next()
    }

    @Test func callsAndClosesOnEightThreadsAThousandTimes() async throws {
        let server = try Server { _ in .never }
        let clients = try (0..<1000).map { _ in try client(server) }
        let closed = Mailbox<Bool>()
        let calls = Mailbox<Task<FastStarError.Kind?, Never>>()
        for thread in 0..<8 {
            Thread.detachNewThread {
                for client in clients {
                    if thread.isMultiple(of: 2) {
                        calls.put(
                            Task {
                                do {
                                    _ = try await client.checkout.sessions.retrieve("cs_1")
                                } catch let error as FastStarError {
                                    return error.kind
                                } catch {}
                                return nil
                            })
                    }
                    do {
                        try client.close()
                        closed.put(true)
                    } catch {
                        closed.put((error as? FastStarError)?.kind != .configuration)
                    }
                }
            }
        }
        var successes = 0
        for _ in 0..<8 * clients.count where try await closed.next() { successes += 1 }
        #expect(
            successes == clients.count, "each client is closed once, and every other close is a typed error")
        for _ in 0..<4 * clients.count {
            #expect(try await calls.next().value == .configuration)
        }
    }

    @Test func aPanicIsATypedError() async throws {
        let server = try Server { _ in .never }
        let raw = try RawClient(
            config: ClientOptions(baseURL: server.url).raw(apiKey: "k"))
        for error in [
            try await failure { try native { try panicHere() } },
            try await failure { try await nativeCall { _ in try await panicLater(client: raw) } },
        ] {
            #expect(error.kind == .internal && error.code == "internal")
            #expect(!"\(error)".contains("CANARY"))
        }
    }

    @Test func theWatchOfAClientHasItsCallsOptions() async throws {
        let server = try Server { _ in .never }
        let options = CallOptions(maxRetries: -1)
        var watch = try client(server).checkout.sessions.watch("cs_1", options: options).makeAsyncIterator()
        let error = try await failure { try await watch.next() }
        #expect(error.kind == .configuration && error.param == "maxRetries")
    }

    @Test func theWatchOfAClientEndsWithItsSession() async throws {
        let merchant = try await Sandbox.merchant()
        let client = try merchant.client()
        let request = CreateSession(mode: .payment, lineItems: [.adHoc(amount: 999, currency: "USD")])
        let id = try await client.checkout.sessions.create(request).id
        var seen: [SessionStatus] = []
        for try await session in client.checkout.sessions.watch(id) {
            seen.append(session.status)
            if session.status == .open { _ = try await merchant.drive("sessions/\(id)/complete") }
        }
        #expect(seen == [.open, .complete])
    }
}

/// No secret is in what is printed, dumped or mirrored.
@Suite struct SecretTests {
    func shown(_ value: Any) -> String {
        var text = "\(value) \(String(reflecting: value)) "
        dump(value, to: &text)
        return text
    }

    @Test func secretsAreInNoDescriptionDumpOrMirror() async throws {
        let answer = try CreatedSession(json: Data(created.utf8))
        #expect(answer.url.contains("CANARY") && answer.session.sessionToken == "CANARY-token")
        let page = try Cashier().check(answer.url)
        #expect(page.url.absoluteString.contains("CANARY"))
        var request = request
        request.customerEmail = "CANARY@shop.example"
        let body = Data(#"{"id":"evt_1","type":"payment.succeeded","data":{"email":"CANARY"}}"#.utf8)
        let client = try FastStar(apiKey: "CANARY-key", options: ClientOptions(baseURL: "http://127.0.0.1:1"))
        let values: [Any] = [
            answer, answer.session, [answer], Optional(answer) as Any, page, request, client,
            client.checkout.sessions,
            try Event(parsing: body),
        ]
        for value in values {
            #expect(!shown(value).contains("CANARY"))
        }
        #expect(shown(answer).contains("cs_1"))
    }

    @Test func aKeyThatAServerEchoesIsInNoError() async throws {
        let server = try Server { request in
            .json(
                401, #"{"success":false,"message":"no merchant has \#(request.headers["x-api-key"] ?? "")"}"#)
        }
        let client = try FastStar(apiKey: "CANARY-key", options: ClientOptions(baseURL: server.url))
        let error = try await failure { try await client.checkout.sessions.retrieve("cs_1") }
        #expect(error.kind == .authentication)
        #expect(!shown(error).contains("CANARY"))
    }

    @Test func aWrongKeyOrSecretIsInNoError() async throws {
        let errors = [
            try await failure { try FastStar(apiKey: "CANARY\nkey") },
            try await failure { try Webhook.verify(Data(), signature: "t=1,v1=CANARY", secret: "CANARY") },
            try await failure { try Cashier().check("https://evil.example/checkout/cs_1?token=CANARY") },
        ]
        for error in errors { #expect(!shown(error).contains("CANARY")) }
    }
}
