import Architectures
import Audio
import Foundation
import ModelGraph
import TensorStore
import TestSupport
import Testing
import Tokenizers

@testable import ModelLoading
@testable import Speech

/// A small network with random weights: what it says is noise, but times and progress must be right.
@Suite struct WhisperPipelineTests {
    private let pipeline: WhisperPipeline

    static func model(vocabulary: Int = 1801, positions: Int = 1500, seed: UInt64 = 1) throws -> SpeechModel {
        let values: [(String, JSONValue?)] = [
            ("d_model", 16), ("vocab_size", .integer(vocabulary)), ("num_mel_bins", 80), ("encoder_layers", 1),
            ("encoder_attention_heads", 2), ("encoder_ffn_dim", 32), ("decoder_layers", 1), ("decoder_attention_heads", 2),
            ("decoder_ffn_dim", 32), ("max_source_positions", .integer(positions)), ("max_target_positions", 448),
        ]
        let reader = ConfigReader(.members(values), className: "WhisperForConditionalGeneration", file: "test")
        let network = WhisperModel(try WhisperConfig(reader))
        let recorder = TensorRecorder(placeholder: try MappedFile(inMemory: "none", byteCount: 1) { _ in })
        let recording = Weights(recording: recorder)
        _ = (try network.encoder(recording), try network.decoder(recording))
        var random = SplitMix(seed: seed)
        let entries = recorder.shapes.sorted { $0.key < $1.key }.map { name, shape in
            let elements = (0..<(shape.checkedElementCount ?? 0)).map { _ in Float.random(in: -0.3...0.3, using: &random) }
            return (
                "model." + name,
                Weights.Entry(elementType: .f32, shape: shape, data: .bytes(elements.withUnsafeBytes(Array.init)))
            )
        }
        let weights = Weights(Dictionary(uniqueKeysWithValues: entries), source: "test")
        return try SpeechModel(
            url: URL(filePath: "/"), network: Network(network, .checkpoint(weights)), tokenizer: TestTokenizer.make())
    }

    init() throws { pipeline = try WhisperPipeline(Self.model()) }

    static func sound(_ count: Int) -> [Float] {
        var random = SplitMix(seed: 2)
        return (0..<count).map { _ in Float.random(in: -0.5...0.5, using: &random) }
    }

    private func transcribe(_ samples: [Float], change: (inout DecodingOptions) -> Void) async throws -> [Segment] {
        var request = WhisperPipeline.Request()
        request.decoding.temperatures = [0]
        request.decoding.noSpeechThreshold = nil
        change(&request.decoding)
        var (segments, done): ([Segment], Double) = ([], 0)
        try await pipeline.transcribe(Recording(samples), request) {
            segments.append($0)
        } progress: {
            #expect($0 > done)
            done = $0
        }
        #expect(abs(done - Double(samples.count) / 16_000) < 1e-9)
        return segments
    }

    @Test(arguments: [0, 1, 159]) func soundWithoutAFrameHasNoWords(_ count: Int) async throws {
        #expect(try await transcribe(Self.sound(count)) { _ in }.isEmpty)
    }

