internal import FastStarGlue

/// A page of a list.
public struct Page<Item: Hashable & Sendable>: Hashable, Sendable {
    /// The items, in the server's order.
    public let items: [Item]
    /// What `list` takes for the page after this one; nil on the last one.
    public let nextCursor: String?
    /// The `X-Request-Id` of the answer that it came with. Two pages are equal without it.
    public var requestID: String? { answer.requestID }
    let answer: Answer

    init(_ items: [Item], nextCursor: String?, requestID: String?) {
        self.items = items
        self.nextCursor = nextCursor
        answer = Answer(requestID: requestID)
    }
}

/// All items of a list: `for try await product in client.catalog.products.all() { … }`.
public struct Items<Element: Hashable & Sendable>: AsyncSequence, Sendable {
    private let page: @Sendable (_ cursor: String?) async throws -> Page<Element>

    init(_ page: @escaping @Sendable (_ cursor: String?) async throws -> Page<Element>) {
        self.page = page
    }

    /// Starts at the first page.
    public func makeAsyncIterator() -> Iterator {
        Iterator(page: page)
    }

    /// A walk on its way.
    public struct Iterator: AsyncIteratorProtocol {
        let page: @Sendable (_ cursor: String?) async throws -> Page<Element>
        private var cursors: RawCursors?
        private var cursor: String?
        private var items: ArraySlice<Element> = []
        private var isLast = false

        init(page: @escaping @Sendable (_ cursor: String?) async throws -> Page<Element>) {
            self.page = page
        }

        /// Gives the next item, of the next page where this one is used up.
        public mutating func next() async throws -> Element? {
            let cursors = try self.cursors ?? native { try RawCursors(start: nil) }
            self.cursors = cursors
            while items.isEmpty {
                if isLast { return nil }
                let got = try await page(cursor)
                items = got.items[...]
                cursor = try native { try cursors.follow(next: got.nextCursor) }
                isLast = cursor == nil
            }
            return items.removeFirst()
        }
    }
}
