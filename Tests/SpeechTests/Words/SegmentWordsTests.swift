import TensorStore
import Testing

@testable import Speech

@Suite struct SegmentWordsTests {
    @Test func punctuationIsMergedAsByOpenAI() throws {
        let cases = try WordGoldens.cases("merged")
        #expect(cases.count == 60)
        for golden in cases {
            let (texts, counts) = try (#require(golden["words"]?.list(\.string)), #require(golden["counts"]?.list(\.int)))
            var words = zip(texts, counts).map { AlignedWord(text: $0, tokenCount: $1, start: 0, end: 0, probability: 0) }
            words.mergePunctuation()
            let merged = try #require(golden["merged"]?.array)
            #expect(words.map(\.text) == merged.map { $0[0]?.string } && words.map(\.tokenCount) == merged.map { $0[1]?.int })
        }
    }

    /// faster-whisper's `add_word_timestamps`: durations, pauses, and the times of segments.
    @Test func timesAreFasterWhispers() throws {
        let cases = try WordGoldens.cases("segments")
        #expect(cases.count == 80)
        for (index, golden) in cases.enumerated() {
            let words = try #require(golden["words"]?.array).map { word in
                AlignedWord(
                    text: try #require(word[0]?.string), tokenCount: try #require(word[1]?.int),
                    start: try #require(word[2]?.double), end: try #require(word[3]?.double),
                    probability: try #require(word[4]?.double))
            }
            let parts = try #require(golden["parts"]?.array)
            var segments = WindowSegments([], TestTokenizer.rules, start: 0, frames: 3000)
            segments.parts = try parts.map {
                WindowSegments.Part(start: try #require($0[0]?.double), end: try #require($0[1]?.double), tokens: [])
            }
            segments.addWords(
                words, textTokenCounts: try parts.map { try #require($0[2]?.int) },
                start: Double(try #require(golden["seek"]?.int)) / 100, lastSpeech: try #require(golden["last"]?.double))
            for (part, expected) in zip(segments.parts, try #require(golden["found"]?.array)) {
                expectEqual(try #require(part.words), try WordGoldens.words(expected[2]), "\(index)")
                let (start, end) = (try #require(expected[0]?.double), try #require(expected[1]?.double))
                #expect(abs(part.start - start) < 1e-6 && abs(part.end - end) < 1e-6, "\(index)")
            }
        }
    }

    /// faster-whisper's rule: the next window's start, and the segments that are kept.
    @Test func silencesAreFasterWhispers() throws {
        var verdicts = (kept: 0, skipped: 0, cut: 0)
        for golden in try WordGoldens.cases("silences") {
            let frames = try #require(golden["frames"]?.int)
            for window in try #require(golden["windows"]?.array) {
                let (seek, size) = try (#require(window["seek"]?.int), #require(window["size"]?.int))
                let silence = HallucinatedSilence(
                    threshold: try #require(golden["threshold"]?.double), start: Double(seek) / 100,
                    duration: Double(size) / 100, total: Double(frames) / 100)
                let parts = try #require(window["parts"]?.array).map { part in
                    WindowSegments.Part(
                        start: try #require(part[0]?.double), end: try #require(part[1]?.double), tokens: [],
                        words: try WordGoldens.words(part[2]))
                }
                var (kept, next) = (parts.count, seek + size)
                switch silence.judge(parts, lastSpeech: try #require(window["last"]?.double)) {
                case .kept: verdicts.kept += 1
                case .skipped(let time):
                    verdicts.skipped += 1
                    (kept, next) = (0, Int((time * 100).rounded()))
                case .cut(let index, let time):
                    verdicts.cut += 1
                    (kept, next) = (index, Int((time * 100).rounded()))
                }
                #expect(kept == window["kept"]?.int, "\(window)")
                // After the sound's end there is no window.
                #expect(window["next"]?.int.map { $0 == next } ?? (next >= frames), "\(window)")
            }
        }
        #expect(verdicts.kept > 10 && verdicts.skipped > 5 && verdicts.cut > 10)
    }

    @Test func timesStayInOrder() {
        var times = OrderedTimes()
        func part(_ start: Double, _ end: Double, _ words: [(Double, Double)]) -> WindowSegments.Part {
            let words = words.map { Word(start: $0.0, end: $0.1, text: "a", probability: 1) }
            return WindowSegments.Part(start: start, end: end, tokens: [], words: words)
        }
        #expect(times.order(part(0, 2, [(0, 1), (1, 2.2)]), end: 5) == part(0, 2, [(0, 1), (1, 2.2)]))
        #expect(times.order(part(1.5, 4, [(2, 2.1), (3, 2.5)]), end: 5) == part(2, 4, [(2.2, 2.2), (3, 3)]))
        #expect(times.order(part(4, 9, [(6, 7)]), end: 5) == part(4, 5, [(5, 5)]))
    }
}
