import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite struct ModelPullTests {
    @Test func bringsWhatIsNeededIntoTheLayoutOfTheCache() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            let model = try await bench.run(bench.pull(server.endpoint))
            let repository = bench.folder.url.appending(path: "hub/models--owner--model")
            #expect(model.folder.path == repository.appending(path: "snapshots/\(HubServer.commit)").path)
            #expect(model.files.map(\.path) == SampleModel.needed)
            #expect(model.files.allSatisfy { !$0.wasCached })
            for path in SampleModel.needed {
                #expect(try Array(Data(contentsOf: model.folder.appending(path: path))) == SampleModel.files[path])
            }
            let link = try FileManager.default.destinationOfSymbolicLink(
                atPath: model.folder.appending(path: SampleModel.unet).path)
            #expect(link == "../../../blobs/\(server.digest(SampleModel.unet).hex)")
            #expect(try String(contentsOf: repository.appending(path: "refs/main"), encoding: .utf8) == HubServer.commit)
            let blobs = try FileManager.default.contentsOfDirectory(atPath: repository.appending(path: "blobs").path)
            #expect(blobs.sorted() == SampleModel.needed.map { server.digest($0).hex }.sorted())
        }
    }

    @Test func theTokenGoesToTheHubOnly() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            try await bench.run(bench.pull(server.endpoint, token: "hf_secret"))
            #expect(!server.requests(.contents).isEmpty)
            #expect(server.requests(.contents).allSatisfy { $0.authorization == nil })
            #expect(server.requests(.hub).allSatisfy { $0.authorization == "Bearer hf_secret" })
        }
    }

    @Test func whatIsInTheCacheIsNotBroughtAgain() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            let first = try await bench.run(bench.pull(server.endpoint))
            let count = server.requests.count
            let second = try await bench.run(bench.pull(server.endpoint))
            #expect(second.folder == first.folder)
            #expect(second.files.allSatisfy { $0.wasCached })
            #expect(server.requests.dropFirst(count).map(\.path) == ["/api/models/owner/model/revision/main"])
        }
    }

    @Test func aTruncatedBlobIsBroughtAgain() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            let model = try await bench.run(bench.pull(server.endpoint))
            let blob = bench.cache.blob(server.digest(SampleModel.unet), of: "owner/model")
            try Data([1, 2, 3]).write(to: blob)
            try await bench.run(bench.pull(server.endpoint))
            let content = try Data(contentsOf: model.folder.appending(path: SampleModel.unet))
            #expect(Array(content) == SampleModel.files[SampleModel.unet])
        }
    }

    @Test func revisionsWithSlashesAreOnePartOfTheAddress() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            try await bench.run(bench.pull(server.endpoint, "owner/model@refs/pr/1"))
            #expect(bench.cache.snapshot(repo: "owner/model", revision: "refs/pr/1") != nil)
            #expect(bench.cache.snapshot(repo: "owner/model") == nil)
            #expect(bench.cache.snapshot(repo: "owner/model", revision: HubServer.commit) != nil)
        }
    }

    @Test func planningBringsOnlyWhatTheChoiceDependsOn() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            let plan = try await bench.pull(server.endpoint).plan()
            #expect(plan.files.map(\.remote.path) == SampleModel.needed)
            #expect(bench.cache.hasBlob(of: plan.files[0].remote, in: "owner/model"))
            #expect(server.requests(.contents).isEmpty)
            #expect(bench.cache.snapshot(repo: "owner/model") == nil)
        }
    }

    @Test func offlineTellsWhatIsThere() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            let model = try await bench.run(bench.pull(server.endpoint))
            let count = server.requests.count
            let settings = ["HF_HUB_OFFLINE": "1"]
            let offline = try await bench.run(bench.pull(server.endpoint, settings: settings))
            #expect(offline.folder == model.folder)
            #expect(offline.files.map(\.path) == SampleModel.needed)
            #expect(offline.notes.count == 1)
            await #expect(throws: HubError.offline(repository: "owner/model", revision: "v2", cached: ["main"])) {
                try await bench.run(bench.pull(server.endpoint, "owner/model@v2", settings: settings))
            }
            #expect(server.requests.count == count)
        }
    }

    @Test func withoutNetworkAnEarlierSnapshotServes() async throws {
        let bench = try PullBench()
        var endpoint = ""
        try await HubServer.with(files: SampleModel.files) { server in
            endpoint = server.endpoint
            try await bench.run(bench.pull(endpoint))
        }
        // The server has stopped.
        let model = try await bench.run(bench.pull(endpoint))
        #expect(model.files.map(\.path) == SampleModel.needed)
        #expect(model.notes.count == 1)
        await #expect { try await bench.run(bench.pull(endpoint, "owner/other")) } throws: {
            guard case HubError.unreachable(_, "Connection refused") = $0 else { return false }
            return true
        }
    }
}
