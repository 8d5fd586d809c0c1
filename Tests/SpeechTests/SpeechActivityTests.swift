import Audio
import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Speech

/// Four seconds of vowels with pauses, as in Tests/Goldens/Speech/make.py: Silero's network takes them for speech.
func syntheticSpeech() -> [Float] {
    func weight(_ hertz: Double) -> Double {
        [400, 2000, 2700].reduce(0) { $0 + exp(-pow((hertz - $1) / 150, 2)) }
    }
    return (0..<64_000).map { index in
        let time = Double(index) / 16_000
        let phase = 2 * Double.pi * 110 * time + 20 / 0.7 * sin(2 * Double.pi * 0.7 * time)
        let sound = (1..<30).reduce(0.0) { $0 + weight(110 * Double($1)) * sin(Double($1) * phase) }
        let loudness = min(max(sin(2 * Double.pi * 4 * time), 0), 1)
        return time.truncatingRemainder(dividingBy: 3) < 2 ? Float(0.15 * sound * loudness) : 0
    }
}

@Suite struct SpeechActivityTests {
    /// The network's form of one window a run, by onnxruntime.
    @Test func probabilitiesAreSileros() async throws {
        let golden = try #require(try JSONValue(parsing: Data(contentsOf: Goldens.url("Speech/probabilities.json"))).array)
        let expected = golden.compactMap(\.double).map(Float.init)
        let network = try SpeechProbabilities()
        let samples = syntheticSpeech()
        let found = try await network.probabilities(Recording(samples))
        #expect(found.count == expected.count && found.count == 126)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-3 })
        #expect(expected.contains { $0 > 0.9 } && expected.contains { $0 < 0.1 })
        // The state goes from run to run, and each recording begins anew.
        let long = try await network.probabilities(Recording(Array(repeating: samples, count: 10).joined().map { $0 }))
        #expect(long.count == 1251 && zip(long, expected.dropLast()).allSatisfy { abs($0 - $1) < 1e-3 })
        #expect(long[1025...].contains { $0 > 0.9 })
    }

    @Test(arguments: [0, 1, 511, 512]) func shortSoundHasFewWindows(_ count: Int) async throws {
        let found = try await SpeechProbabilities().probabilities(Recording([Float](repeating: 0, count: count)))
        #expect(found.count == (count == 0 ? 0 : count == 512 ? 2 : 1) && found.allSatisfy { $0 < 0.5 })
    }

    /// faster-whisper's `get_speech_timestamps`.
    @Test func rangesAreFasterWhispers() throws {
        let cases = try #require(try JSONValue(parsing: Data(contentsOf: Goldens.url("Speech/speech.json"))).array)
        #expect(cases.count == 60)
        for golden in cases {
            let probabilities = try #require(golden["probabilities"]?.array).compactMap(\.double).map { Float($0) / 64 }
            let values = try #require(golden["options"]?.array).compactMap(\.double)
            var options = VoiceActivityOptions()
            options.threshold = Float(values[0])
            (options.minSpeech, options.minSilence, options.padding) = (values[1] / 1000, values[2] / 1000, values[3] / 1000)
            options.maxSpeech = values[4]
            let found = SpeechRanges.find(probabilities, count: try #require(golden["count"]?.int), options)
            let expected = try #require(golden["ranges"]?.array).compactMap { $0.array?.compactMap(\.int) }
            #expect(found.map { [$0.lowerBound, $0.upperBound] } == expected, "\(values)")
        }
    }

    @Test func silenceHasNoRange() {
        #expect(SpeechRanges.find([], count: 0, VoiceActivityOptions()).isEmpty)
        #expect(SpeechRanges.find([0.1, 0.49, 0.3], count: 1300, VoiceActivityOptions()).isEmpty)
    }

    /// Ranges begin at frames; chunks have as many as 30 s have room for, and none is longer.
    @Test func chunksFitWindows() {
        let second = 16_000
        let chunking = SpeechChunking(
            [100..<10 * second, 12 * second..<31 * second, 31 * second..<33 * second, 40 * second..<70 * second + 100],
            count: 70 * second + 100)
        #expect(chunking.ranges.map(\.lowerBound) == [0, 12 * second, 31 * second, 40 * second])
        #expect(chunking.ranges.last?.upperBound == 70 * second + 100)
        // 10 and 19 s; 2 s, since 30 s more are too many; 30 s.
        #expect(chunking.chunks == [0..<2900, 2900..<3100, 3100..<6100])
        #expect(SpeechChunking([], count: 5).chunks.isEmpty)
        // A frame too many, by rounding at both ends.
        let rounded = SpeechChunking([159..<480_100], count: 500_000)
        #expect(rounded.ranges == [0..<480_000] && rounded.chunks == [0..<3000])
    }
}

@Suite struct ExcerptTimelineTests {
    /// Speech at 1…2 s, 5…7 s and 7.5…8 s.
    private let timeline = ExcerptTimeline([16_000..<32_000, 80_000..<112_000, 120_000..<128_000])

    @Test func timesAreMovedByTheSilenceBefore() {
        #expect(timeline.start(0.25) == 1.25 && timeline.start(1.5) == 5.5 && timeline.start(3.25) == 7.75)
        #expect(timeline.end(0.25) == 1.25 && timeline.end(1.5) == 5.5 && timeline.end(3.5) == 8)
    }

    /// At a part's end a segment ends there, and the next begins with the next part.
    @Test func boundaries() {
        #expect(timeline.end(1) == 2 && timeline.start(1) == 5)
        // Timestamps are rounded to 20 ms.
        #expect(timeline.end(1.01) == 2 && timeline.start(0.99) == 5)
        #expect(abs(timeline.end(1.03) - 5.03) < 1e-9 && abs(timeline.start(0.97) - 1.97) < 1e-9)
        // Beyond the end.
        #expect(timeline.end(9) == 8)
    }

    /// A word lies where its middle is.
    @Test func partsOfWords() {
        #expect([0.5, 0.99, 1, 2.9, 3, 3.2, 9].map(timeline.part) == [0, 0, 1, 1, 2, 2, 2])
        let part = timeline.part(at: (0.9 + 1.2) / 2)
        #expect(abs(timeline.time(0.9, in: part) - 4.9) < 1e-9 && abs(timeline.time(1.2, in: part) - 5.2) < 1e-9)
    }

    @Test func noSpeech() {
        let empty = ExcerptTimeline([])
        #expect(empty.start(1) == 1 && empty.end(1) == 1)
    }
}
