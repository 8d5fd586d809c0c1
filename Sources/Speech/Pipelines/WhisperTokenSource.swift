import Architectures
import Inference
import TensorStore

/// Whisper's decoder over windows of sound: each run reads the weights once for all of them.
final class WhisperTokenSource: TokenSource {
    private let decoder: Executable
    private let config: WhisperConfig
    /// The encoder's outputs `[windows, …]`, the decoder's keys and values of the sound.
    private let sound: [String: Tensor]
    let windows: Int
    private var cache: WhisperCache

    /// - Parameter sound: the encoder's outputs.
    init(_ decoder: Executable, _ config: WhisperConfig, sound: [String: Tensor], windows: Int) {
        self.decoder = decoder
        self.config = config
        self.sound = sound
        self.windows = windows
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
        let parts = try sound.mapValues { try $0.rows(windows) }
        return WhisperTokenSource(decoder, config, sound: parts, windows: windows.count)
    }

    /// - Returns: logits [vocabulary] of a window's row.
    private func run(
        _ tokens: [WhisperCache.Tokens], _ logitRows: [Int]?
    ) async throws -> (_ window: Int, _ row: Int) -> [Float] {
        let outputs = try await decoder.run(cache.inputs(tokens, logitRows: logitRows))
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

extension Tensor {
    /// Some of the parts along the first axis, copied.
    func rows(_ indices: [Int]) throws -> Tensor {
        let size = shape[0] == 0 ? 0 : byteCount / shape[0]
        var result = try Tensor(zeros: Shape([indices.count] + shape.dimensions.dropFirst()), of: elementType)
        withUnsafeBytes { source in
            result.withUnsafeMutableBytes { target in
                for (place, index) in indices.enumerated() {
                    let part = UnsafeRawBufferPointer(rebasing: source[index * size..<(index + 1) * size])
                    UnsafeMutableRawBufferPointer(rebasing: target[(place * size)...]).copyMemory(from: part)
                }
            }
        }
        return result
    }
}
