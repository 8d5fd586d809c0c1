import Architectures
import Foundation
import TestSupport
import Testing

@testable import ModelLoading

@Suite struct SpeechModelTests {
    /// transformers' layout: the small network of the goldens with a vocabulary.
    static func folder(_ generationConfig: String?) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let files = ["config.json", "model.safetensors"].map { "Architectures/whisper/equal-depth/\($0)" }
        let vocabulary = ["vocab.json", "merges.txt", "added_tokens.json"].map { "Tokenizers/whisper/english/\($0)" }
        for file in files + vocabulary {
            let url = Goldens.url(file)
            try FileManager.default.copyItem(at: url, to: folder.url.appending(path: url.lastPathComponent))
        }
        if let generationConfig { try folder.write("generation_config.json", generationConfig) }
        return folder
    }

    @Test func alignmentHeads() throws {
        let named = try Self.folder(#"{"alignment_heads": [[1, 0]]}"#)
        #expect(try SpeechModel(named.url).alignmentHeads == [.init(layer: 1, head: 0)])
        let plain = try Self.folder(nil)
        let model = try SpeechModel(plain.url)
        let config = model.encoder.architecture.config
        #expect(try plain.contents.count == 5)
        #expect(model.alignmentHeads.count == (config.decoderLayers + 1) / 2 * config.decoderAttentionHeads)
        let wrong = try Self.folder(#"{"alignment_heads": [[99, 0]]}"#)
        #expect(throws: ArchitectureError.self) { try SpeechModel(wrong.url) }
        let broken = try Self.folder("{")
        #expect(throws: ModelError.self) { try SpeechModel(broken.url) }
        #expect(try wrong.contents.count == 6 && broken.contents.count == 6)
    }
}
