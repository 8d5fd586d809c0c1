import Architectures
import Foundation
import Inference
import TensorStore

/// Whisper's decoder over one window of sound.
final class WhisperTokenSource: TokenSource {
    private let decoder: Executable
    private let aligner: () throws -> Executable
    private let sound: [String: Tensor]
    private let config: WhisperConfig
    private let observe: WhisperCalibration.Observer?
    private var cache: WhisperCache
    /// Whether the sequences are still one, as they are up to the first token after the prompt.
    private var isOneText = true

    /// - Parameters:
    ///   - aligner: makes the decoder without a cache that has the scores of alignment heads.
    ///   - sound: the encoder's outputs, the decoder's keys and values of the window.
    ///   - observe: receives the outputs of runs of the decoder.
    init(
        _ decoder: Executable, aligner: @escaping () throws -> Executable, _ config: WhisperConfig, sound: [String: Tensor],
        observe: WhisperCalibration.Observer? = nil
    ) throws {
        self.observe = observe
        self.decoder = decoder
        self.aligner = aligner
        self.sound = sound
        self.config = config
        cache = WhisperCache(config)
        try decoder.set(sound)
    }

    func begin(_ prompt: [Int], count: Int, position: Int) async throws -> (last: [Float], atPosition: [Float]) {
        cache = WhisperCache(config)
        isOneText = true
        let rows = try await run(.sequence(prompt), logitRows: [position, prompt.count - 1])
        return (rows[1], rows[0])
    }

    func advance(_ tokens: [Int], origins: [Int]) async throws -> [[Float]] {
        let parents = isOneText ? origins.map { _ in 0 } : origins
        isOneText = false
        return try await run(.beams(tokens, after: parents), logitRows: nil)
    }

    func attention(of tokens: [Int], text: Range<Int>, textVocabulary: Int) async throws -> TextAttention {
        let aligner = try aligner()
        try aligner.set(sound)
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

    /// - Returns: logits [vocabulary] of each row.
    private func run(_ tokens: WhisperCache.Tokens, logitRows: [Int]?) async throws -> [[Float]] {
        let outputs = try await decoder.run(cache.inputs([tokens], logitRows: logitRows))
        try observe?(.decoder, outputs)
        try cache.store(outputs)
        guard let logits = outputs["logits"] else { throw SpeechError.missingOutput("logits") }
        let values: [Float] = try logits.elements()
        return stride(from: 0, to: values.count, by: config.vocabSize).map { Array(values[$0..<$0 + config.vocabSize]) }
    }
}