    /// Times are in order, within the sound; greedy decoding and a single beam agree; the same sound has the same text.
    @Test(arguments: [160, 20_000, 500_000]) func timesAreInTheSound(_ count: Int) async throws {
        let greedy = try await transcribe(Self.sound(count)) { ($0.beamSize, $0.timestamps) = (1, false) }
        let beams = try await transcribe(Self.sound(count)) { ($0.beamSize, $0.timestamps) = (3, false) }
        #expect(try await transcribe(Self.sound(count)) { ($0.beamSize, $0.timestamps) = (1, false) } == greedy)
        let seconds = Double(count) / 16_000
        for segments in [greedy, beams] {
            for (segment, next) in zip(segments, segments.dropFirst()) { #expect(segment.end <= next.start + 1e-9) }
            #expect(segments.allSatisfy { $0.start >= 0 && $0.start <= $0.end && $0.end <= seconds + 1e-9 })
        }
        // Beams find texts that are no less probable, by the length's measure, in the first window.
        if let one = greedy.first, let more = beams.first {
            #expect(more.averageLogProbability >= one.averageLogProbability - 0.2)
        }
    }

    /// Nothing is invented over silence, and the sound after it is heard.
    @Test func silenceHasNoWords() async throws {
        let silence = [Float](repeating: 0.00005, count: 480_000)
        #expect(try await transcribe(silence) { $0.beamSize = 1 }.isEmpty)
        let segments = try await transcribe(silence + Self.sound(16_000)) { ($0.beamSize, $0.timestamps) = (1, false) }
        #expect(!segments.isEmpty && segments.allSatisfy { $0.start >= 30 })
    }

    /// Words have times of the sound, in order; they are the segments' text.
    @Test(arguments: [160, 20_000, 500_000]) func wordsAreInTheSound(_ count: Int) async throws {
        let segments = try await transcribe(Self.sound(count)) {
            ($0.beamSize, $0.timestamps, $0.wordTimestamps) = (1, false, true)
        }
        let words = segments.flatMap { $0.words ?? [] }
        #expect(words.map(\.start) == words.map(\.start).sorted() && words.map(\.end) == words.map(\.end).sorted())
        #expect(words.allSatisfy { $0.start >= 0 && $0.start <= $0.end && $0.end <= Double(count) / 16_000 + 1e-9 })
        #expect(words.allSatisfy { (0...1).contains($0.probability) })
        #expect(words.isEmpty == (count == 160))
    }

    @Test func timestampsCutWindows() async throws {
        let segments = try await transcribe(Self.sound(80_000)) { ($0.beamSize, $0.conditionsOnPreviousText) = (1, false) }
        #expect(segments.allSatisfy { $0.start <= $0.end && $0.end <= 5 })
        #expect(segments.map(\.start) == segments.map(\.start).sorted())
    }

    /// Clips begin and end the windows, in order.
    @Test(arguments: [nil, 2]) func clipsAloneAreHeard(_ batchSize: Int?) async throws {
        var request = WhisperPipeline.Request()
        (request.decoding.beamSize, request.decoding.temperatures, request.decoding.timestamps) = (1, [0], false)
        request.decoding.noSpeechThreshold = nil
        request.clips = [.init(start: 0.5, end: 1.25), .init(start: 2, end: nil), .init(start: 9, end: 10)]
        request.batchSize = batchSize
        var (segments, done): ([Segment], [Double]) = ([], [])
        try await pipeline.transcribe(Recording(Self.sound(48_000)), request) {
            segments.append($0)
        } progress: {
            done.append($0)
        }
        #expect(segments.map(\.start) == [0.5, 2] && segments.map(\.end) == [1.25, 3])
        #expect(done.last == 3 && done == done.sorted())
    }

    /// A shorter context is heard as well.
    @Test func contextsOfTheSoundsLength() async throws {
        for context in [AudioContext.fitted(), .fitted(atLeast: 5), .fitted(atLeast: 99)] {
            var request = WhisperPipeline.Request()
            (request.decoding.beamSize, request.decoding.temperatures, request.decoding.timestamps) = (1, [0], false)
            request.decoding.noSpeechThreshold = nil
            request.audioContext = context
            var segments: [Segment] = []
            try await pipeline.transcribe(Recording(Self.sound(20_000)), request) { segments.append($0) }
            #expect(segments.map(\.start) == [0] && segments.map(\.end) == [1.25])
        }
        #expect(AudioContext.full.positions(frames: 5, limit: 1500) == 1500)
        #expect(AudioContext.fitted().positions(frames: 2990, limit: 1500) == 1500)
        #expect(AudioContext.fitted().positions(frames: 150, limit: 1500) == 500)
        #expect(AudioContext.fitted().positions(frames: 1001, limit: 1500) == 600)
        #expect(AudioContext.fitted(atLeast: 0.1).positions(frames: 150, limit: 1500) == 150)
    }

    @Test func modelsThatDoNotFit() throws {
        #expect(throws: SpeechError.vocabulary(model: 290, tokenizer: 1801)) {
            try WhisperPipeline(Self.model(vocabulary: 290))
        }
        #expect(throws: SpeechError.positions(100, expected: 1500)) { try WhisperPipeline(Self.model(positions: 100)) }
    }
}

