import Synchronization
import Testing

@testable import Speech

/// Random networks, whose words are noise: streams in any pieces have the same text, and end as they should.
@Suite struct LivePipelineTests {
    private static var request: WhisperPipeline.Request {
        var request = WhisperPipeline.Request()
        request.decoding.noSpeechThreshold = nil
        request.decoding.compressionRatioThreshold = nil
        return request
    }

    private static func stream(_ pieces: [[Float]], failing error: (any Error)? = nil) -> AsyncThrowingStream<[Float], any Error>
    {
        AsyncThrowingStream { continuation in
            for piece in pieces { continuation.yield(piece) }
            continuation.finish(throwing: error)
        }
    }

    private static func events(_ pieces: [[Float]]) async throws -> [LiveEvent] {
        let pipeline = try WhisperPipeline(WhisperPipelineTests.model())
        var options = LiveOptions()
        options.keepsUp = false
        var events: [LiveEvent] = []
        try await pipeline.listen(to: stream(pieces), request, options) { event in
            // The delay is the only thing that depends on when the pieces come.
            guard case .committed(var text) = event else { return events.append(event) }
            text.delay = 0
            events.append(.committed(text))
        }
        return events
    }

    @Test func anyPiecesHaveTheSameText() async throws {
        let sound = WhisperPipelineTests.sound(100_000)
        let whole = try await Self.events([sound])
        #expect(whole.contains { if case .committed = $0 { true } else { false } })
        var random = SplitMix(seed: 3)
        var (pieces, rest): ([[Float]], ArraySlice<Float>) = ([], sound[...])
        while !rest.isEmpty {
            let count = Int.random(in: 0...9000, using: &random)
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(try await Self.events(pieces) == whole)
    }

    @Test(arguments: [[], [[]], [[0.5]], [[Float](repeating: 0, count: 50_000)]]) func nothingSaid(_ pieces: [[Float]])
        async throws
    {
        #expect(try await Self.events(pieces).allSatisfy { $0 == .hypothesis("") })
    }

    /// What was heard before the sound failed is settled.
    @Test func soundThatFails() async throws {
        struct Failure: Error {}
        let pipeline = try WhisperPipeline(WhisperPipelineTests.model())
        var text = ""
        await #expect(throws: Failure.self) {
            try await pipeline.listen(to: Self.stream([WhisperPipelineTests.sound(8000)], failing: Failure()), Self.request) {
                if case .committed(let more) = $0 { text += more.text }
            }
        }
        #expect(!text.isEmpty)
    }

    /// A microphone never ends; who listens can.
    @Test func cancelling() async throws {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: [Float].self, throwing: (any Error).self)
        continuation.yield(WhisperPipelineTests.sound(20_000))
        let (heard, hears) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            let pipeline = try WhisperPipeline(WhisperPipelineTests.model())
            try await pipeline.listen(to: stream, Self.request) { _ in hears.yield() }
        }
        for await _ in heard { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    /// The one who brings sound waits when there is too much of it, and is released.
    @Test func intake() async throws {
        let intake = SampleIntake()
        let second = [Float](repeating: 1, count: 16_000)
        let bringing = Task {
            for _ in 0..<90 { try await intake.append(second) }
            intake.finish()
        }
        var (count, isLast) = (0, false)
        while !isLast {
            let taken = try await intake.take(atLeast: 24_000, atMost: 30_000)
            #expect(taken.samples.count <= 30_000)
            #expect(intake.arrived * 16_000 - Double(count) <= 62 * 16_000)
            (count, isLast) = (count + taken.samples.count, taken.isLast)
        }
        #expect(count == 90 * 16_000)
        try await bringing.value
        intake.close()
        await #expect(throws: CancellationError.self) { try await intake.append(second) }
    }
}
