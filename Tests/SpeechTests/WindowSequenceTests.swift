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
            segments += sequence.take(decoded[0], TestTokenizer.rules, text: decoding.text)
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
