import Foundation

/// A file to download, and what its content must be.
struct RemoteContent: Sendable {
    /// The name in messages.
    let name: String
    /// Size in bytes.
    let size: Int
    let digest: ContentDigest
    let url: URL
}

/// Downloads one file. Resumes an earlier download, retries, and verifies the digest.
struct ContentDownload: Sendable {
    let content: RemoteContent
    let transport: HubTransport
    let retry: RetryPolicy
    let report: @Sendable (PullEvent) -> Void
    /// The error that a failure of the last attempt means.
    let error: @Sendable (TransportFailure) -> any Error

    /// Downloads the file, which appears under its name when it is complete and verified. The caller holds its lock.
    /// - Throws: `HubError`, `CancellationError`, those of `error`; the part received so far stays for the next try.
    func run(to target: URL) async throws {
        var found = ""
        for _ in 0..<2 {
            let partial = try PartialFile(for: target)
            let digest = try await fill(partial)
            if digest == content.digest {
                try partial.commit(to: target)
                report(.finished(path: content.name))
                return
            }
            found = digest.map(\.description) ?? "more than \(content.size) bytes"
            partial.remove()
            report(.discarded(path: content.name, bytes: partial.size, reason: "its content is wrong (\(found))"))
        }
        throw HubError.wrongContent(path: content.name, expected: content.digest.description, found: found)
    }

    /// Downloads the rest of `partial`, with retries.
    /// - Returns: the digest of the whole file; nil if the server sent more bytes than the file's size.
    private func fill(_ partial: PartialFile) async throws -> ContentDigest? {
        if partial.size > content.size { try partial.clear() }
        var digest = DigestBuilder(like: content.digest, size: content.size)
        try partial.read(into: &digest)
        if partial.size > 0 { report(.found(path: content.name, bytes: partial.size)) }
        var attempts = Attempts(retry)
        // A server that sends the same bytes again and again makes no progress.
        var furthest = partial.size
        while partial.size < content.size {
            do {
                guard try await receive(into: partial, &digest) else { return nil }
            } catch let failure as TransportFailure {
                if partial.size > furthest { attempts.reset() }
                furthest = max(furthest, partial.size)
                var isTransient = failure.isTransient
                // The server can't resume at this position.
                if case .status(416, _, _, _, _) = failure, partial.size > 0 {
                    try restart(partial, &digest)
                    isTransient = true
                }
                try await wait(&attempts, after: failure, isTransient, partial)
            }
        }
        return digest.finish()
    }

    /// Receives the response to one request.
    /// - Returns: false if it has more bytes than the file's size.
    /// - Throws: `TransportFailure` if it ends early.
    private func receive(into partial: PartialFile, _ digest: inout DigestBuilder) async throws -> Bool {
        let response = try await transport.get(content.url, rangeFrom: partial.size)
        let host = content.url.authority
        if partial.size > 0 {
            let range = response.headers["Content-Range"] ?? ""
            let continues = response.status == 206 && range.hasPrefix("bytes \(partial.size)-")
            if !continues {
                try restart(partial, &digest)
                // A response with the whole file is accepted as well; one with another range is not.
                guard response.status != 206 else {
                    throw TransportFailure.connection(host: host, reason: "the response has another range than requested")
                }
            }
        }
        do {
            for try await chunk in response.body {
                try Task.checkCancellation()
                guard partial.size + chunk.count <= content.size else { return false }
                try chunk.withUnsafeBytes { bytes in
                    try partial.append(bytes)
                    digest.update(bytes)
                }
                report(.received(bytes: chunk.count))
            }
        } catch HubError.diskFull(let folder, _, let available) {
            throw HubError.diskFull(folder: folder, needed: content.size - partial.size, available: available)
        } catch let error as HubError {
            throw error
        } catch {
            throw try HubTransport.failure(error, host: host)
        }
        try Task.checkCancellation()
        guard partial.size == content.size else {
            throw TransportFailure.connection(host: host, reason: "the response ended early")
        }
        return true
    }

    private func restart(_ partial: PartialFile, _ digest: inout DigestBuilder) throws(HubError) {
        report(.discarded(path: content.name, bytes: partial.size, reason: "the server can't resume there"))
        try partial.clear()
        digest = DigestBuilder(like: content.digest, size: content.size)
    }

    private func wait(
        _ attempts: inout Attempts, after failure: TransportFailure, _ isTransient: Bool, _ partial: PartialFile
    ) async throws {
        do {
            try await attempts.wait(after: failure, isTransient: isTransient) {
                report(.retrying(what: content.name, reason: failure.summary, delay: $0))
            }
        } catch let failure as TransportFailure {
            guard case .connection(_, let reason) = failure, partial.size > 0 else {
                throw error(failure)
            }
            throw HubError.interrupted(path: content.name, received: partial.size, size: content.size, reason: reason)
        }
    }
}
