import Foundation
import Testing

@testable import Hub

/// Downloads that are interrupted and resumed.
@Suite struct InterruptedPullTests {
    private static let content = SampleModel.files[SampleModel.unet] ?? []

    private func pulled(_ bench: PullBench, _ faults: HubServer.Fault...) async throws -> [HubServer.Request] {
        var requests: [HubServer.Request] = []
        try await HubServer.with(files: SampleModel.files) { server in
            for fault in faults { server.answer(SampleModel.unet, with: fault) }
            let model = try await bench.run(bench.pull(server.endpoint))
            #expect(try Array(Data(contentsOf: model.folder.appending(path: SampleModel.unet))) == Self.content)
            #expect(!FileManager.default.fileExists(atPath: bench.partial(server.digest(SampleModel.unet)).path))
            requests = server.requests(.contents)
        }
        return requests
    }

    @Test func aDropMidFileIsGoneOnWithFromThere() async throws {
        let bench = try PullBench()
        let requests = try await pulled(bench, .drop(after: 70_000), .drop(after: 50_000))
        let starts = requests.map(\.start)
        try #require(starts.count == 3)
        #expect(starts[0] == 0 && (1...70_000).contains(starts[1]) && (starts[1] + 1...starts[1] + 50_000).contains(starts[2]))
        // Each attempt received data, so the delays do not grow.
        #expect(bench.delays.count == 2 && bench.delays.allSatisfy { (1...1.25).contains($0 / .seconds(1)) })
    }

    @Test func aServerWithoutRangesSendsAllAgain() async throws {
        let requests = try await pulled(PullBench(), .drop(after: 70_000), .ignoredRange)
        let starts = requests.map(\.start)
        #expect(starts.count == 2 && starts[0] == 0 && starts[1] > 0)
    }

    @Test func anotherRangeThanAskedForIsNotTaken() async throws {
        let requests = try await pulled(PullBench(), .drop(after: 70_000), .shiftedRange)
        let starts = requests.map(\.start)
        #expect(starts.count == 3 && starts[1] > 0 && [starts[0], starts[2]] == [0, 0])
    }

    @Test func aRangeThatIsRefusedIsGivenUp() async throws {
        let requests = try await pulled(PullBench(), .drop(after: 70_000), .status(416))
        let starts = requests.map(\.start)
        #expect(starts.count == 3 && starts[1] > 0 && [starts[0], starts[2]] == [0, 0])
    }

    /// A byte, a closed connection, and then no range: the same again and again is no progress.
    @Test func aServerThatNeverGoesOnIsGivenUp() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            for _ in 0..<100 {
                server.answer(SampleModel.unet, with: .drop(after: 1))
                server.answer(SampleModel.unet, with: .status(416))
            }
            await #expect(throws: HubError.self) { try await bench.run(bench.pull(server.endpoint)) }
            #expect((2...10).contains(server.requests(.contents).count))
        }
    }

    @Test func theNextPullGoesOn() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            let digest = server.digest(SampleModel.unet)
            server.answer(SampleModel.unet, with: .drop(after: 90_000))
            for _ in 0..<4 { server.answer(SampleModel.unet, with: .drop(after: 0)) }
            let error = await #expect(throws: HubError.self) { try await bench.run(bench.pull(server.endpoint)) }
            let kept = try Data(contentsOf: bench.partial(digest)).count
            guard case .interrupted(SampleModel.unet, kept, Self.content.count, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect((1...90_000).contains(kept))
            #expect(bench.cache.snapshot(repo: "owner/model") == nil)
            let count = server.requests(.contents).count
            try await bench.run(bench.pull(server.endpoint))
            #expect(server.requests(.contents).dropFirst(count).map(\.start) == [kept])
        }
    }

    @Test func aCancelledPullKeepsWhatCame() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            server.answer(SampleModel.unet, with: .drop(after: 90_000))
            var patient = try bench.pull(server.endpoint)
            patient.retry.sleep = { _ in try await Task.sleep(for: .seconds(60)) }
            let pull = patient
            let task = Task { try await bench.run(pull) }
            // It waits before the second attempt.
            while !bench.reported.contains(where: \.isRetry) { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect((1...90_000).contains(try Data(contentsOf: bench.partial(server.digest(SampleModel.unet))).count))
        }
    }

    @Test func aPartialOfWrongBytesIsReplaced() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            try bench.cache.prepare("owner/model")
            try Data(repeating: 7, count: 1000).write(to: bench.partial(server.digest(SampleModel.unet)))
            let model = try await bench.run(bench.pull(server.endpoint))
            #expect(try Array(Data(contentsOf: model.folder.appending(path: SampleModel.unet))) == Self.content)
            #expect(server.requests(.contents).map(\.start) == [1000, 0])
        }
    }

    @Test func wrongContentIsTriedOnceAgainAndNeverKept() async throws {
        let bench = try PullBench()
        let wrong = [UInt8](repeating: 1, count: Self.content.count)
        try await HubServer.with(files: SampleModel.files) { server in
            server.answer(SampleModel.unet, with: .content(wrong), .content(wrong))
            let expected = server.digest(SampleModel.unet)
            let found = ContentDigest(of: wrong, isLarge: true)
            await #expect(
                throws: HubError.wrongContent(path: SampleModel.unet, expected: "\(expected)", found: "\(found)")
            ) { try await bench.run(bench.pull(server.endpoint)) }
            #expect(!FileManager.default.fileExists(atPath: bench.partial(expected).path))
            #expect(!FileManager.default.fileExists(atPath: bench.cache.blob(expected, of: "owner/model").path))
            #expect(bench.cache.snapshot(repo: "owner/model") == nil)
        }
        // Wrong content received once is retried.
        _ = try await pulled(PullBench(), .content(wrong))
    }

    @Test func smallFilesAreCheckedToo() async throws {
        let bench = try PullBench()
        try await HubServer.with(files: SampleModel.files) { server in
            let path = "/owner/model/resolve/\(HubServer.commit)/unet/config.json"
            server.answer(path, with: .content(Array(#"{"sample_size": 9}"#.utf8)), .content(Array(#"{"sample_size": 9}"#.utf8)))
            await #expect {
                try await bench.run(bench.pull(server.endpoint))
            } throws: {
                guard case HubError.wrongContent("unet/config.json", _, _) = $0 else { return false }
                return true
            }
        }
    }

    @Test func moreThanTheFileHasIsCutOff() async throws {
        _ = try await pulled(PullBench(), .content(Self.content + [0]))
    }
}

extension HubServer.Request {
    /// First byte of the requested range.
    fileprivate var start: Int { range.flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0 }
}

extension PullEvent {
    fileprivate var isRetry: Bool {
        if case .retrying = self { true } else { false }
    }
}
