import Foundation
import NIOCore
import NIOHTTP1

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
