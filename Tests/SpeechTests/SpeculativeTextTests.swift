import Audio
import Testing

@testable import ModelLoading
@testable import Speech

@Suite struct SpeculativeTextTests {
    private static let prompt = [TestTokenizer.start, TestTokenizer.noTimestamps]

    /// A text that is drawn anew for each seed: what follows depends on the last three tokens.
    /// - Parameter errors: the share of steps at which the text goes on as another seed's does.
    private static func source(seed: UInt64, errors: Double = 0, length: Int = 448) -> ScriptedText {
        ScriptedText(length: length) { tokens in
            var random = SplitMix(seed: tokens.suffix(3).reduce(seed) { $0 &* 1_000_003 &+ UInt64($1) })
            var other = SplitMix(seed: tokens.reduce(77) { $0 &* 31 &+ UInt64($1) })
            let isError = Double.random(in: 0..<1, using: &other) < errors
            var row = [Float](repeating: 0, count: TestTokenizer.vocabulary)
            for index in row.indices {
                row[index] = isError ? Float.random(in: 0..<1, using: &other) : Float.random(in: 0..<1, using: &random)
            }
            row[TestTokenizer.end] = tokens.count > 151 ? 9 : -9
            return row
        }
    }

    private static var rules: LogitRules {
        var rules = LogitRules(vocabulary: TestTokenizer.rules)
        rules.timestamps = false
        return rules
    }

    private static func decode(_ source: any TextSource, limit: Int = 200) async throws -> DecodedTokens {
        let search = GreedyText(bounds: SearchBounds(rules: rules, endOfText: TestTokenizer.end, limit: limit))
        let logits = try await source.begin(prompt, positions: [1])[0]
        return try await search.decode(source, logits, after: [])
    }

    /// The draft changes the number of runs, never the text.
    @Test(arguments: [(errors: 0.0, seed: UInt64(1)), (0.1, 2), (0.3, 3), (0.7, 4), (1, 5)])
    func theTextIsTheTargets(_ draft: (errors: Double, seed: UInt64)) async throws {
        let plain = Self.source(seed: draft.seed)
        let expected = try await Self.decode(plain)
        #expect(expected.tokens.count == 150)
        let target = Self.source(seed: draft.seed)
        let text = SpeculativeText(
            target, draft: Self.source(seed: draft.seed, errors: draft.errors), TestTokenizer.rules)
        for _ in 0..<2 { #expect(try await Self.decode(text) == expected) }
        let statistics = text.statistics
        #expect(target.runs == statistics.runs && statistics.accepted <= statistics.proposed)
        // Each token of the text was either run or accepted.
        #expect(statistics.runs + statistics.accepted == 2 * 150)
        if draft.errors == 0 { #expect(statistics.runs < 60) }
        if draft.errors == 1 { #expect(statistics.accepted < 20) }
    }

    /// Neither model is asked for more tokens than it has positions.
    @Test(arguments: [(20, 448), (448, 20)]) func positionsAreNotExceeded(_ lengths: (Int, Int)) async throws {
        let text = SpeculativeText(
            Self.source(seed: 6, length: lengths.0), draft: Self.source(seed: 6, length: lengths.1), TestTokenizer.rules)
        #expect(text.length == 20)
        let decoded = try await Self.decode(text, limit: 18)
        #expect(decoded == (try await Self.decode(Self.source(seed: 6), limit: 18)))
    }

    /// Small networks: with any draft, the pipeline's text is that of the larger model.
    @Test(arguments: [UInt64(1), 9]) func theTextOfNetworks(_ seed: UInt64) async throws {
        let recording = Recording(WhisperPipelineTests.sound(160_000))
        var request = WhisperPipeline.Request()
        request.decoding.temperatures = [0]
        request.decoding.noSpeechThreshold = nil
        (request.decoding.beamSize, request.decoding.timestamps) = (1, false)
        var texts: [[Segment]] = []
        for draft in [nil, try WhisperPipelineTests.model(seed: seed)] {
            let pipeline = try WhisperPipeline(WhisperPipelineTests.model(), draft: draft)
            var segments: [Segment] = []
            try await pipeline.transcribe(recording, request) { segments.append($0) }
            texts.append(segments)
            guard draft != nil else { continue }
            #expect(pipeline.speculation.proposed > 0)
            // The same weights agree with themselves.
            if seed == 1 { #expect(pipeline.speculation.accepted > pipeline.speculation.runs) }
        }
        #expect(texts[0].map(\.tokens) == texts[1].map(\.tokens) && !texts[0].isEmpty)
    }

    @Test func draftsThatDoNotFit() throws {
        #expect(throws: SpeechError.draft("tokens", found: 1802, expected: 1801)) {
            try WhisperPipeline(WhisperPipelineTests.model(), draft: WhisperPipelineTests.model(vocabulary: 1802))
        }
    }

    /// A model with the same encoder uses what the larger one heard.
    @Test func encodersAreShared() throws {
        let encoder = try WhisperPipelineTests.model().encoder
        #expect(try encoder.soundProjection(sharing: WhisperPipelineTests.model().encoder) != nil)
        #expect(try encoder.soundProjection(sharing: WhisperPipelineTests.model(seed: 2).encoder) == nil)
    }

    /// Texts that part after some tokens go on as they do without a draft.
    @Test func severalTexts() async throws {
        let plain = Self.source(seed: 7)
        func source() -> ScriptedSource { ScriptedSource(plain.logits) }
        let speculative = SpeculativeTokenSource(
            source(), SpeculativeText(plain, draft: Self.source(seed: 7, errors: 0.3), TestTokenizer.rules))
        let steps = [
            NextTokens(tokens: [5], origins: [0]), NextTokens(tokens: [6], origins: [0]),
            NextTokens(tokens: [7, 8], origins: [0, 0]),
            NextTokens(tokens: [9, 10, 11], origins: [1, 0, 1]), NextTokens(tokens: [12], origins: [2]),
        ]
        let prompt = WindowPrompt(
            try TestTokenizer.make(), startSequence: [Int32(TestTokenizer.start)], previous: [], isFirst: true, length: 448,
            DecodingOptions())
        for _ in 0..<2 {
            let expected = source()
            let first = (try await speculative.begin([prompt]), try await expected.begin([prompt]))
            #expect(first.0[0].last == first.1[0].last && first.0[0].atStart == first.1[0].atStart)
            for step in steps { #expect(try await speculative.advance([step]) == (try await expected.advance([step]))) }
        }
    }
}
