import Testing
import Tokenizers

@testable import Speech

@Suite struct WindowSequenceTests {
    private func time(_ seconds: Double) -> Int { TestTokenizer.timestampBegin + Int((seconds / 0.02).rounded()) }

    /// - Parameter windows: what is said in each window, in turn; the last one in all others.
    private func run(
        _ parts: [Range<Int>], _ windows: [ScriptedSource], isBeginning: Bool = true,
        change: (inout DecodingOptions) -> Void = { _ in }
    ) async throws -> (segments: [Segment], windows: [Range<Int>]) {
        var options = DecodingOptions()
        options.beamSize = 1
        change(&options)
        let tokenizer = try TestTokenizer.make()
        let decoding = WindowDecoding(tokenizer: tokenizer, vocabulary: TestTokenizer.rules, options: options)
        var sequence = WindowSequence(parts, options, tokenizer, isBeginning: isBeginning)
        var (segments, ranges, done): ([Segment], [Range<Int>], Int) = ([], [], 0)
        while let window = sequence.window {
            ranges.append(window)
            let prompt = sequence.prompt(tokenizer, startSequence: try tokenizer.startSequence(), length: 448)
            let source = windows[min(ranges.count, windows.count) - 1]
            let decoded = try await decoding.decode(source, [prompt], seeds: [0])
            let aligner = WordAligner(tokenizer: tokenizer, startSequence: try tokenizer.startSequence(), length: 448)
            let words = options.wordTimestamps ? WindowWords(aligner: aligner, source: source, window: 0) : nil
            segments += try await sequence.take(decoded[0], TestTokenizer.rules, words: words, text: decoding.text)
            #expect(sequence.done > done)
            done = sequence.done
        }
        #expect(done == parts.reduce(0) { $0 + $1.count })
        return (segments, ranges)
    }

    @Test func segmentsOfOneWindow() async throws {
        let said = [time(0)] + TestTokenizer.bytes(" ab") + [time(0.1), time(0.2)] + TestTokenizer.bytes(" c") + [time(0.3)]
        let (segments, windows) = try await run([0..<3000], [.saying(said)])
        #expect(windows == [0..<3000])
        #expect(segments.map(\.text) == [" ab", " c"])
        #expect(segments.map { ($0.start * 100).rounded() } == [0, 20] && segments.map { ($0.end * 100).rounded() } == [10, 30])
        #expect(segments.allSatisfy { $0.averageLogProbability > -0.01 && $0.temperature == 0 && $0.noSpeechProbability < 0.01 })
    }

