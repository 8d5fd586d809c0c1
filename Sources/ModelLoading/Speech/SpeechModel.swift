public import Architectures
public import Foundation
import ModelGraph
public import TensorStore
public import Tokenizers

/// A Whisper model: networks and tokenizer of a folder in transformers' layout (config.json, safetensors), in CTranslate2's
/// (model.bin), as faster-whisper has it, or as `SpeechFolder` writes it.
public struct SpeechModel: Sendable {
    public let url: URL
    public var encoder: Network<WhisperModel>
    public var decoder: Network<WhisperModel>
    public let tokenizer: WhisperTokenizer
    /// transformers' config.json of the networks.
    public let config: JSONValue
    /// transformers' generation_config.json, as far as there is one.
    public let generationConfig: JSONValue
}

extension SpeechModel {
    /// Reads configs and tokenizer; weights are mapped.
    /// - Throws: `ModelError`, `ArchitectureError`, `TokenizerError`; `SafetensorsError`, `CTranslate2Error`, `GraphError` for
    ///   damaged files.
    public init(_ url: URL) throws {
        self.url = url
        let checkpoint = url.appending(path: "model.bin")
        if FileManager.default.fileExists(atPath: checkpoint.path) {
            let file = try CTranslate2File(path: checkpoint.path)
            config = try file.whisperConfig()
            generationConfig = CTranslate2WhisperOptions.generationConfig(try Self.config("config.json", in: url))
            let className = config["architectures"]?.array?.first?.string ?? ""
            let reader = ConfigReader(config, className: className, file: checkpoint.path)
            encoder = Network(
                try Registry.make(reader, from: Registry.speechRecognizers), .checkpoint(try Weights(whisper: file)))
            decoder = encoder
        } else {
            let source = try ModelSource(url)
            let classes = Registry.speechRecognizers
            guard let component = source.components[classes.component] else {
                throw ModelError.notAModel(
                    path: url.path, reason: "it is a \(source.pipelineClass), which does not write down what is said")
            }
            config = try component.configValues()
            generationConfig = try Self.config("generation_config.json", in: url)
            let folders = SpeechFolder.networks.map { name in
                Component(
                    name: name, library: component.library, className: component.className, folder: url.appending(path: name))
            }
            if folders.allSatisfy(\.hasIR) {
                let architecture = try Registry.make(component.config(), from: classes)
                let graphs = try folders.map { try IRReader.read(path: $0.irFile.path) }
                (encoder, decoder) = (Network(architecture, .graph(graphs[0])), Network(architecture, .graph(graphs[1])))
            } else {
                encoder = try component.network(from: classes)
                decoder = encoder
            }
        }
        tokenizer = try WhisperTokenizer(folder: url)
    }

    /// Whether a folder has a Whisper model.
    public static func isSpeechModel(_ url: URL) -> Bool {
        FileManager.default.fileExists(atPath: url.appending(path: "model.bin").path)
            || (try? ModelSource(url))?.components[Registry.speechRecognizers.component] != nil
    }

    /// A config that may be missing.
    private static func config(_ name: String, in folder: URL) throws -> JSONValue {
        let url = folder.appending(path: name)
        return FileManager.default.fileExists(atPath: url.path) ? try JSONFile.read(url) : .members([])
    }
}
