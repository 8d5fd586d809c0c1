import Audio
import Architectures
import Foundation
import ModelGraph
import TensorStore
import TestSupport
import Testing
import Tokenizers

@testable import ModelLoading
@testable import Speech

/// Networks as optimum-intel exports them write what the checkpoint's write.
@Suite struct ExportedNetworksTests {
    private let model: ExportedModel

    init() throws { model = try ExportedModel() }

    private func sound(_ count: Int) -> [Float] {
        var random = SplitMix(seed: 5)
        return (0..<count).map { _ in Float.random(in: -0.5...0.5, using: &random) }
    }

    private func transcribe(_ model: SpeechModel, _ change: (inout DecodingOptions) -> Void) async throws -> [Segment] {
        let pipeline = try WhisperPipeline(model)
        var request = WhisperPipeline.Request()
        request.language = WhisperLanguage("en")
        request.decoding.temperatures = [0]
        request.decoding.noSpeechThreshold = nil
        change(&request.decoding)
        var segments: [Segment] = []
        // Two windows, the second of which has a longer prompt.
        try await pipeline.transcribe(Recording(sound(500_000)), request) { segments.append($0) }
        return segments
    }

    @Test(arguments: ["past", "stateful"]) func textsAreTheCheckpoints(_ kind: String) async throws {
        let ways: [(inout DecodingOptions) -> Void] = [
            { ($0.beamSize, $0.timestamps) = (1, false) }, { $0.beamSize = 1 }, { $0.beamSize = 4 },
            // Sampled rows differ from the first token on.
            { ($0.temperatures, $0.bestOf) = ([0.6], 3) },
            // Each temperature begins the window again, with another number of rows.
            { ($0.temperatures, $0.logProbabilityThreshold) = ([0, 0.4, 0.8], 0) },
        ]
        for (index, way) in ways.enumerated() {
            let expected = try await transcribe(model.checkpoint(), way)
            let found = try await transcribe(model.exported(kind), way)
            #expect(!expected.isEmpty && Set(expected.flatMap(\.tokens)).count > 3, "way \(index)")
            #expect(found.map(\.tokens) == expected.map(\.tokens), "way \(index)")
            for (found, expected) in zip(found, expected) {
                #expect(abs(found.averageLogProbability - expected.averageLogProbability) < 1e-3)
                #expect(abs(found.noSpeechProbability - expected.noSpeechProbability) < 1e-4)
            }
        }
    }

    /// Their tokens can't be taken back.
    @Test func refuseDraftsAndLiveSound() async throws {
        let (exported, checkpoint) = (try model.exported("past"), try model.checkpoint())
        #expect(throws: SpeechError.exported("a draft model")) { try WhisperPipeline(exported, draft: checkpoint) }
        #expect(throws: SpeechError.exported("a draft model")) { try WhisperPipeline(checkpoint, draft: exported) }
        let samples = AsyncThrowingStream<[Float], any Error> { continuation in
            continuation.yield(sound(16_000))
            continuation.finish()
        }
        await #expect(throws: SpeechError.exported("live sound")) {
            try await WhisperPipeline(exported).listen(to: samples) { _ in }
        }
    }

    /// Exports whose attention can't repeat keys and values of the sound: a row of them for each text.
    @Test(arguments: ["past", "stateful"]) func eachTextWithItsOwnSound(_ kind: String) async throws {
        let exported = try model.exported(kind)
        let decoder = try #require(exported.exportedDecoder)
        #expect(decoder.sharesSound)
        let networks = try ExportedNetworks(exported, decoder)
        let encoded = try await networks.encode(Tensor(zeros: [1, 80, 3000]))
        let states = try #require(encoded["last_hidden_state"])
        var results: [[[Float]]] = []
        for shares in [true, false] {
            let source = networks.tokens(over: states, sharesSound: shares)
            _ = try await source.begin([WindowPrompt(start: 257)])
            _ = try await source.advance([NextTokens(tokens: [1, 2, 3], origins: [0, 0, 0])])
            // Texts change places, and one ends; then there are two.
            results += try await source.advance([NextTokens(tokens: [4, 5, 6], origins: [2, 0, 0])])
            results += try await source.advance([NextTokens(tokens: [7, 8], origins: [1, 2])])
        }
        #expect(results.map(\.count) == [3, 2, 3, 2])
        for (shared, own) in zip(results[..<2].joined(), results[2...].joined()) {
            #expect(zip(shared, own).allSatisfy { abs($0 - $1) < 1e-4 })
        }
        #expect(results[0][1] != results[0][0])
    }

    @Test func wordTimesAreRefused() async throws {
        let exported = try model.exported("past")
        let networks = try ExportedNetworks(exported, #require(exported.exportedDecoder))
        let source = try networks.tokens(over: await networks.encode(Tensor(zeros: [1, 80, 3000])), windows: 1)
        await #expect(throws: SpeechError.noAttention) {
            try await source.attention(of: [1, 2, 3], text: 1..<2, textVocabulary: 200, window: 0)
        }
    }

    @Test func foldersThatLackANetwork() throws {
        try FileManager.default.removeItem(at: model.url("past/openvino_decoder_with_past_model.xml"))
        let past = #expect(throws: ModelError.self) { try ExportedWhisperDecoder(folder: model.url("past")) }
        #expect(String(describing: past).contains("automatic-speech-recognition-with-past"))
        try FileManager.default.removeItem(at: model.url("past/openvino_decoder_model.xml"))
        let none = #expect(throws: ModelError.self) { try ExportedWhisperDecoder(folder: model.url("past")) }
        #expect(String(describing: none).contains("openvino_decoder_model.xml"))
    }

    /// A config of another vocabulary.
    @Test func otherLogits() async throws {
        let exported = try model.exported("past")
        let decoder = try #require(exported.exportedDecoder)
        let networks = try ExportedNetworks(exported, decoder)
        let encoded = try await networks.encode(Tensor(zeros: [1, 80, 3000]))
        let states = try #require(encoded["last_hidden_state"])
        let source = networks.tokens(over: states, sharesSound: true, vocabulary: 1800)
        do {
            _ = try await source.begin([WindowPrompt(start: 257)])
            Issue.record("logits of another vocabulary were taken")
        } catch let error as SpeechError {
            #expect(error == .logits("[1, 1, 1801]", expected: "[rows, 1, 1800]"))
        }
    }
}

/// The published weights of tiny.en as optimum-intel exports them.
@Suite(
    .enabled(
        if: Real.recording != nil && Real.exported.count == 2,
        "set GLINT_TEST_MODELS to a folder with tiny.en-optimum and tiny.en-optimum-stateful"))
struct RealExportedWhisperTests {
    @Test(arguments: Real.exported, [1, 5]) func theKnownSentence(_ folder: URL, beams: Int) async throws {
        let pipeline = try WhisperPipeline(SpeechModel(folder))
        var request = WhisperPipeline.Request()
        request.decoding.beamSize = beams
        var text = ""
        let recording = try #require(Real.recording)
        try await pipeline.transcribe(recording, request) { text += $0.text }
        #expect(
            text.filter { $0.isLetter || $0 == " " }.lowercased()
                == " and so my fellow americans ask not what your country can do for you ask what you can do for your country")
    }
}

extension Real {
    static let exported = ["tiny.en-optimum", "tiny.en-optimum-stateful"].compactMap { name in
        OptionalMaterial.models.folder.map { $0.appending(path: name) }.flatMap { url in
            FileManager.default.fileExists(atPath: url.path + "/openvino_encoder_model.xml") ? url : nil
        }
    }
}