/// Windows of several recordings, and of several parts of one, are decoded side by side.
@Suite struct WhisperBatchTests {
    private let pipeline: WhisperPipeline

    init() throws { pipeline = try WhisperPipeline(WhisperPipelineTests.model()) }

    private func noise(_ count: Int, seed: UInt64) -> Recording {
        var random = SplitMix(seed: seed)
        return Recording((0..<count).map { _ in Float.random(in: -0.5...0.5, using: &random) })
    }

    private func request(_ method: SearchMethod) -> WhisperPipeline.Request {
        var request = WhisperPipeline.Request()
        request.decoding.noSpeechThreshold = nil
        request.decoding.temperatures = [0]
        switch method {
        case .greedy: request.decoding.beamSize = 1
        case .beam(let size, _, _): request.decoding.beamSize = size
        case .sampling(let temperature, let bestOf):
            (request.decoding.temperatures, request.decoding.bestOf) = ([temperature], bestOf)
        }
        return request
    }

    /// - Returns: each recording's segments.
    private func transcribe(_ recordings: [Recording], _ request: WhisperPipeline.Request) async throws -> [[Segment]] {
        var segments: [[Segment]] = recordings.map { _ in [] }
        var ended = 0
        try await pipeline.transcribe(count: recordings.count, request) { index in
            recordings[index]
        } report: { index, event in
            // In the order of the recordings.
            #expect(index == ended)
            switch event {
            case .segment(let segment): segments[index].append(segment)
            case .end: ended += 1
            case .language, .progress: break
            }
        }
        #expect(ended == recordings.count)
        return segments
    }

    private func expectEqual(_ found: [[Segment]], _ expected: [[Segment]]) {
        #expect(found.map { $0.map(\.tokens) } == expected.map { $0.map(\.tokens) })
        for (one, other) in zip(found.joined(), expected.joined()) {
            #expect(one.start == other.start && one.end == other.end && one.text == other.text)
            #expect(abs(one.averageLogProbability - other.averageLogProbability) < 1e-4)
            #expect(abs(one.noSpeechProbability - other.noSpeechProbability) < 1e-4)
        }
    }

