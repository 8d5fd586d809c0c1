import Foundation
import TestSupport
import Testing

@testable import Hub

/// Responses with errors or invalid content.
@Suite struct RefusedPullTests {
    private static let api = "/api/models/owner/model/revision/main"

    private func error(
        _ faults: [HubServer.Fault], at path: String = api, of text: String = "owner/model", token: String? = nil,
        bench: PullBench
    ) async throws -> (HubError?, endpoint: String) {
        var found: HubError?
        var endpoint = ""
        try await HubServer.with(files: SampleModel.files) { server in
            endpoint = server.endpoint
            for fault in faults { server.answer(path, with: fault) }
            found = await #expect(throws: HubError.self) { try await bench.run(bench.pull(endpoint, text, token: token)) }
        }
        return (found, endpoint)
    }

    @Test(arguments: [nil, "hf_token"] as [String?]) func withoutAccess(token: String?) async throws {
        let (error, endpoint) = try await error([.status(401)], token: token, bench: PullBench())
        #expect(error == .unauthorized(repository: "owner/model", endpoint: endpoint, hasToken: token != nil))
        #expect(error.map { "\($0)".contains("HF_TOKEN") } == true)
    }

    @Test func gated() async throws {
        let (error, endpoint) = try await error(
            [.status(403, ["X-Error-Code": "GatedRepo"])], token: "hf_token", bench: PullBench())
        #expect(error == .forbidden(repository: "owner/model", page: "\(endpoint)/owner/model", hasToken: true))
        let (other, page) = try await self.error([.status(401, ["X-Error-Code": "GatedRepo"])], bench: PullBench())
        #expect(other == .forbidden(repository: "owner/model", page: "\(page)/owner/model", hasToken: false))
    }

    @Test func notThere() async throws {
        let (repository, endpoint) = try await error([], of: "owner/other", bench: PullBench())
        #expect(repository == .repositoryNotFound(repository: "owner/other", endpoint: endpoint))
        let (revision, _) = try await error([], of: "owner/model@v9", bench: PullBench())
        #expect(revision == .revisionNotFound(repository: "owner/model", revision: "v9"))
        let (file, _) = try await error(
            [.status(404, ["X-Error-Code": "EntryNotFound"])],
            at: "/owner/model/resolve/\(HubServer.commit)/unet/config.json", bench: PullBench())
        #expect(file == .fileNotFound(repository: "owner/model", path: "unet/config.json"))
    }

    @Test func waitsAsLongAsItIsAskedTo() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            server.answer(Self.api, with: .status(429, ["Retry-After": "7"]), .status(503))
            server.answer(SampleModel.unet, with: .status(429, ["Retry-After": "3"]))
            try await bench.run(bench.pull(server.endpoint))
        }
        // Jitter adds up to a quarter of a second.
        let seconds = bench.delays.map { $0 / .seconds(1) }
        #expect(seconds.count == 3)
        for (found, asked) in zip(seconds, [7.0, 2, 3]) { #expect((asked...asked + 0.25).contains(found)) }
    }

    @Test func doesNotWaitForever() async throws {
        let bench = try PullBench()
        let (error, endpoint) = try await error([.status(429, ["Retry-After": "7200"])], bench: bench)
        #expect(error == .rateLimited(host: String(endpoint.dropFirst("http://".count)), seconds: 7200))
        #expect(bench.delays.isEmpty)
    }

    @Test func givesUpOnAServerThatFails() async throws {
        let bench = try PullBench()
        let (error, endpoint) = try await error(Array(repeating: .status(502), count: 5), bench: bench)
        #expect(error == .serverFailure(host: String(endpoint.dropFirst("http://".count)), status: 502))
        let seconds = bench.delays.map { $0 / .seconds(1) }
        #expect(seconds.count == 4)
        for (found, least) in zip(seconds, [1.0, 2, 4, 8]) { #expect((least...least + 0.25).contains(found)) }
    }

    @Test func redirectsThatLeadNowhere() async throws {
        for address in [
            "file:///etc/passwd", "http+unix://%2Ftmp%2Fsocket/x", "/api/models/owner/model/revision/main",
            "http://127.0.0.1:70000/x", "//127.0.0.1:99999999999999999999/x", "http://me:secret@127.0.0.1/x",
        ] {
            let faults = Array(repeating: HubServer.Fault.redirect(address), count: 10)
            let (error, _) = try await error(faults, bench: PullBench())
            guard case .unexpectedAnswer(_, let reason) = error else {
                Issue.record("\(address): \(String(describing: error))")
                continue
            }
            #expect(reason.contains("redirect"))
        }
    }

    @Test func aRepositoryThatWasRenamedIsFollowedWithTheToken() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            server.answer("/api/models/owner/old/revision/main", with: .redirect("/api/models/owner/model/revision/main"))
            var selection = FileSelection()
            selection.files = ["README.md"]
            // The server answers only the listing under the old name.
            let pull = try bench.pull(server.endpoint, "owner/old", token: "hf_token", selection: selection)
            #expect(try await pull.plan().files.map(\.remote.path) == ["README.md"])
            #expect(server.requests(.hub).allSatisfy { $0.authorization == "Bearer hf_token" })
        }
    }

    @Test func aDiskWithoutRoomIsNotedBeforehand() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files, claimedSizes: [SampleModel.unet: 1 << 42]) { server in
            await #expect {
                try await bench.run(bench.pull(server.endpoint))
            } throws: {
                guard case HubError.diskFull(_, let needed, let available?) = $0 else { return false }
                return needed >= 1 << 42 && available < needed
            }
            #expect(server.requests(.contents).isEmpty)
        }
    }

    @Test(arguments: ["../evil.json", "/etc/evil.json", "unet/../../evil.json", "unet//evil.json", "."])
    func namesThatLeadOutOfTheCache(path: String) async throws {
        let bench = try PullBench()
        var files = SampleModel.files
        files[path] = [1]
        try await HubServer.with(files: files) { server in
            await #expect(throws: HubError.unsafePath(path, repository: "owner/model")) {
                try await bench.run(bench.pull(server.endpoint))
            }
            #expect(!FileManager.default.fileExists(atPath: bench.cache.folder.path))
        }
    }

    @Test func aCacheThatCannotBeMade() async throws {
        let bench = try PullBench()
        try bench.folder.write("file", "")
        try await HubServer.with(files: SampleModel.files) { server in
            await #expect {
                try await bench.run(bench.pull(server.endpoint, settings: ["HF_HUB_CACHE": bench.folder.path + "/file/hub"]))
            } throws: {
                guard case HubError.cache = $0 else { return false }
                return true
            }
        }
    }
}
