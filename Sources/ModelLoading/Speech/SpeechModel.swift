public import Architectures
public import Foundation
import TensorStore
public import Tokenizers

/// A Whisper model: network and tokenizer of a folder in transformers' layout (config.json, safetensors), or in CTranslate2's
/// (model.bin), as faster-whisper has it.
public struct SpeechModel: Sendable {
    public let url: URL
    public let network: Network<WhisperModel>
    public let tokenizer: WhisperTokenizer
}

extension SpeechModel {
    /// Reads config and tokenizer; weights are mapped.
    /// - Throws: `ModelError`, `ArchitectureError`, `TokenizerError`; `SafetensorsError`, `CTranslate2Error` for damaged files.
    public init(_ url: URL) throws {
        self.url = url
        let checkpoint = url.appending(path: "model.bin")
        if FileManager.default.fileExists(atPath: checkpoint.path) {
            let file = try CTranslate2File(path: checkpoint.path)
            let config = try file.whisperConfig()
            let className = config["architectures"]?.array?.first?.string ?? ""
            let reader = ConfigReader(config, className: className, file: checkpoint.path)
            network = Network(
                try Registry.make(reader, from: Registry.speechRecognizers), .checkpoint(try Weights(whisper: file)))
        } else {
            let source = try ModelSource(url)
            guard let component = source.components[Registry.speechRecognizers.component] else {
                throw ModelError.notAModel(
                    path: url.path, reason: "it is a \(source.pipelineClass), which does not write down what is said")
            }
            network = try component.network(from: Registry.speechRecognizers)
        }
        tokenizer = try WhisperTokenizer(folder: url)
    }
}
