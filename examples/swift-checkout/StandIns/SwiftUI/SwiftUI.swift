// Declares of SwiftUI what CheckoutView.swift uses, so that Linux's compiler can read it.

@MainActor public protocol View {
    associatedtype Body: View
    @ViewBuilder var body: Body { get }
}

extension Never: View {
    public var body: Never { return fatalError() }
}

@resultBuilder public enum ViewBuilder {
    public static func buildBlock<each Content: View>(_ content: repeat each Content) -> some View {
        Nothing()
    }
    public static func buildOptional(_ content: (some View)?) -> some View { Nothing() }
}

public struct Nothing: View {
    nonisolated public init() {}
    public var body: Never { return fatalError() }
}

public struct Text: View {
    public init(_ text: String) {}
    public var body: Never { return fatalError() }
}

public struct Button: View {
    public init(_ title: String, action: @escaping @MainActor () -> Void) {}
    public var body: Never { return fatalError() }
}

public struct VStack<Content: View>: View {
    public init(@ViewBuilder content: () -> Content) {}
    public var body: Never { return fatalError() }
}

@propertyWrapper public struct State<Value> {
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
    public var wrappedValue: Value {
        get { fatalError() }
        nonmutating set {}
    }
}

extension View {
    public func task(_ action: @escaping @MainActor @Sendable () async -> Void) -> some View { Nothing() }
}
