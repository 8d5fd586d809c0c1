import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

@testable import Hub

/// A local server that behaves like the hub, with a second port for its content network.
final class HubServer: Sendable {
    static let commit = "0123456789abcdef0123456789abcdef01234567"

    enum Part: Sendable { case hub, contents }

    struct Request: Sendable {
        let part: Part
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
    private let channels: Mutex<[any Channel]> = Mutex([])
    private let ports: Mutex<[Part: Int]> = Mutex([:])

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
        for part in [Part.hub, .contents] { try await server.listen(part) }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(server)) } catch { outcome = .failure(error) }
        for channel in server.channels.withLock({ $0 }) { try? await channel.close() }
        try outcome.get()
    }

    var endpoint: String { address(.hub) }
    var requests: [Request] { state.withLock(\.requests) }
    func requests(_ part: Part) -> [Request] { requests.filter { $0.part == part } }

    /// Makes the next requests for `path` fail, one after the other.
    /// - Parameter path: path of a file in the content network, or of the hub's URL if it does not begin with `/`.
    func answer(_ path: String, with faults: Fault...) { state.withLock { $0.faults[path, default: []] += faults } }

    private func address(_ part: Part) -> String { "http://127.0.0.1:\(ports.withLock { $0[part] ?? 0 })" }

    private func listen(_ part: Part) async throws {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(server: self, part: part))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        channels.withLock { $0.append(channel) }
        ports.withLock { $0[part] = channel.localAddress?.port ?? 0 }
    }

    // MARK: Answers

    fileprivate struct Answer {
        var status = 200
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        /// Bytes of the body after which the connection is closed.
        var dropAfter: Int?
    }

    fileprivate func answer(_ head: HTTPRequestHead, _ part: Part) -> Answer {
        let path = (head.uri.split(separator: "?").first.map(String.init) ?? "").removingPercentEncoding ?? ""
        let range = head.headers.first(name: "Range")
        let fault = state.withLock { state -> Fault? in
            state.requests.append(
                Request(part: part, path: path, authorization: head.headers.first(name: "Authorization"), range: range))
            let key = part == .hub ? path : String(path.dropFirst("/contents/".count))
            guard let faults = state.faults[key], !faults.isEmpty else { return nil }
            state.faults[key]?.removeFirst()
            return faults[0]
        }
        switch fault {
        case .status(let status, let headers): return Answer(status: status, headers: headers)
        case .redirect(let address): return Answer(status: 302, headers: ["Location": address])
        default: return part == .hub ? hubAnswer(path, range, fault) : contentAnswer(path, range, fault)
        }
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
        if case .drop(let count) = fault { answer.dropAfter = count }
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

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: HubServer
    private let part: HubServer.Part

    init(server: HubServer, part: HubServer.Part) {
        self.server = server
        self.part = part
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let request) = unwrapInboundIn(data) else { return }
        let answer = server.answer(request, part)
        var head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status))
        for (name, value) in answer.headers { head.headers.add(name: name, value: value) }
        head.headers.add(name: "Content-Length", value: "\(answer.body.count)")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let body = context.channel.allocator.buffer(bytes: answer.body.prefix(answer.dropAfter ?? .max))
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        guard answer.dropAfter == nil else {
            // Most of the written data reach the client before the connection closes; data that the client has not yet
            // processed are lost with the connection.
            context.flush()
            let channel = context.channel
            channel.eventLoop.scheduleTask(in: .milliseconds(150)) { channel.close(promise: nil) }
            return
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
