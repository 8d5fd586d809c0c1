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

    private static func model(vocabulary: Int = 1801, positions: Int = 1500) throws -> SpeechModel {
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
        var random = SplitMix(seed: 1)
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

    private func sound(_ count: Int) -> [Float] {
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
        #expect(abs(done - Double(samples.count / 160) / 100) < 1e-9)
        return segments
    }

    @Test(arguments: [0, 1, 159]) func soundWithoutAFrameHasNoWords(_ count: Int) async throws {
        #expect(try await transcribe(sound(count)) { _ in }.isEmpty)
    }

    /// Times are in order, within the sound; greedy decoding and a single beam agree; the same sound has the same text.
    @Test(arguments: [160, 20_000, 500_000]) func timesAreInTheSound(_ count: Int) async throws {
        let greedy = try await transcribe(sound(count)) { ($0.beamSize, $0.timestamps) = (1, false) }
        let beams = try await transcribe(sound(count)) { ($0.beamSize, $0.timestamps) = (3, false) }
        #expect(try await transcribe(sound(count)) { ($0.beamSize, $0.timestamps) = (1, false) } == greedy)
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
        let segments = try await transcribe(silence + sound(16_000)) { ($0.beamSize, $0.timestamps) = (1, false) }
        #expect(!segments.isEmpty && segments.allSatisfy { $0.start >= 30 })
    }

    /// Words have times of the sound, in order; they are the segments' text.
    @Test(arguments: [160, 20_000, 500_000]) func wordsAreInTheSound(_ count: Int) async throws {
        let segments = try await transcribe(sound(count)) { ($0.beamSize, $0.timestamps, $0.wordTimestamps) = (1, false, true) }
        let words = segments.flatMap { $0.words ?? [] }
        #expect(words.map(\.start) == words.map(\.start).sorted() && words.map(\.end) == words.map(\.end).sorted())
        #expect(words.allSatisfy { $0.start >= 0 && $0.start <= $0.end && $0.end <= Double(count) / 16_000 + 1e-9 })
        #expect(words.allSatisfy { (0...1).contains($0.probability) })
        #expect(words.isEmpty == (count == 160))
    }

    @Test func timestampsCutWindows() async throws {
        let segments = try await transcribe(sound(80_000)) { ($0.beamSize, $0.conditionsOnPreviousText) = (1, false) }
        #expect(segments.allSatisfy { $0.start <= $0.end && $0.end <= 5 })
        #expect(segments.map(\.start) == segments.map(\.start).sorted())
    }

    @Test func modelsThatDoNotFit() throws {
        #expect(throws: SpeechError.vocabulary(model: 290, tokenizer: 1801)) {
            try WhisperPipeline(Self.model(vocabulary: 290))
        }
        #expect(throws: SpeechError.positions(100, expected: 1500)) { try WhisperPipeline(Self.model(positions: 100)) }
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
}

enum Real {
    static let model = OptionalMaterial.models.folder.map { $0.appending(path: "tiny.en") }.flatMap { url in
        FileManager.default.fileExists(atPath: url.path + "/model.bin") ? url : nil
    }

    static let recording: Recording? = {
        let path = Goldens.repository.appending(path: "../shared/audio/jfk.wav").path
        return try? Recording(AudioReader(path: path), limit: 60)
    }()
}
