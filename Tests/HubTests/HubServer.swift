import Foundation
import Synchronization

@testable import Hub

/// A local server that behaves like the hub, with a second port for its content network.
final class HubServer: Sendable {
    static let commit = "0123456789abcdef0123456789abcdef01234567"

    enum Part: Sendable { case hub, contents }

    struct Request: Sendable {
        let part: Part
        /// The request's target as it was sent: a URL if the server is used as a proxy.
        let target: String
        let path: String
        let authorization: String?
        let range: String?
    }

    /// A faulty response to the next request for a path.
    enum Fault: Sendable {
        case status(Int, [String: String] = [:])
        /// Closes the connection after this number of bytes of the body.
        case drop(after: Int)
        /// Responds with the whole content.
        case ignoredRange
        case shiftedRange
        case content([UInt8])
        case redirect(String)
        /// Sends nothing.
        case silence
        /// Sends nothing more after this number of bytes of the body.
        case stall(after: Int)
        /// Responds as soon as this number of requests has reached the content network.
        case together(Int)
    }

    private struct State {
        var requests: [Request] = []
        var faults: [String: [Fault]] = [:]
    }

    /// The model's files by path. Names ending with `.safetensors` or `.bin` are served by the content network.
    private let files: [String: [UInt8]]
    private let repository: String
    /// Wrong sizes in the listing.
    private let claimedSizes: [String: Int]
    private let state = Mutex(State())
    private let servers: Mutex<[Part: LocalServer]> = Mutex([:])

    private init(_ repository: String, _ files: [String: [UInt8]], _ claimedSizes: [String: Int]) {
        self.repository = repository
        self.files = files
        self.claimedSizes = claimedSizes
    }

