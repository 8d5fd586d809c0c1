import Architectures
import Inference
import TensorStore

/// Whisper's decoder over one window of sound.
final class WhisperTokenSource: TokenSource {
    private let decoder: Executable
    private let config: WhisperConfig
    private let observe: WhisperCalibration.Observer?
    private var cache: WhisperCache
    /// Whether the sequences are still one, as they are up to the first token after the prompt.
    private var isOneText = true

    /// - Parameter sound: the encoder's outputs, the decoder's keys and values of the window.
    init(
        _ decoder: Executable, _ config: WhisperConfig, sound: [String: Tensor], observe: WhisperCalibration.Observer? = nil
    ) throws {
        self.observe = observe
        self.decoder = decoder
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
