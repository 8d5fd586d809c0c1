import Architectures
import Inference
import ModelGraph
import ModelLoading
import TensorStore
import Tokenizers

/// A smaller model that writes text ahead for another one.
final class DraftModel {
    private let config: WhisperConfig
    private let encoder: Executable
    private let decoder: Executable

    /// - Throws: `SpeechError.draft` for a model of another vocabulary or other sound; `.exported`; as `WhisperPipeline`.
    init(_ model: SpeechModel, of other: SpeechModel, _ options: CompileOptions) throws {
        if model.exportedDecoder != nil || other.exportedDecoder != nil { throw SpeechError.exported("a draft model") }
        config = model.decoder.architecture.config
        let expected = other.decoder.architecture.config
        for (what, found, expected) in [
            ("tokens", config.vocabSize, expected.vocabSize),
            ("the tokenizer's tokens", model.tokenizer.special.vocabularyCount, other.tokenizer.special.vocabularyCount),
            ("mel bins", config.numMelBins, expected.numMelBins),
            ("positions of sound", config.maxSourcePositions, expected.maxSourcePositions),
        ] where found != expected {
            throw SpeechError.draft(what, found: found, expected: expected)
        }
        let heard =
            try model.encoder.soundProjection(sharing: other.encoder) ?? model.encoder.encoder(windows: .any, positions: .any)
        let written = try model.decoder.decoder()
        let compiled = try Executable.compile([
            ("draft decoder", written, options.forDecoder(written.graph)), ("draft encoder", heard, options),
        ])
        (decoder, encoder) = (compiled[0], compiled[1])
    }

    /// The decoder's keys and values of windows.
    /// - Parameters:
    ///   - features: the windows' spectrograms.
    ///   - sound: what the other model's encoder made of them, used where this model has the same encoder.
    func encode(_ features: Tensor, _ sound: [String: Tensor]) async throws -> [String: Tensor] {
        let states = try sound.required("last_hidden_state", of: "encoder")
        return try await encoder.run(["input_features": features, "last_hidden_state": states])
    }

    func text(over sound: [String: Tensor]) -> WhisperText { WhisperText(decoder, config, sound: sound) }
}