    @Test(arguments: [SearchMethod.greedy, .beam(size: 3), .sampling(temperature: 0.8, bestOf: 2)])
    func recordingsDoNotDependOnEachOther(_ method: SearchMethod) async throws {
        // The second is longer than a window, the fourth has no frame.
        let recordings = [(9000, 1), (490_000, 2), (32_000, 3), (100, 4), (60_000, 5)].map { noise($0, seed: UInt64($1)) }
        for timestamps in [false, true] {
            var request = request(method)
            request.decoding.timestamps = timestamps
            var alone: [[Segment]] = []
            for recording in recordings { alone += try await transcribe([recording], request) }
            if !timestamps { #expect(alone.map(\.isEmpty) == [false, false, false, true, false]) }
            for size in [1, 2, 8] {
                request.batchSize = size
                expectEqual(try await transcribe(recordings, request), alone)
            }
        }
    }

    @Test func textsDecodedAgainAreTheSame() async throws {
        var request = request(.greedy)
        (request.decoding.timestamps, request.decoding.logProbabilityThreshold) = (false, nil)
        request.decoding.compressionRatioThreshold = nil
        request.batchSize = 1
        let recordings = (1...4).map { noise(16_000 * $0, seed: UInt64($0)) }
        let averages = try await transcribe(recordings, request).joined().map(\.averageLogProbability)
        // Some texts are too improbable, and others aren't.
        request.decoding.logProbabilityThreshold = ((averages.max() ?? 0) + (averages.min() ?? 0)) / 2
        request.decoding.temperatures = [0, 0.4, 1]
        let alone = try await transcribe(recordings, request)
        #expect(Set(alone.joined().map(\.temperature)).count > 1)
        request.batchSize = 4
        expectEqual(try await transcribe(recordings, request), alone)
    }

    /// Numbers below one, which a caller may give, are one.
    @Test func numbersBelowOneAreOne() async throws {
        var request = request(.sampling(temperature: 0.8, bestOf: 0))
        (request.decoding.timestamps, request.batchSize) = (false, 0)
        let found = try await transcribe([noise(16_000, seed: 1)], request)
        (request.decoding.bestOf, request.batchSize) = (1, 1)
        expectEqual(found, try await transcribe([noise(16_000, seed: 1)], request))
        #expect(!found[0].isEmpty)
    }

    /// Parts of speech are chunks of their own, whose times are those of the recording; there are no words in silence.
    @Test(arguments: [nil, 1, 3]) func speechAloneIsHeard(_ batchSize: Int?) async throws {
        let silence = [Float](repeating: 0, count: 16_000 * 10)
        let samples = silence + syntheticSpeech() + silence + syntheticSpeech() + silence
        var request = request(.greedy)
        (request.decoding.timestamps, request.batchSize) = (false, batchSize)
        request.voiceActivity = VoiceActivityOptions()
        request.voiceActivity?.padding = 0.1
        let segments = try await transcribe([Recording(samples)], request)[0]
        let speech = [9.9...14.1, 23.9...28.1]
        // Of a chunk of both parts a text without timestamps begins with the first, and ends with the second.
        #expect(!segments.isEmpty)
        for segment in segments {
            #expect(speech.contains { $0.contains(segment.start) } && speech.contains { $0.contains(segment.end) })
        }
        #expect(try await transcribe([Recording(silence)], request)[0].isEmpty)
    }
}

/// The published weights of tiny.en, as faster-whisper has them, over OpenAI's example.
@Suite(
    .enabled(
        if: Real.model != nil && Real.recording != nil,
        "set GLINT_TEST_MODELS to a folder with tiny.en; jfk.wav is beside the project in shared/audio"))
struct RealWhisperTests {
    @Test func theKnownSentence() async throws {
        let (model, recording) = (try #require(Real.model), try #require(Real.recording))
        let pipeline = try WhisperPipeline(SpeechModel(model))
        for beams in [1, 5] {
            var request = WhisperPipeline.Request()
            request.decoding.beamSize = beams
            var text = ""
            try await pipeline.transcribe(recording, request) { text += $0.text }
            #expect(
                text.filter { $0.isLetter || $0 == " " }.lowercased()
                    == " and so my fellow americans ask not what your country can do for you ask what you can do for your country"
            )
        }
    }

    /// The talk by batches of its speech has the words that it has window by window, within a few.
    @Test(arguments: [1, 5]) func aTalkInBatches(_ beams: Int) async throws {
        let (model, talk) = (try #require(Real.model), try #require(Real.talk))
        let pipeline = try WhisperPipeline(SpeechModel(model))
        var request = WhisperPipeline.Request()
        request.decoding.beamSize = beams
        func words() async throws -> (words: [String], segments: [Segment]) {
            var segments: [Segment] = []
            try await pipeline.transcribe(talk, request) { segments.append($0) }
            let text = segments.map(\.text).joined().lowercased().filter { $0.isLetter || $0 == " " }
            return (text.split(separator: " ").map(String.init), segments)
        }
        let sequential = try await words().words
        request.voiceActivity = .forBatches
        var found: [[Segment]] = []
        for size in [1, 4] {
            request.batchSize = size
            let (batched, segments) = try await words()
            let changes = batched.difference(from: sequential).count
            #expect(changes <= sequential.count / 6, "\(changes) of \(sequential.count) words")
            #expect(segments.map(\.start) == segments.map(\.start).sorted() && segments.allSatisfy { $0.end <= talk.duration })
            found.append(segments)
        }
        #expect(found[0].map(\.tokens) == found[1].map(\.tokens))
    }
}

enum Real {
    static let model = OptionalMaterial.models.folder.map { $0.appending(path: "tiny.en") }.flatMap { url in
        FileManager.default.fileExists(atPath: url.path + "/model.bin") ? url : nil
    }

    static let recording = sound("jfk.wav")
    static let talk = sound("ted_60.m4a")

    private static func sound(_ name: String) -> Recording? {
        let path = Goldens.repository.appending(path: "../shared/audio/\(name)").path
        return try? Recording(AudioReader(path: path), limit: 100)
    }
}
