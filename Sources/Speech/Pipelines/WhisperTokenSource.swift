import Architectures
import Foundation
import Inference
import TensorStore

/// Whisper's decoder over windows of sound: each run reads the weights once for all of them.
final class WhisperTokenSource: TokenSource {
    private let decoder: Executable
    private let aligner: () throws -> Executable
    private let config: WhisperConfig
    /// The encoder's outputs `[windows, …]`, the decoder's keys and values of the sound.
    private let sound: [String: Tensor]
    let windows: Int
    private let observe: WhisperCalibration.Observer?
    private var cache: WhisperCache

    /// - Parameters:
    ///   - aligner: makes the decoder without a cache that has the scores of alignment heads.
    ///   - sound: the encoder's outputs.
    ///   - observe: receives the outputs of runs of the decoder.
    init(
        _ decoder: Executable, aligner: @escaping () throws -> Executable, _ config: WhisperConfig, sound: [String: Tensor],
        windows: Int, observe: WhisperCalibration.Observer? = nil
    ) {
        self.decoder = decoder
        self.aligner = aligner
        self.config = config
        self.sound = sound
        self.windows = windows
        self.observe = observe
        cache = WhisperCache(config, windows: windows)
    }

    func begin(_ prompts: [WindowPrompt]) async throws -> [(last: [Float], atStart: [Float])] {
        cache = WhisperCache(config, windows: windows)
        // Another source may have set its own.
        try decoder.set(sound)
        // Shorter prompts are padded in front.
        let count = prompts.map(\.tokens.count).max() ?? 0
        let starts = prompts.map { count - $0.tokens.count + $0.start }
        let rows = Set(starts + [count - 1]).sorted()
        let logits = try await run(prompts.map { .sequence($0.tokens) }, rows)
        let places = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
        return starts.enumerated().map { window, start in
            (logits(window, rows.count - 1), logits(window, places[start] ?? 0))
        }
    }

    func advance(_ next: [NextTokens?]) async throws -> [[[Float]]] {
        let count = next.map { $0?.tokens.count ?? 0 }.max() ?? 0
        let logits = try await run(next.map { .beams($0?.tokens ?? [], after: $0?.origins ?? []) }, nil)
        return next.enumerated().map { window, next in
            (count - (next?.tokens.count ?? 0)..<count).map { logits(window, $0) }
        }
    }

    func selecting(_ windows: [Int]) throws -> any TokenSource {
        WhisperTokenSource(
            decoder, aligner: aligner, config, sound: try sound(of: windows), windows: windows.count, observe: observe)
    }

    func attention(of tokens: [Int], text: Range<Int>, textVocabulary: Int, window: Int) async throws -> TextAttention {
        let aligner = try aligner()
        try aligner.set(sound(of: [window]))
        let inputs = try WhisperCache(config).inputs([.sequence(tokens)], logitRows: text.map { $0 - 1 })
        let outputs = try await aligner.run(inputs)
        let scores = try outputs.required("alignment_scores", of: aligner.name)
        let logits = try outputs.required("logits", of: aligner.name)
        guard logits.elementType == .f32 else { throw TensorError.elementType(expected: .f32, found: logits.elementType) }
        // A row at a time: all of them are large.
        let probabilities = logits.withUnsafeBytes { bytes in
            let logits = bytes.bindMemory(to: Float.self)
            return text.enumerated().map { row, place in
                let row = Array(logits[row * config.vocabSize..<row * config.vocabSize + textVocabulary])
                return Double(exp(row[tokens[place]] - row[...].logSumExp()))
            }
        }
        return TextAttention(
            scores: try scores.elements(), heads: scores.shape[1], tokens: scores.shape[2], positions: scores.shape[3],
            probabilities: probabilities)
    }

    private func sound(of windows: [Int]) throws -> [String: Tensor] {
        windows == Array(0..<self.windows) ? sound : try sound.mapValues { try $0.rows(windows) }
    }

    /// - Returns: logits [vocabulary] of a window's row.
    private func run(
        _ tokens: [WhisperCache.Tokens], _ logitRows: [Int]?
    ) async throws -> (_ window: Int, _ row: Int) -> [Float] {
        let outputs = try await decoder.run(cache.inputs(tokens, logitRows: logitRows))
        try observe?(.decoder, outputs)
        try cache.store(outputs)
        guard let logits = outputs["logits"] else { throw SpeechError.missingOutput("logits") }
        let (rows, width) = (logits.shape[1], config.vocabSize)
        return { window, row in
            logits.withUnsafeBytes { bytes in
                let start = (window * rows + row) * width
                return Array(bytes.bindMemory(to: Float.self)[start..<start + width])
            }
        }
    }
}
