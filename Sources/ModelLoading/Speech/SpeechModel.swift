public import Architectures
public import Foundation
import ModelGraph
public import TensorStore
public import Tokenizers

/// A Whisper model: networks and tokenizer of a folder in transformers' layout (config.json, safetensors), in CTranslate2's
/// (model.bin), as faster-whisper has it, in optimum-intel's (openvino_encoder_model.xml …), or as `SpeechFolder` writes it. IR takes
/// precedence.
public struct SpeechModel: Sendable {
    public let url: URL
    public var encoder: Network<WhisperModel>
    public var decoder: Network<WhisperModel>
    /// The decoder of optimum-intel's folder, in place of `decoder`.
    public var exportedDecoder: ExportedWhisperDecoder?
    public let tokenizer: WhisperTokenizer
    /// transformers' config.json of the networks.
    public let config: JSONValue
    /// transformers' generation_config.json, as far as there is one.
    public let generationConfig: JSONValue
    /// The heads of attention that tell the times of words.
    public let alignmentHeads: [WhisperModel.AlignmentHead]

    /// - Parameter network: the encoder, and the decoder too where there is no other.
    /// - Throws: `ArchitectureError.parameter` for alignment heads that the model does not have.
    init(
        url: URL, network: Network<WhisperModel>, decoder: Network<WhisperModel>? = nil, tokenizer: WhisperTokenizer,
        config: JSONValue = .members([]), generationConfig: JSONValue = .members([])
    ) throws(ArchitectureError) {
        self.url = url
        encoder = network
        self.decoder = decoder ?? network
        self.tokenizer = tokenizer
        self.config = config
        self.generationConfig = generationConfig
        alignmentHeads = try network.architecture.alignmentHeads(
            generationConfig, file: url.appending(path: "generation_config.json").path)
    }
}

extension SpeechModel {
    /// Reads configs and tokenizer; weights are mapped.
    /// - Throws: `ModelError`, `ArchitectureError`, `TokenizerError`; `SafetensorsError`, `CTranslate2Error`, `GraphError` for
    ///   damaged files.
    public init(_ url: URL) throws {
        if FileManager.default.fileExists(atPath: url.appending(path: ExportedWhisperDecoder.encoderName).path) {
            try self.init(exported: url)
            return
        }
        if FileManager.default.fileExists(atPath: Self.checkpoint(url).path) {
            try self.init(cTranslate2: url)
            return
        }
        let source = try ModelSource(url)
        let classes = Registry.speechRecognizers
        guard let component = source.components[classes.component] else {
            throw ModelError.notAModel(
                path: url.path, reason: "it is a \(source.pipelineClass), which does not write down what is said")
        }
        let folders = SpeechFolder.networks.map { name in
            Component(name: name, library: component.library, className: component.className, folder: url.appending(path: name))
        }
        var networks: [Network<WhisperModel>] = []
        if folders.allSatisfy(\.hasIR) {
            let architecture = try Registry.make(component.config(), from: classes)
            networks = try folders.map { Network(architecture, .graph(try IRReader.read(path: $0.irFile.path))) }
        } else {
            networks = Array(repeating: try component.network(from: classes), count: 2)
        }
        try self.init(
            url: url, network: networks[0], decoder: networks[1], tokenizer: WhisperTokenizer(anyOf: url),
            config: component.configValues(), generationConfig: Self.config("generation_config.json", in: url))
    }

    private init(cTranslate2 url: URL) throws {
        let file = try CTranslate2File(path: Self.checkpoint(url).path)
        let config = try file.whisperConfig()
        let className = config["architectures"]?.array?.first?.string ?? ""
        let reader = ConfigReader(config, className: className, file: file.file.path)
        let network = Network(
            try Registry.make(reader, from: Registry.speechRecognizers), .checkpoint(try Weights(whisper: file)))
        try self.init(
            url: url, network: network, tokenizer: WhisperTokenizer(anyOf: url), config: config,
            generationConfig: CTranslate2WhisperOptions.generationConfig(Self.config("config.json", in: url)))
    }

    private init(exported url: URL) throws {
        let file = url.appending(path: "config.json")
        let config = try JSONFile.read(file)
        let reader = ConfigReader(config, className: config["architectures"]?.array?.first?.string ?? "", file: file.path)
        let encoder = try ExportedWhisperDecoder.readNetwork(
            url, ExportedWhisperDecoder.encoderName, inputs: ["input_features"], output: "last_hidden_state")
        try self.init(
            url: url, network: Network(try Registry.make(reader, from: Registry.speechRecognizers), .graph(encoder)),
            tokenizer: WhisperTokenizer(anyOf: url), config: config,
            generationConfig: Self.config("generation_config.json", in: url))
        exportedDecoder = try ExportedWhisperDecoder(folder: url)
    }

    /// Whether a folder has a Whisper model.
    public static func isSpeechModel(_ url: URL) -> Bool {
        FileManager.default.fileExists(atPath: checkpoint(url).path)
            || (try? ModelSource(url))?.components[Registry.speechRecognizers.component] != nil
    }

    /// CTranslate2's file in a folder.
    private static func checkpoint(_ folder: URL) -> URL { folder.appending(path: "model.bin") }

    /// A config that may be missing.
    private static func config(_ name: String, in folder: URL) throws -> JSONValue {
        let url = folder.appending(path: name)
        return FileManager.default.fileExists(atPath: url.path) ? try JSONFile.read(url) : .members([])
    }
}
