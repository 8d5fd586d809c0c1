import AsyncHTTPClient
import Foundation
import NIOCore
import TensorStore

/// A repository of the hub, as one pull sees it.
struct HubRepository: Sendable {
    let reference: RepositoryReference
    let environment: HubEnvironment
    let transport: HubTransport
    let retry: RetryPolicy
    let report: @Sendable (PullEvent) -> Void

    /// Larger than the listing of any repository of models.
    private static let listingLimit = 64 << 20
    /// Of files that are read to choose others.
    private static let documentLimit = 16 << 20
    /// A machine without network should not need a minute to say so.
    private static let connectionAttempts = 3

    /// Asks which files there are.
    /// - Throws: `HubError`, `CancellationError`.
    func listing() async throws -> RepositoryListing {
        let address =
            "\(environment.endpoint.absoluteString)/api/models/\(reference.repository)/revision/"
            + "\(reference.revision.escapedAsPathPart)?blobs=true"
        guard let url = URL(string: address) else {
            throw HubError.invalidSetting(name: "HF_ENDPOINT", reason: "\(address) is no address")
        }
        var attempts = Attempts(retry, connections: Self.connectionAttempts)
        while true {
            do {
                let bytes = try await body(of: transport.get(url), url: url)
                return try RepositoryListing(parsing: bytes, repository: reference.repository, url: address)
            } catch let failure as TransportFailure {
                do {
                    try await attempts.wait(after: failure) {
                        report(.retrying(what: reference.description, reason: failure.summary, delay: $0))
                    }
                } catch let failure as TransportFailure {
                    throw error(failure)
                }
            }
        }
    }

    private func body(of response: HTTPClientResponse, url: URL) async throws -> [UInt8] {
        do {
            return Array(buffer: try await response.body.collect(upTo: Self.listingLimit))
        } catch is NIOTooManyBytesError {
            throw HubError.unexpectedAnswer(url: url.absoluteString, reason: "more than \(Self.listingLimit) bytes")
        } catch {
            throw try HubTransport.failure(error, host: url.authority)
        }
    }

    /// Brings `file` into the cache and reads it.
    func document(_ file: RemoteFile, commit: String) async throws -> JSONValue {
        guard file.size <= Self.documentLimit else {
            throw HubError.unexpectedAnswer(url: file.path, reason: "\(file.size) bytes are too many for a file of JSON")
        }
        // Without a lock where it is there: a cache that may only be read will do.
        if !environment.cache.hasBlob(of: file, in: reference.repository) {
            _ = try await BlobDownload(hub: self, file: file, commit: commit).run()
        }
        let blob = environment.cache.blob(file.digest, of: reference.repository)
        do {
            return try JSONValue(parsing: Data(contentsOf: blob))
        } catch {
            throw HubError.unexpectedAnswer(url: file.path, reason: "\(error)")
        }
    }

    /// Where the content of `file` is asked for.
    func address(of file: RemoteFile, commit: String) throws(HubError) -> URL {
        let path = file.path.split(separator: "/").map { String($0).escapedAsPathPart }.joined(separator: "/")
        let address = "\(environment.endpoint.absoluteString)/\(reference.repository)/resolve/\(commit)/\(path)"
        guard let url = URL(string: address) else { throw .unexpectedAnswer(url: address, reason: "it is no address") }
        return url
    }

    func error(_ failure: TransportFailure, path: String? = nil) -> HubError {
        HubError(
            failure, reference: reference, path: path, endpoint: environment.endpoint, hasToken: environment.token != nil)
    }
}

extension String {
    /// With everything but unreserved characters escaped, the slash too (RFC 3986).
    var escapedAsPathPart: String {
        let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return addingPercentEncoding(withAllowedCharacters: unreserved) ?? self
    }
}
