import Architectures
import Foundation
import ModelGraph
import TensorStore
import TestSupport
import Tokenizers

@testable import Hub
@testable import ModelLoading
@testable import Speech

/// The small model of `Goldens/Speech/optimum`: the checkpoint, and its exports with and without state.
struct ExportedModel {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let zip = try ZipDirectory(MappedFile(path: Goldens.url("Speech/optimum/export.zip").path))
        var unpacking = ZipUnpacking(limit: 1 << 20)
        for name in zip.names.sorted() {
            let url = folder.url.appending(path: name)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            let file = try PartialFile(for: url)
            try unpacking.unpack(name, of: zip, named: "export.zip", to: file)
            try file.commit(to: url)
        }
    }

    func url(_ name: String) -> URL { folder.url.appending(path: name) }

    private func architecture() throws -> WhisperModel {
        let config = url("config.json")
        return WhisperModel(
            try WhisperConfig(
                ConfigReader(JSONFile.read(config), className: "WhisperForConditionalGeneration", file: config.path)))
    }

    func checkpoint() throws -> SpeechModel {
        let file = url("model.safetensors").path
        return try SpeechModel(
            url: folder.url,
            network: Network(
                try architecture(), .checkpoint(Weights(try SafetensorsCheckpoint(path: file), source: file))),
            tokenizer: TestTokenizer.make())
    }

    /// - Parameter name: `past` or `stateful`.
    func exported(_ name: String) throws -> SpeechModel {
        let encoder = try IRReader.read(path: url("\(name)/openvino_encoder_model.xml").path)
        var model = try SpeechModel(
            url: url(name), network: Network(architecture(), .graph(encoder)), tokenizer: TestTokenizer.make())
        model.exportedDecoder = try ExportedWhisperDecoder(folder: url(name))
        return model
    }
}
