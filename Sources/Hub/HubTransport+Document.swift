import Foundation

extension HubTransport {
    /// Connection attempts for a document: few, so that a missing network is reported within seconds.
    private static let connectionAttempts = 3

    /// Requests a document, with retries.
    /// - Parameters:
    ///   - what: the document's name in reports.
    ///   - accept: the media types to ask for; nil for any.
    ///   - limit: the most bytes that it may have.
    /// - Throws: `TransportFailure` of the last attempt; `HubError.unexpectedAnswer`, `CancellationError`.
    func document(
        _ url: URL, named what: String, accept: String? = nil, limit: Int, retry: RetryPolicy,
        report: (PullEvent) -> Void
    ) async throws -> [UInt8] {
        var attempts = Attempts(retry, connections: Self.connectionAttempts)
        while true {
            do {
                return try await body(of: get(url, accept: accept), url: url, limit: limit)
            } catch let failure as TransportFailure {
                try await attempts.wait(after: failure) {
                    report(.retrying(what: what, reason: failure.summary, delay: $0))
                }
            }
        }
    }

    private func body(of response: HTTPResponse, url: URL, limit: Int) async throws -> [UInt8] {
        let bytes: [UInt8]?
        do {
            bytes = try await response.body.collect(upTo: limit)
        } catch {
            throw try Self.failure(error, host: url.authority)
        }
        guard let bytes else { throw HubError.unexpectedAnswer(url: url.absoluteString, reason: "more than \(limit) bytes") }
        return bytes
    }
}
