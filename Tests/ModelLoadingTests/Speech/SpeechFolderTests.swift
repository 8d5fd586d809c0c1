import Architectures
import Foundation
import Inference
import ModelGraph
import TensorStore
import TestSupport
import Testing

@testable import ModelLoading

@Suite struct SpeechFolderTests {
    private let place: TemporaryFolder
    private let model: SpeechModel

    init() throws {
        place = try TemporaryFolder()
        let source = Goldens.url("Architectures/whisper/equal-depth")
        let component = Component(
            name: "speech_recognizer", library: "transformers", className: "WhisperForConditionalGeneration", folder: source)
        model = try SpeechModel(
            url: place.url, network: component.network(from: Registry.speechRecognizers), tokenizer: TestTokenizer.make(),
            config: component.configValues(), generationConfig: .members([("alignment_heads", .array([.array([1, 0])]))]))
    }

    private func written() throws -> URL {
        let target = place.url.appending(path: "out")
        let folder = try SpeechFolder(target, copying: model)
        try folder.write(encoder: model.encoder.exportedEncoder())
        try folder.write(decoder: model.decoder.exportedDecoder())
        #expect(!FileManager.default.fileExists(atPath: target.path))
        try folder.finish()
        return target
    }

    private func graphs(_ folder: URL) throws -> (encoder: Network<WhisperModel>, decoder: Network<WhisperModel>) {
        let networks = try SpeechFolder.networks.map { name in
            Network(
                model.encoder.architecture,
                .graph(try IRReader.read(path: folder.appending(path: "\(name)/openvino_model.xml").path)))
        }
        return (networks[0], networks[1])
    }

    @Test func configsAreWritten() throws {
        let folder = try written()
        #expect(try JSONFile.read(folder.appending(path: "config.json")) == model.config)
        #expect(try JSONFile.read(folder.appending(path: "generation_config.json")) == model.generationConfig)
    }

    /// The networks in IR give what those of the checkpoint give, scores of alignment heads included.
    @Test func networksAreThoseOfTheCheckpoint() async throws {
        let (encoder, decoder) = try graphs(written())
        let config = model.encoder.architecture.config
        var random = SystemRandomNumberGenerator()
        let frames = 2 * config.maxSourcePositions
        let features = try Tensor(
            (0..<config.numMelBins * frames).map { _ in Float.random(in: -1...1, using: &random) },
            shape: [1, config.numMelBins, frames])
        var results: [[String: Tensor]] = []
        for (encoder, decoder) in [(model.encoder, model.decoder), (encoder, decoder)] {
            let sound = try await Executable("encoder", encoder.encoder()).run(["input_features": features])
            let network = try Executable("decoder", decoder.decoder(alignmentHeads: [.init(layer: 1, head: 0)]))
            try network.set(sound)
            results.append(try await network.run(WhisperCache(config).inputs([.sequence([1, 2, 3])])))
        }
        for name in ["logits", "alignment_scores"] {
            let (expected, found): ([Float], [Float]) = (
                try results[0].required(name, of: "decoder").elements(), try results[1].required(name, of: "decoder").elements()
            )
            #expect(zip(expected, found).allSatisfy { abs($0 - $1) < 1e-4 })
            #expect(expected.count == found.count && !expected.isEmpty)
        }
    }
}
