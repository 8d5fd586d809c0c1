import Testing
import Tokenizers

@testable import Speech

@Suite struct SequentialTranscriptionTests {
    private func time(_ seconds: Double) -> Int { TestTokenizer.timestampBegin + Int((seconds / 0.02).rounded()) }

    /// - Parameter windows: what is said in each window, in turn; the last one in all others.
    private func run(
        frames: Int, _ windows: [ScriptedSource], change: (inout DecodingOptions) -> Void = { _ in }
    ) async throws -> (segments: [Segment], starts: [Int]) {
        var options = DecodingOptions()
        options.beamSize = 1
        change(&options)
        let tokenizer = try TestTokenizer.make()
        let transcription = SequentialTranscription(
            tokenizer: tokenizer, vocabulary: TestTokenizer.rules, startSequence: try tokenizer.startSequence(), length: 448,
            options: options)
        var (segments, starts, last): ([Segment], [Int], Int) = ([], [], 0)
        try await transcription.run(frames: frames) { window in
            starts.append(window.lowerBound)
            return windows[min(starts.count, windows.count) - 1]
        } emit: {
            segments.append($0)
        } progress: {
            #expect($0 > last && $0 <= frames)
            last = $0
        }
        #expect(last == frames)
        return (segments, starts)
    }

    @Test func segmentsOfOneWindow() async throws {
        let said = [time(0)] + TestTokenizer.bytes(" ab") + [time(0.1), time(0.2)] + TestTokenizer.bytes(" c") + [time(0.3)]
        let (segments, starts) = try await run(frames: 3000, [.saying(said)])
        #expect(starts == [0])
        #expect(segments.map(\.text) == [" ab", " c"])
        #expect(segments.map { ($0.start * 100).rounded() } == [0, 20] && segments.map { ($0.end * 100).rounded() } == [10, 30])
        #expect(segments.allSatisfy { $0.averageLogProbability > -0.01 && $0.temperature == 0 && $0.noSpeechProbability < 0.01 })
    }

    /// The next window begins at the last complete time, and continues the text.
    @Test func windowsFollowTimes() async throws {
        let first = ScriptedSource.saying(
            [time(0)] + TestTokenizer.bytes(" ab") + [time(0.2), time(0.2)] + TestTokenizer.bytes("c"))
        let rest = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.1)])
        let (segments, starts) = try await run(frames: 3010, [first, rest])
        #expect(starts == [0, 20])
        #expect(segments.map(\.text) == [" ab", " d"])
        #expect(abs(segments[1].start - 0.2) < 1e-9)
        let before = [TestTokenizer.previous, time(0)] + TestTokenizer.bytes(" ab") + [time(0.2)]
        #expect(rest.prompts == [before + [TestTokenizer.start]])
        let unconditioned = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.1)])
        _ = try await run(frames: 3010, [first, unconditioned]) { $0.conditionsOnPreviousText = false }
        #expect(unconditioned.prompts == [[TestTokenizer.start]])
    }

    /// With words the next window begins where the last one ends, and segments have the times of their words.
    @Test func windowsFollowWords() async throws {
        let first = ScriptedSource.saying(
            [time(0)] + TestTokenizer.bytes(" ab c") + [time(0.38), time(0.38)] + TestTokenizer.bytes("d"))
        let rest = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.1)])
        let (segments, starts) = try await run(frames: 3010, [first, rest]) { $0.wordTimestamps = true }
        #expect(starts == [0, 50])
        let words = segments.compactMap(\.words)
        expectEqual(
            words[0],
            [
                Word(start: 0, end: 0.3, text: " ab", probability: 0.9), Word(start: 0.3, end: 0.5, text: " c", probability: 0.9),
            ], "first")
        expectEqual(words[1], [Word(start: 0.5, end: 0.7, text: " d", probability: 0.9)], "second")
        #expect(segments.map(\.start) == [0, 0.5] && segments.map(\.end) == [0.5, 0.7])
        #expect(try await run(frames: 3010, [first, rest]).segments.allSatisfy { $0.words == nil })
    }

    /// Improbable words after silence are decoded again from their start on; over silence to the end they are left out.
    @Test func textsOverSilence() async throws {
        let said = [time(0)] + TestTokenizer.bytes(" ab c") + [time(0.38)]
        func improbable(_ delay: Double) -> ScriptedSource {
            let source = ScriptedSource.saying(said)
            source.attend = { ScriptedSource.attention($0, $1, delay: delay, probability: 0.1) }
            return source
        }
        func words(
            frames: Int, delay: Double, threshold: Double?
        ) async throws -> (segments: [Segment], starts: [Int]) {
            try await run(frames: frames, [improbable(delay), .saying(said)]) {
                ($0.wordTimestamps, $0.hallucinationSilenceThreshold) = (true, threshold)
            }
        }
        let kept = try await words(frames: 1000, delay: 3, threshold: nil)
        #expect(kept.segments.count == 1 && kept.starts == [0])
        // The first word, which ends at 3.28 s, is cut to two medians of at most 0.7 s.
        for threshold in [1, 5.0] {
            let skipped = try await words(frames: 1000, delay: 3, threshold: threshold)
            #expect(skipped.starts == [0, 188] && skipped.segments.map(\.start) == [1.88])
        }
        let left = try await words(frames: 3000, delay: 28, threshold: 29)
        #expect(left.segments.isEmpty && left.starts == [0])
    }

    /// A window of one frame has no position to align with.
    @Test func oneFrameHasNoWords() async throws {
        let source = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.1)])
        let (segments, _) = try await run(frames: 1, [source]) { $0.wordTimestamps = true }
        #expect(segments.map(\.words) == [[]] && segments.map(\.end) == [0.01])
    }

    @Test func silentWindowsHaveNoWords() async throws {
        // Every token is as probable as any other, and no speech is certain.
        let silent = ScriptedSource { _ in
            var row = [Float](repeating: 0, count: TestTokenizer.vocabulary)
            row[TestTokenizer.noSpeech] = 30
            return row
        }
        let (segments, starts) = try await run(frames: 7000, [silent])
        #expect(segments.isEmpty && starts == [0, 3000, 6000])
    }

    @Test func theInitialPromptIsBeforeTheFirstWindow() async throws {
        let source = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.1)])
        _ = try await run(frames: 100, [source]) { $0.initialPrompt = " ab " }
        #expect(source.prompts == [[TestTokenizer.previous] + TestTokenizer.bytes(" ab") + [TestTokenizer.start]])
    }

    @Test func timesAreNotAfterTheEnd() async throws {
        let source = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.38)])
        let (segments, _) = try await run(frames: 20, [source])
        #expect(segments.map(\.end) == [0.2])
    }

    @Test func emptySoundHasNoWindow() async throws {
        let tokenizer = try TestTokenizer.make()
        let transcription = SequentialTranscription(
            tokenizer: tokenizer, vocabulary: TestTokenizer.rules, startSequence: [], length: 448, options: DecodingOptions())
        try await transcription.run(frames: 0) { _ in
            Issue.record("a window of nothing")
            return ScriptedSource.saying([])
        } emit: { _ in
        } progress: { _ in
        }
    }
}