    /// The next window begins at the last complete time, and continues the text.
    @Test func windowsFollowTimes() async throws {
        let first = ScriptedSource.saying(
            [time(0)] + TestTokenizer.bytes(" ab") + [time(0.2), time(0.2)] + TestTokenizer.bytes("c"))
        let rest = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.1)])
        let (segments, windows) = try await run([0..<3010], [first, rest])
        #expect(windows == [0..<3000, 20..<3010])
        #expect(segments.map(\.text) == [" ab", " d"])
        #expect(abs(segments[1].start - 0.2) < 1e-9)
        let before = [TestTokenizer.previous, time(0)] + TestTokenizer.bytes(" ab") + [time(0.2)]
        #expect(rest.prompts == [[before + [TestTokenizer.start]]])
        let unconditioned = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.1)])
        _ = try await run([0..<3010], [first, unconditioned]) { $0.conditionsOnPreviousText = false }
        #expect(unconditioned.prompts == [[[TestTokenizer.start]]])
    }

    /// A window ends with its part, and the text goes on in the next one.
    @Test func partsHaveWindowsOfTheirOwn() async throws {
        let said = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.38)])
        let (segments, windows) = try await run([50..<60, 70..<70, 100..<3200], [said])
        #expect(windows == [50..<60, 100..<3100, 3100..<3200])
        #expect(segments.map { ($0.start * 100).rounded() } == [50, 100, 3100])
        // Not after the end of the part.
        #expect(segments.map { ($0.end * 100).rounded() } == [60, 138, 3138])
        #expect(said.prompts[1][0].count > said.prompts[0][0].count)
    }

    @Test func shortRestsAreNotDecodedAgain() async throws {
        let tokenizer = try TestTokenizer.make()
        for (least, rest) in [(1, 20..<40), (20, 20..<40), (21, 100..<130)] {
            var sequence = WindowSequence([0..<40, 100..<130], DecodingOptions(), tokenizer, leastRest: least)
            let decoded = DecodedWindow(
                tokens: [time(0)] + TestTokenizer.bytes("a") + [time(0.2), time(0.2)] + TestTokenizer.bytes("b"), text: "ab",
                temperature: 0, averageLogProbability: 0, compressionRatio: 1, noSpeechProbability: 0)
            let segments = try await sequence.take(decoded, TestTokenizer.rules) { tokenizer.decode($0.map(Int32.init)) }
            #expect(segments.map(\.text) == ["a"])
            #expect(sequence.window == rest)
        }
    }

    @Test func wordsAfterTheEndAreLeftOut() async throws {
        let said = [time(0)] + TestTokenizer.bytes(" a") + [time(0.1), time(0.2)] + TestTokenizer.bytes(" b") + [time(0.3)]
        #expect(try await run([0..<20], [.saying(said)]).segments.map(\.text) == [" a"])
    }

    @Test func silentWindowsHaveNoWords() async throws {
        // Every token is as probable as any other, and no speech is certain.
        let silent = ScriptedSource { _ in
            var row = [Float](repeating: 0, count: TestTokenizer.vocabulary)
            row[TestTokenizer.noSpeech] = 30
            return row
        }
        let (segments, windows) = try await run([0..<7000], [silent])
        #expect(segments.isEmpty && windows.map(\.lowerBound) == [0, 3000, 6000])
    }

    @Test func theInitialPromptIsBeforeTheFirstWindow() async throws {
        let source = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.1)])
        _ = try await run([0..<100], [source]) { $0.initialPrompt = " ab " }
        #expect(source.prompts == [[[TestTokenizer.previous] + TestTokenizer.bytes(" ab") + [TestTokenizer.start]]])
    }

    @Test(arguments: [true, false]) func thePrefixIsTheRecordingsBeginning(_ isBeginning: Bool) async throws {
        let source = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.1)])
        _ = try await run([40..<100], [source], isBeginning: isBeginning) { $0.prefix = "x" }
        let prefix = [TestTokenizer.timestampBegin] + TestTokenizer.bytes(" x")
        #expect(source.prompts == [[[TestTokenizer.start] + (isBeginning ? prefix : [])]])
    }

    @Test(arguments: [[], [0..<0]]) func soundWithoutAFrameHasNoWindow(_ parts: [Range<Int>]) throws {
        #expect(WindowSequence(parts, DecodingOptions(), try TestTokenizer.make()).window == nil)
    }

    @Test func skippedWindowsAreDone() throws {
        var sequence = WindowSequence([0..<4000, 5000..<5010], DecodingOptions(), try TestTokenizer.make())
        var done: [Int] = []
        while sequence.window != nil {
            sequence.skip()
            done.append(sequence.done)
        }
        #expect(done == [3000, 4000, 4010])
    }

    /// The next window begins at the end of the last word.
    @Test func windowsFollowWords() async throws {
        let first = ScriptedSource.saying(
            [time(0)] + TestTokenizer.bytes(" ab c") + [time(0.38), time(0.38)] + TestTokenizer.bytes("d"))
        let rest = ScriptedSource.saying([time(0)] + TestTokenizer.bytes(" d") + [time(0.1)])
        let (segments, windows) = try await run([0..<3010], [first, rest]) { $0.wordTimestamps = true }
        #expect(windows.map(\.lowerBound) == [0, 50])
        let words = segments.compactMap(\.words)
        expectEqual(
            words[0],
            [
                Word(start: 0, end: 0.3, text: " ab", probability: 0.9), Word(start: 0.3, end: 0.5, text: " c", probability: 0.9),
            ], "first")
        expectEqual(words[1], [Word(start: 0.5, end: 0.7, text: " d", probability: 0.9)], "second")
        #expect(segments.map(\.start) == [0, 0.5] && segments.map(\.end) == [0.5, 0.7])
        #expect(try await run([0..<3010], [first, rest]).segments.allSatisfy { $0.words == nil })
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
            let (segments, windows) = try await run([0..<frames], [improbable(delay), .saying(said)]) {
                ($0.wordTimestamps, $0.hallucinationSilenceThreshold) = (true, threshold)
            }
            return (segments, windows.map(\.lowerBound))
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
        let (segments, _) = try await run([0..<1], [source]) { $0.wordTimestamps = true }
        #expect(segments.map(\.words) == [[]] && segments.map(\.end) == [0.01])
    }
}

@Suite struct WindowDecodingTests {
    /// Of several windows only those whose text is bad are decoded again.
    @Test func badWindowsAreDecodedAgain() async throws {
        var options = DecodingOptions()
        (options.beamSize, options.temperatures) = (1, [0, 0.5])
        let tokenizer = try TestTokenizer.make()
        let decoding = WindowDecoding(tokenizer: tokenizer, vocabulary: TestTokenizer.rules, options: options)
        let texts = ["ab", String(repeating: "repeated ", count: 20) + "!", "c"]
        let said = texts.map { [TestTokenizer.timestampBegin] + TestTokenizer.bytes($0) + [TestTokenizer.timestampBegin + 9] }
        let source = ScriptedSource.saying(said[0], said[1], said[2])
        let prompt = try WindowPrompt(
            tokenizer, startSequence: tokenizer.startSequence(), previous: [], isFirst: true, length: 448, options)
        let found = try await decoding.decode(source, [prompt, prompt, prompt], seeds: [1, 2, 3])
        #expect(source.selected == [[1]])
        #expect(found.map(\.temperature) == [0, 0.5, 0])
        #expect(found.map(\.text) == texts)
    }
}
