import Audio
import Foundation
import ModelLoading
import TestSupport
import Testing
import Tokenizers

@testable import Speech

/// Music has no words: base hears none, as in faster-whisper; tiny.en hears "Thank you." there and here, unless voice is looked for.
@Suite(.serialized, .enabled(if: folder("base") != nil, "set GLINT_TEST_MODELS to a folder with tiny.en and base"))
struct MusicTests {
    /// Four chords again and again, each with a beat of noise: 20 s.
    private static let music: [Float] = {
        let chords: [[Double]] = [
            [261.6, 329.6, 392], [220, 261.6, 329.6], [174.6, 220, 261.6], [196, 246.9, 293.7],
        ]
        var random = SplitMix(seed: 1)
        return (0..<40).flatMap { beat in
            (0..<8000).map { place -> Float in
                let time = Double(place) / 16_000
                var sum = 0.0
                for frequency in chords[beat % 4] {
                    for partial in 1...4 {
                        sum += sin(2 * .pi * frequency * Double(partial) * time) / pow(Double(partial), 1.5)
                    }
                }
                let noise = place < 800 ? Double.random(in: -1...1, using: &random) * exp(-Double(place) / 150) : 0
                return Float((sum * exp(-3 * time) + noise) * 0.12)
            }
        }
    }()

    private func words(_ model: String, looksForVoice: Bool) async throws -> [String] {
        let pipeline = try WhisperPipeline(SpeechModel(#require(folder(model))))
        var request = WhisperPipeline.Request()
        request.language = WhisperLanguage("en")
        if looksForVoice { request.voiceActivity = VoiceActivityOptions() }
        var texts: [String] = []
        try await pipeline.transcribe(Recording(Self.music), request) { texts.append($0.text) }
        return texts
    }

    @Test func hasNoWords() async throws {
        #expect(try await words("base", looksForVoice: false).isEmpty)
        #expect(try await words("tiny.en", looksForVoice: true).isEmpty)
    }
}

private func folder(_ model: String) -> URL? {
    OptionalMaterial.models.folder.map { $0.appending(path: model) }.flatMap {
        FileManager.default.fileExists(atPath: $0.path) ? $0 : nil
    }
}
