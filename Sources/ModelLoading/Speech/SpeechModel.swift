public import Architectures
public import Foundation
import TensorStore
public import Tokenizers

/// A Whisper model: config, weights and tokenizer of a folder in transformers' layout (config.json, safetensors), or in
/// CTranslate2's (model.bin), as faster-whisper has it.
public struct SpeechModel: Sendable {
    public let url: URL
    public let network: WhisperModel
    public let weights: Weights
    public let tokenizer: WhisperTokenizer

    /// Reads config and tokenizer; weights are mapped.
    /// - Throws: `ModelError`, `ArchitectureError`, `TokenizerError`; `SafetensorsError`, `CTranslate2Error` for damaged files.
    public init(_ url: URL) throws {
        self.url = url
        let checkpoint = url.appending(path: "model.bin")
        if FileManager.default.fileExists(atPath: checkpoint.path) {
            let file = try CTranslate2File(path: checkpoint.path)
            network = WhisperModel(
                try WhisperConfig(
                    ConfigReader(try file.whisperConfig(), className: WhisperModel.className, file: checkpoint.path)))
            weights = try Weights(whisper: file)
        } else {
            let source = try ModelSource(url)
            guard let component = source.components["speech"] else {
                throw ModelError.wrongKind(path: url.path, found: source.pipelineClass, expected: WhisperModel.className)
            }
            network = WhisperModel(try WhisperConfig(component.config()))
            weights = try component.weights()
        }
        tokenizer = try WhisperTokenizer(folder: url)
    }
}
