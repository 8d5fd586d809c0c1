import Architectures
import Foundation
import Inference
import ModelGraph
import TensorStore
import TestSupport
import Testing
import Tokenizers

@testable import ModelLoading

@Suite struct SpeechFolderTests {
    private let place: TemporaryFolder
    private let model: SpeechModel
    private let source: TemporaryFolder

    init() throws {
        place = try TemporaryFolder()
        source = try SpeechModelTests.folder(#"{"alignment_heads": [[1, 0]]}"#)
        model = try SpeechModel(source.url)
    }

    private func written() throws -> SpeechModel {
        let target = place.url.appending(path: "out")
        let folder = try SpeechFolder(target, copying: model)
        try folder.write(encoder: model.encoder.exportedEncoder())
        try folder.write(decoder: model.decoder.exportedDecoder())
        #expect(!FileManager.default.fileExists(atPath: target.path))
        try folder.finish()
        return try SpeechModel(target)
    }

    @Test func configsAndTokenizerAreKept() throws {
        let read = try written()
        #expect(read.config == model.config && read.generationConfig == model.generationConfig)
        #expect(read.alignmentHeads == [.init(layer: 1, head: 0)])
        #expect(read.tokenizer.encode(" words") == model.tokenizer.encode(" words"))
        guard case .graph = read.encoder.origin, case .graph = read.decoder.origin else {
            Issue.record("the IR was not taken")
            return
        }
    }

    /// The networks in IR give what those of the checkpoint give, scores of alignment heads included.
    @Test func networksAreThoseOfTheCheckpoint() async throws {
        let read = try written()
        let config = model.encoder.architecture.config
        var random = SystemRandomNumberGenerator()
        let frames = 2 * config.maxSourcePositions
        let features = try Tensor(
            (0..<config.numMelBins * frames).map { _ in Float.random(in: -1...1, using: &random) },
            shape: [1, config.numMelBins, frames])
        var results: [[String: Tensor]] = []
        for model in [model, read] {
            let sound = try await Executable("encoder", model.encoder.encoder()).run(["input_features": features])
            let network = try Executable("decoder", model.decoder.decoder(alignmentHeads: model.alignmentHeads))
            try network.set(sound)
            results.append(try await network.run(WhisperCache(config).inputs([.sequence([1, 2, 3])])))
        }
        for name in ["logits", "alignment_scores"] {
            let expected: [Float] = try results[0].required(name, of: "decoder").elements()
            let found: [Float] = try results[1].required(name, of: "decoder").elements()
            #expect(expected.count == found.count && !expected.isEmpty)
            #expect(zip(expected, found).allSatisfy { abs($0 - $1) < 1e-4 })
        }
    }
}
