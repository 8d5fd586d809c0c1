import Foundation

/// Number of attempts and delays for retrying a request.
public struct RetryPolicy: Sendable {
    /// Maximum number of consecutive attempts that receive nothing.
    public var attempts: Int
    /// Delay before the second attempt. It doubles before each further attempt.
    public var firstDelay: Duration
    public var longestDelay: Duration
    /// Longest delay that is granted to a server.
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

    /// Delay after `failures` failed attempts; nil to give up.
    /// - Parameter asked: the delay that the server asks for.
    func delay(after failures: Int, asked: Duration?) -> Duration? {
        guard failures < attempts else { return nil }
        if let asked { return asked <= longestWait ? asked : nil }
        return min(firstDelay * (1 << min(failures - 1, 16)), longestDelay)
    }
}

/// Counter of the failed attempts of one request.
struct Attempts {
    let policy: RetryPolicy
    private var failures = 0

    /// Consecutive connection failures after which to give up, if fewer than for other failures.
    private let connections: Int

    init(_ policy: RetryPolicy, connections: Int = .max) {
        self.policy = policy
        self.connections = connections
    }

    /// Resets the count after data were received.
    mutating func reset() { failures = 0 }

    /// Waits until the next attempt.
    /// - Parameter isTransient: whether another attempt may succeed; nil to decide by the failure alone.
    /// - Throws: `failure` if there should be no further attempt; `CancellationError`.
    mutating func wait(
        after failure: TransportFailure, isTransient: Bool? = nil, report: (Duration) -> Void
    ) async throws {
        failures += 1
        if case .connection = failure, failures >= connections { throw failure }
        guard isTransient ?? failure.isTransient, var delay = policy.delay(after: failures, asked: failure.retryAfter) else {
            throw failure
        }
        // Random jitter, so that clients refused at the same time don't retry at the same time.
        delay += min(delay, .seconds(1)) * Double.random(in: 0...0.25)
        report(delay)
        try await policy.sleep(delay)
    }
}

/// Delay that a server asks for before the next request.
enum RetryAfter {
    /// The longest delay, in seconds; a server that asks for more, such as a date in the year 9999, is given this.
    private static let longest = 86_400.0

    /// Parses `Retry-After` in seconds or as a date (RFC 9110), or the hub's `RateLimit: "api";r=0;t=55`.
    static func duration(in headers: HTTPHeaders, now: Date = Date()) -> Duration? {
        if let text = headers["Retry-After"]?.trimmingCharacters(in: .whitespaces) {
            if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                return .seconds(min(Double(text) ?? longest, longest))
            }
            if let date = Self.date(text) { return .seconds(min(max(0, date.timeIntervalSince(now).rounded(.up)), longest)) }
        }
        guard let limit = headers["RateLimit"] else { return nil }
        let fields = limit.split(separator: ";").map { $0.filter { $0 != " " } }
        guard fields.contains("r=0"), let reset = fields.first(where: { $0.hasPrefix("t=") }),
            let seconds = Int(reset.dropFirst(2)), (0...86_400).contains(seconds)
        else { return nil }
        // The header's seconds are rounded down.
        return .seconds(seconds + 1)
    }

    private static func date(_ text: String) -> Date? {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.date(from: text)
    }
}

/// Failure of one attempt of a request.
enum TransportFailure: Error {
    /// No response, or one that ended early.
    case connection(host: String, reason: String)
    /// A response with a status other than success.
    case status(Int, host: String, isEndpoint: Bool, errorCode: String?, retryAfter: Duration?)

    /// Whether a retry may succeed.
    var isTransient: Bool {
        switch self {
        case .connection: true
        case .status(let code, _, _, _, _): [408, 429, 500, 502, 503, 504].contains(code)
        }
    }

    var retryAfter: Duration? {
        if case .status(_, _, _, _, let duration) = self { duration } else { nil }
    }

    /// Short description for messages.
    var summary: String {
        switch self {
        case .connection(_, let reason): reason
        case .status(429, let host, _, _, _): "\(host) limits the rate of requests"
        case .status(let code, let host, _, _, _): "\(host) answers with status \(code)"
        }
    }
}

extension HubError {
    /// The error that a failure means for a repository, or for one of its files.
    init(_ failure: TransportFailure, reference: RepositoryReference, path: String? = nil, endpoint: URL, hasToken: Bool) {
        let repository = reference.repository
        switch failure {
        case .connection(let host, let reason): self = .unreachable(host: host, reason: reason)
        case .status(429, let host, _, _, let wait):
            self = .rateLimited(host: host, seconds: wait.map { Int($0.components.seconds) })
        case .status(let code, let host, _, _, _) where code >= 500: self = .serverFailure(host: host, status: code)
        case .status(let code, let host, false, _, _):
            self = .unexpectedAnswer(url: host, reason: "status \(code) for \(path ?? repository)")
        case .status(_, _, _, "GatedRepo", _), .status(403, _, _, _, _):
            self = .forbidden(
                repository: repository, page: endpoint.appending(path: repository).absoluteString, hasToken: hasToken)
        case .status(401, _, _, _, _):
            self = .unauthorized(repository: repository, endpoint: endpoint.absoluteString, hasToken: hasToken)
        case .status(404, _, _, "RevisionNotFound", _):
            self = .revisionNotFound(repository: repository, revision: reference.revision)
        case .status(404, _, _, let code, _):
            if let path, code != "RepoNotFound" {
                self = .fileNotFound(repository: repository, path: path)
            } else {
                self = .repositoryNotFound(repository: repository, endpoint: endpoint.absoluteString)
            }
        case .status(let code, let host, _, _, _):
            self = .unexpectedAnswer(url: host, reason: "status \(code) for \(path ?? repository)")
        }
    }
}
