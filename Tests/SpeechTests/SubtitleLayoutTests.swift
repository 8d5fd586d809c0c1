import TensorStore
import Testing

@testable import Speech

@Suite struct SubtitleLayoutTests {
    /// Files of OpenAI's `WriteSRT` and `WriteVTT` with words.
    @Test func areOpenAIs() throws {
        let cases = try WordGoldens.cases("subtitles")
        #expect(cases.count == 18)
        for golden in cases {
            let options = try #require(golden["layout"])
            var layout = SubtitleLayout()
            layout.maxLineWidth = options["max_line_width"]?.int
            layout.maxLineCount = options["max_line_count"]?.int
            layout.maxWordsPerLine = options["max_words_per_line"]?.int
            layout.highlightsWords = options["highlight_words"]?.bool ?? false
            let segments = try #require(golden["segments"]?.array).map { segment in
                let words = try WordGoldens.words(segment[2])
                return Segment(
                    start: try #require(segment[0]?.double), end: try #require(segment[1]?.double),
                    text: words.map(\.text).joined(), tokens: [], temperature: 0, averageLogProbability: 0, compressionRatio: 1,
                    noSpeechProbability: 0, words: words)
            }
            let files = [TranscriptFormat.srt, .vtt].compactMap { $0.text(segments, layout) }
            #expect(files == golden["files"]?.list(\.string), "\(options)")
        }
    }
}
