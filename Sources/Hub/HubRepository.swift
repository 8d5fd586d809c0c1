import Foundation
import TensorStore

/// A repository of the hub within one pull.
struct HubRepository: Sendable {
    let reference: RepositoryReference
    let environment: HubEnvironment
    let transport: HubTransport
    let retry: RetryPolicy
    let report: @Sendable (PullEvent) -> Void

    /// Limit for listings, in bytes; larger than that of any model repository.
    private static let listingLimit = 64 << 20
    /// Limit, in bytes, for JSON files that the selection depends on.
    private static let documentLimit = 16 << 20

    /// Requests the list of files.
    /// - Throws: `HubError`, `CancellationError`.
    func listing() async throws -> RepositoryListing {
        let address =
            "\(environment.endpoint.absoluteString)/api/models/\(reference.repository)/revision/"
            + "\(reference.revision.escapedAsPathPart)?blobs=true"
        guard let url = URL(string: address) else {
            throw HubError.invalidSetting(name: "HF_ENDPOINT", reason: "\(address) is not a URL")
        }
        let bytes: [UInt8]
        do {
            bytes = try await transport.document(
                url, named: reference.description, limit: Self.listingLimit, retry: retry, report: report)
        } catch let failure as TransportFailure {
            throw error(failure)
        }
        return try RepositoryListing(parsing: bytes, repository: reference.repository, url: address)
    }

    /// Downloads `file` into the cache and reads it.
    func document(_ file: RemoteFile, commit: String) async throws -> JSONValue {
        guard file.size <= Self.documentLimit else {
            throw HubError.unexpectedAnswer(url: file.path, reason: "\(file.size) bytes are too many for a JSON file")
        }
        // A cached file is read without a lock, so that a read-only cache works.
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

    /// URL of the content of `file`.
    func address(of file: RemoteFile, commit: String) throws(HubError) -> URL {
        let path = file.path.split(separator: "/").map { String($0).escapedAsPathPart }.joined(separator: "/")
        let address = "\(environment.endpoint.absoluteString)/\(reference.repository)/resolve/\(commit)/\(path)"
        guard let url = URL(string: address) else { throw .unexpectedAnswer(url: address, reason: "it is not a URL") }
        return url
    }

    func error(_ failure: TransportFailure, path: String? = nil) -> HubError {
        HubError(
            failure, reference: reference, path: path, endpoint: environment.endpoint, hasToken: environment.token != nil)
    }
}

extension String {
    /// Percent-encodes everything but unreserved characters, including slashes (RFC 3986).
    var escapedAsPathPart: String {
        let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return addingPercentEncoding(withAllowedCharacters: unreserved) ?? self
    }
}

/// The files of a repository at one commit.
struct RepositoryListing: Sendable {
    /// Commit hash, 40 digits.
    let commit: String
    let files: [RemoteFile]

    /// Largest file size accepted: above any file of the hub, and small enough that sums don't overflow.
    private static let sizeLimit = 1 << 42

    /// Parses the hub's response to `GET /api/models/<repository>/revision/<revision>?blobs=true`.
    /// - Throws: `HubError.unexpectedAnswer`, `.unsafePath`.
    init(parsing bytes: [UInt8], repository: String, url: String) throws(HubError) {
        func unusable(_ reason: String) -> HubError { .unexpectedAnswer(url: url, reason: reason) }
        let document: JSONValue
        do { document = try JSONValue(parsing: bytes) } catch { throw unusable("\(error)") }
        guard let commit = document["sha"]?.string, commit.isHex(count: 40) else {
            throw unusable("it has no commit ('sha' of 40 digits)")
        }
        guard let siblings = document["siblings"]?.array else { throw unusable("it has no list of files ('siblings')") }
        var files: [RemoteFile] = []
        for sibling in siblings {
            guard let path = sibling["rfilename"]?.string else { throw unusable("a file has no name ('rfilename')") }
            let digest: ContentDigest
            if let hex = sibling["lfs"]?["sha256"]?.string, hex.isHex(count: 64) {
                digest = .sha256(hex)
            } else if sibling["lfs"]?.object == nil, let hex = sibling["blobId"]?.string, hex.isHex(count: 40) {
                digest = .gitBlob(hex)
            } else {
                throw unusable("the file '\(path)' has no checksum ('lfs.sha256' or 'blobId')")
            }
            guard let size = sibling["lfs"]?["size"]?.int ?? sibling["size"]?.int, (0...Self.sizeLimit).contains(size) else {
                throw unusable("the file '\(path)' has no valid size")
            }
            files.append(try RemoteFile(path: path, size: size, digest: digest, repository: repository))
        }
        guard Set(files.map(\.path)).count == files.count else { throw unusable("a file is listed twice") }
        self.commit = commit
        self.files = files
    }
}

/// A file of a repository.
public struct RemoteFile: Hashable, Sendable {
    /// Path in the repository: one or more names separated by `/`, none of them `.` or `..`.
    public let path: String
    /// Size in bytes.
    public let size: Int
    public let digest: ContentDigest

    /// - Throws: `HubError.unsafePath`. The path is checked because it comes from the hub and files are written to it.
    init(path: String, size: Int, digest: ContentDigest, repository: String) throws(HubError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }), parts.count <= 32,
            parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255 })
        else { throw .unsafePath(path, repository: repository) }
        self.path = path
        self.size = size
        self.digest = digest
    }

    /// The file's folder; `""` for the root.
    var folder: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }

    /// The file's name without its folder.
    var name: String { path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path }
}
