import Architectures
import Inference
import TensorStore

/// Whisper's decoder over one text of a window.
final class WhisperText: TextSource {
    private let decoder: Executable
    private let config: WhisperConfig
    /// The encoder's outputs, the decoder's keys and values of the window.
    private let sound: [String: Tensor]
    private var cache: WhisperCache

    var length: Int { config.maxTargetPositions }

    init(_ decoder: Executable, _ config: WhisperConfig, sound: [String: Tensor]) {
        self.decoder = decoder
        self.config = config
        self.sound = sound
        cache = WhisperCache(config)
    }

    func begin(_ prompt: [Int], positions: [Int]) async throws -> [[Float]] {
        cache = WhisperCache(config)
        // Another text may have set its own.
        try decoder.set(sound)
        return try await run(prompt, logitRows: positions)
    }

    func extend(_ tokens: [Int]) async throws -> [[Float]] { try await run(tokens, logitRows: nil) }

    func removeLast(_ count: Int) { cache.removeLast(count) }

    private func run(_ tokens: [Int], logitRows: [Int]?) async throws -> [[Float]] {
        let outputs = try await decoder.run(cache.inputs([.sequence(tokens)], logitRows: logitRows))
        try cache.store(outputs)
        guard let logits = outputs["logits"] else { throw SpeechError.missingOutput("logits") }
        let values: [Float] = try logits.elements()
        return stride(from: 0, to: values.count, by: config.vocabSize).map { Array(values[$0..<$0 + config.vocabSize]) }
    }
}
