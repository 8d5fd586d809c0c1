import Diffusion
import Foundation
import Imaging
import Inference
import ModelLoading
import TestSupport
import Testing
@testable import Workflows

/// Several callers share one queue.
@Suite struct GenerationQueueTests {
    private let queue = GenerationQueue(model: Small.model.path)

    @Test func twoCallersGetTheirPictures() async throws {
        let queue = queue
        async let first = queue.submit(Small.request(seed: 1)).result
        async let second = queue.submit(Small.request(seed: 2)).result
        let pictures = try await [first, second].map { $0.pictures[0] }
        #expect(pictures.map(\.seed) == [1, 2])
        let alone = try LatentDiffusionPipeline(contentsOf: Small.model, compile: CompileOptions(precision: .auto))
        for picture in pictures {
            let expected = try await alone.generate(Small.request(seed: try #require(picture.seed)))
            #expect(picture.image == expected.pictures[0].image)
        }
    }

    /// The order in which jobs end, by their seeds.
    private func order(_ jobs: [(seed: UInt64, job: GenerationTask)]) async throws -> [UInt64] {
        try await withThrowingTaskGroup(of: (UInt64, ContinuousClock.Instant).self) { group in
            for (seed, job) in jobs {
                group.addTask {
                    _ = try await job.result
                    return (seed, .now)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.1 < $1.1 }.map(\.0)
        }
    }

    @Test func jobsComeInTheOrderOfSubmission() async throws {
        let jobs = (1...4).map { (seed: UInt64($0), job: queue.submit(Small.request(seed: UInt64($0)))) }
        #expect(try await order(jobs) == [1, 2, 3, 4])
    }

    @Test func higherPrioritiesComeFirst() async throws {
        let first = queue.submit(Small.request(seed: 1, steps: 20))
        for try await event in first.events { if case .accepted = event { break } }
        let later = [(2, 0), (3, 5), (4, 5), (5, 1)].map { seed, priority in
            (seed: UInt64(seed), job: queue.submit(Small.request(seed: UInt64(seed)), priority: priority))
        }
        #expect(try await order([(1, first)] + later) == [1, 3, 4, 5, 2])
    }

    @Test func eventsBeginAndEnd() async throws {
        let job = queue.submit(Small.request(seed: 1))
        var names: [String] = []
        for try await event in job.events {
            switch event {
            case .accepted(let request): names.append("accepted \(request.numInferenceSteps)")
            case .step(let step): names.append("step \(step.index)")
            case .picture(let picture): names.append("picture \(picture.index)")
            default: break
            }
        }
        #expect(names == ["accepted 2", "step 0", "step 1", "picture 0"])
        #expect(try await job.result.pictures.count == 1)
    }

    @Test func cancellingAWaitingJobHarmsNoOther() async throws {
        let first = queue.submit(Small.request(seed: 1, steps: 10))
        let waiting = queue.submit(Small.request(seed: 2))
        let last = queue.submit(Small.request(seed: 3))
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.result }
        #expect(try await first.result.pictures[0].seed == 1)
        #expect(try await last.result.pictures[0].seed == 3)
        #expect(queue.waitingCount == 0)
    }

    @Test func cancellingTheRunningJobHarmsNoOther() async throws {
        let running = queue.submit(Small.request(seed: 1, steps: 500))
        let next = queue.submit(Small.request(seed: 2))
        var steps = 0
        do {
            for try await event in running.events {
                guard case .step = event else { continue }
                steps += 1
                if steps == 2 { running.cancel() }
            }
            Issue.record("the stream of a cancelled job ends with an error")
        } catch {
            #expect(error is CancellationError)
        }
        await #expect(throws: CancellationError.self) { try await running.result }
        #expect(steps < 500)
        #expect(try await next.result.pictures[0].seed == 2)
    }

    @Test func aJobThatFailsLeavesTheQueueUsable() async throws {
        var wrong = Small.request(seed: 1)
        wrong.width = 100
        let jobs = [queue.submit(wrong), queue.submit(Small.request(seed: 2))]
        await #expect(throws: GenerationError.size("width", value: 100, multiple: 8)) { try await jobs[0].result }
        await #expect(throws: GenerationError.self) { for try await _ in jobs[0].events {} }
        #expect(try await jobs[1].result.pictures[0].seed == 2)
        // A model that is not there, and then the queue's own again.
        let missing = queue.submit(
            GenerationDescription(model: ModelDescription(model: "/nowhere"), request: Small.request(seed: 3)))
        await #expect(throws: ModelError.self) { try await missing.result }
        #expect(try await queue.submit(Small.request(seed: 4)).result.pictures[0].seed == 4)
    }

    @Test func droppingTheStreamCancelsTheJob() async throws {
        let queue = queue
        let consumer = Task {
            for try await event in queue.submit(Small.request(seed: 1, steps: 500)).events {
                if case .step = event { return }
            }
            Issue.record("the job ended")
        }
        try await consumer.value
        let start = ContinuousClock.now
        #expect(try await queue.submit(Small.request(seed: 2)).result.pictures[0].seed == 2)
        // Five hundred steps take longer by far.
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test func cancellingTheCallerCancelsTheJob() async throws {
        let job = queue.submit(Small.request(seed: 1, steps: 500))
        let caller = Task { try await job.result }
        caller.cancel()
        await #expect(throws: CancellationError.self) { try await caller.value }
        #expect(try await queue.submit(Small.request(seed: 2)).result.pictures[0].seed == 2)
    }
}

/// Turns without anything drawn.
@Suite struct TurnQueueTests {
    @Test func ticketsThatAreGivenUpLetTheNextPass() async throws {
        let turns = TurnQueue()
        let tickets = (0..<4).map { _ in turns.enter(priority: 0) }
        try await turns.wait(tickets[0])
        let waiting = Task { try await turns.wait(tickets[1]) }
        let early = Task {
            while !Task.isCancelled { await Task.yield() }
            try await turns.wait(tickets[2])
        }
        early.cancel()
        await #expect(throws: CancellationError.self) { try await early.value }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(turns.waitingCount == 1)
        let last = Task { try await turns.wait(tickets[3]) }
        turns.leave(tickets[1])
        turns.leave(tickets[0])
        try await last.value
        #expect(turns.waitingCount == 0)
        turns.leave(tickets[3])
        try await turns.wait(turns.enter(priority: 0))
    }

    /// A thousand callers, some of which give up: never two at work, and none is forgotten.
    @Test func manyCallers() async throws {
        let turns = TurnQueue()
        actor Workers {
            var now = 0
            var most = 0
            func begin() {
                now += 1
                most = max(most, now)
            }
            func end() { now -= 1 }
        }
        let workers = Workers()
        let done = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<1000 {
                let ticket = turns.enter(priority: index % 3)
                group.addTask {
                    let task = Task {
                        defer { turns.leave(ticket) }
                        try await turns.wait(ticket)
                        await workers.begin()
                        await Task.yield()
                        await workers.end()
                    }
                    if index % 5 == 0 { task.cancel() }
                    return (try? await task.value) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(done >= 800)
        #expect(await workers.most == 1)
        #expect(turns.waitingCount == 0)
    }
}
