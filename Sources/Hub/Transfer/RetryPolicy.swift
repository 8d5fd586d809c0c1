/// How often, and after how long, a request is tried again.
public struct RetryPolicy: Sendable {
    /// Tries in a row that bring nothing.
    public var attempts: Int
    /// Before the second try; twice as long before each further one.
    public var firstDelay: Duration
    public var longestDelay: Duration
    /// The longest wait that a server may ask for.
    public var longestWait: Duration
    var sleep: @Sendable (Duration) async throws -> Void

    public init(
        attempts: Int = 5, firstDelay: Duration = .seconds(1), longestDelay: Duration = .seconds(16),
        longestWait: Duration = .seconds(300)
    ) {
        self.attempts = attempts
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.longestWait = longestWait
        sleep = { try await Task.sleep(for: $0) }
    }

    /// How long to wait after `failures` tries that failed; nil to give up.
    /// - Parameter asked: what the server asks for.
    func delay(after failures: Int, asked: Duration?) -> Duration? {
        guard failures < attempts else { return nil }
        if let asked { return asked <= longestWait ? asked : nil }
        return min(firstDelay * (1 << min(failures - 1, 16)), longestDelay)
    }
}

/// The tries of one request.
struct Attempts {
    let policy: RetryPolicy
    private var failures = 0

    /// Failures to connect in a row after which to give up, where that is sooner than for other failures.
    private let connections: Int

    init(_ policy: RetryPolicy, connections: Int = .max) {
        self.policy = policy
        self.connections = connections
    }

    /// Forgets the failures, after something came.
    mutating func reset() { failures = 0 }

    /// Waits until the request may be made again.
    /// - Throws: `failure` where it is of no use to try again, `CancellationError`.
    mutating func wait(after failure: TransportFailure, report: (Duration) -> Void) async throws {
        failures += 1
        if case .connection = failure, failures >= connections { throw failure }
        guard failure.isTransient, var delay = policy.delay(after: failures, asked: failure.retryAfter) else { throw failure }
        // So that those who were turned away together do not come back together.
        delay += min(delay, .seconds(1)) * Double.random(in: 0...0.25)
        report(delay)
        try await policy.sleep(delay)
    }
}
