public import Foundation
public import ModelGraph
import TensorStore

/// Writes a Whisper model whose networks were changed, such as quantized ones: configs and tokenizer as transformers has them, and
/// IR of the encoder and of the decoder in a folder each. The decoder is this project's own form, with masks and a cache of slots
/// (`WhisperModel.decoder`), which other programs don't run.
public final class SpeechFolder {
    /// The folders of the networks: encoder, decoder.
    static let networks = ["encoder", "decoder"]
    /// The tokenizer's files in the layouts that are read, and what other programs read beside them.
    private static let copied = [
        "tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json",
        "normalizer.json", "vocabulary.txt", "vocabulary.json", "preprocessor_config.json",
    ]

    private let source: SpeechModel
    private let files: ModelFolder

    /// - Parameter url: the folder to create; it must not exist, or be empty.
    /// - Throws: as `ModelFolder`.
    public init(_ url: URL, copying source: SpeechModel) throws {
        self.source = source
        files = try ModelFolder(url)
    }

    /// Writes a file.
    public func write(_ data: Data, to path: String) throws { try files.write(data, to: path) }

    public func write(encoder: Graph) throws { try files.write(encoder, as: Self.networks[0]) }

    public func write(decoder: Graph) throws { try files.write(decoder, as: Self.networks[1]) }

    /// Writes configs and tokenizer, and renames the complete folder to the target's name.
    public func finish() throws {
        try files.write(source.config, to: "config.json")
        try files.write(source.generationConfig, to: "generation_config.json")
        for name in Self.copied {
            let from = source.url.appending(path: name)
            if FileManager.default.fileExists(atPath: from.path) { try files.copy(from, to: name) }
        }
        try files.finish()
    }
}