    /// Runs `body` with a server, and stops it afterwards.
    static func with(
        _ repository: String = "owner/model", files: [String: [UInt8]], claimedSizes: [String: Int] = [:],
        _ body: (HubServer) async throws -> Void
    ) async throws {
        let server = HubServer(repository, files, claimedSizes)
        for part in [Part.hub, .contents] {
            let local = try LocalServer { server.answer($0, part) }
            server.servers.withLock { $0[part] = local }
        }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(server)) } catch { outcome = .failure(error) }
        for local in server.servers.withLock(\.values) { local.stop() }
        try outcome.get()
    }

    var endpoint: String { address(.hub) }
    var requests: [Request] { state.withLock(\.requests) }
    func requests(_ part: Part) -> [Request] { requests.filter { $0.part == part } }
    func counts(_ part: Part) -> LocalServer.Counts { servers.withLock { $0[part]?.counts ?? LocalServer.Counts() } }

    /// Makes the next requests for `path` fail, one after the other.
    /// - Parameter path: path of a file in the content network, or of the hub's URL if it does not begin with `/`.
    func answer(_ path: String, with faults: Fault...) { state.withLock { $0.faults[path, default: []] += faults } }

    private func address(_ part: Part) -> String { "http://127.0.0.1:\(servers.withLock { $0[part]?.port ?? 0 })" }

    // MARK: Answers

    private typealias Answer = LocalServer.Answer

    private func answer(_ request: LocalServer.Request, _ part: Part) -> Answer {
        let path = Self.path(request.target)
        let range = request.headers["Range"]
        let fault = state.withLock { state -> Fault? in
            state.requests.append(
                Request(
                    part: part, target: request.target, path: path, authorization: request.headers["Authorization"],
                    range: range))
            let key = part == .hub ? path : String(path.dropFirst("/contents/".count))
            guard let faults = state.faults[key], !faults.isEmpty else { return nil }
            state.faults[key]?.removeFirst()
            return faults[0]
        }
        switch fault {
        case .status(let status, let headers): return Answer(status: status, headers: headers)
        case .redirect(let address): return Answer(status: 302, headers: ["Location": address])
        case .silence: return Answer(ending: .silence)
        case .together(let count) where !waits(for: count): return Answer(status: 400)
        default: return part == .hub ? hubAnswer(path, range, fault) : contentAnswer(path, range, fault)
        }
    }

    /// The path of a request's target, without the query.
    private static func path(_ target: String) -> String {
        var path = target.split(separator: "?").first.map(String.init) ?? ""
        if let scheme = path.range(of: "://") { path = String(path[scheme.upperBound...].drop { $0 != "/" }) }
        return path.removingPercentEncoding ?? ""
    }

    /// Waits until `count` requests have reached the content network; false if they do not come.
    private func waits(for count: Int) -> Bool {
        for _ in 0..<1000 {
            if requests(.contents).count >= count { return true }
            Thread.sleep(forTimeInterval: 0.005)
        }
        return false
    }

    private func hubAnswer(_ path: String, _ range: String?, _ fault: Fault?) -> Answer {
        let api = "/api/models/\(repository)/revision/"
        if path.hasPrefix(api) {
            guard ["main", Self.commit, "refs/pr/1"].contains(String(path.dropFirst(api.count))) else {
                return Answer(status: 404, headers: ["X-Error-Code": "RevisionNotFound"])
            }
            return Answer(body: listing)
        }
        let resolve = "/\(repository)/resolve/\(Self.commit)/"
        guard path.hasPrefix(resolve) else { return Answer(status: 404, headers: ["X-Error-Code": "RepoNotFound"]) }
        let name = String(path.dropFirst(resolve.count))
        guard let content = files[name] else { return Answer(status: 404, headers: ["X-Error-Code": "EntryNotFound"]) }
        guard isLarge(name) else { return ranged(content, range, fault) }
        return Answer(
            status: 302,
            headers: [
                "X-Repo-Commit": Self.commit, "X-Linked-Size": "\(content.count)", "X-Linked-ETag": "\"\(digest(name).hex)\"",
                "Location": "\(address(.contents))/contents/\(name)?signature=1",
            ])
    }

    private func contentAnswer(_ path: String, _ range: String?, _ fault: Fault?) -> Answer {
        guard let content = files[String(path.dropFirst("/contents/".count))] else { return Answer(status: 404) }
        return ranged(content, range, fault)
    }

    private func ranged(_ content: [UInt8], _ range: String?, _ fault: Fault?) -> Answer {
        var answer = Answer(body: content)
        if case .content(let other) = fault { answer.body = other }
        if case .drop(let count) = fault { answer.ending = .drop(after: count) }
        if case .stall(let count) = fault { answer.ending = .stall(after: count) }
        if case .ignoredRange = fault { return answer }
        guard let range, var start = Int(range.dropFirst("bytes=".count).dropLast()) else { return answer }
        guard start < content.count else { return Answer(status: 416) }
        if case .shiftedRange = fault { start -= 1 }
        answer.status = 206
        answer.headers["Content-Range"] = "bytes \(start)-\(content.count - 1)/\(content.count)"
        answer.body = Array(answer.body.dropFirst(start))
        return answer
    }

    private func isLarge(_ name: String) -> Bool { name.hasSuffix(".safetensors") || name.hasSuffix(".bin") }

    func digest(_ name: String) -> ContentDigest {
        let content = files[name] ?? []
        return ContentDigest(of: content, isLarge: isLarge(name))
    }

    private var listing: [UInt8] {
        let siblings = files.keys.sorted().map { name -> [String: Any] in
            let size = claimedSizes[name] ?? files[name]?.count ?? 0
            var sibling: [String: Any] = ["rfilename": name, "size": size, "blobId": String(repeating: "0", count: 40)]
            switch digest(name) {
            case .sha256(let hex): sibling["lfs"] = ["sha256": hex, "size": size, "pointerSize": 134]
            case .gitBlob(let hex): sibling["blobId"] = hex
            }
            return sibling
        }
        let document: [String: Any] = ["id": repository, "sha": Self.commit, "siblings": siblings]
        return ((try? JSONSerialization.data(withJSONObject: document)).map(Array.init)) ?? []
    }
}

extension ContentDigest {
    init(of content: [UInt8], isLarge: Bool) {
        var builder = DigestBuilder(like: isLarge ? .sha256("") : .gitBlob(""), size: content.count)
        content.withUnsafeBytes { builder.update($0) }
        self = builder.finish()
    }
}
