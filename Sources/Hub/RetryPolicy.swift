import Foundation
import NIOCore
import NIOHTTP1

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

/// How long a server asks to be left alone.
enum RetryAfter {
    /// `Retry-After` in seconds or as a date (RFC 9110), or the hub's `RateLimit: "api";r=0;t=55`.
    static func duration(in headers: HTTPHeaders, now: Date = Date()) -> Duration? {
        if let text = headers.first(name: "Retry-After")?.trimmingCharacters(in: .whitespaces) {
            if let seconds = Int(text), (0...86_400 * 365).contains(seconds) { return .seconds(seconds) }
            if let date = Self.date(text) { return .seconds(max(0, Int(date.timeIntervalSince(now).rounded(.up)))) }
        }
        guard let limit = headers.first(name: "RateLimit") else { return nil }
        let fields = limit.split(separator: ";").map { $0.filter { $0 != " " } }
        guard fields.contains("r=0"), let reset = fields.first(where: { $0.hasPrefix("t=") }),
            let seconds = Int(reset.dropFirst(2)), (0...86_400).contains(seconds)
        else { return nil }
        // Seconds are rounded down there.
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

/// Why one try of a request failed.
enum TransportFailure: Error {
    /// No answer, or one that broke off.
    case connection(host: String, reason: String)
    /// An answer other than success.
    case status(Int, host: String, isEndpoint: Bool, errorCode: String?, retryAfter: Duration?)

    /// Whether it may work the next time.
    var isTransient: Bool {
        switch self {
        case .connection: true
        case .status(let code, _, _, _, _): [408, 429, 500, 502, 503, 504].contains(code)
        }
    }

    var retryAfter: Duration? {
        if case .status(_, _, _, _, let duration) = self { duration } else { nil }
    }

    /// In a few words.
    var summary: String {
        switch self {
        case .connection(_, let reason): reason
        case .status(429, let host, _, _, _): "\(host) takes no more requests for now"
        case .status(let code, let host, _, _, _): "\(host) answers with status \(code)"
        }
    }
}

extension HubError {
    /// What a failure means for the repository, or for one of its files.
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
