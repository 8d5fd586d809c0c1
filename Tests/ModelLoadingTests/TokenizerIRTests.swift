import Architectures
import Foundation
import Inference
import ModelGraph
@testable import ModelLoading
import OpenVINO
import TensorStore
import TestSupport
import Testing
import Tokenizers

/// Folders as optimum-intel writes them: `Tests/Goldens/ModelLoading/optimum/make.py`.
@Suite struct TokenizerIRTests {
    private let place: TemporaryFolder

    init() throws { place = try TemporaryFolder() }

    private static let ir = Goldens.url("ModelLoading/optimum/tokenizer")
    /// What the IR was made of.
    private static let original = Goldens.url("Tokenizers/tokenizer/small")
    private static let texts = [
        "a smiling face with sunglasses", "Two  CATS, don't!", "日本 é <|endoftext|> ok", "", "1234 🎉🎉",
        String(repeating: "word ", count: 40),
    ]

    /// The extension library is not needed: vocabulary, merges, markers and length are constants.
    @Test func readsWhatItWasMadeOf() throws {
        let (found, expected) = (try CLIPTokenizer(anyOf: Self.ir), try CLIPTokenizer(folder: Self.original))
        #expect(found.modelMaxLength == expected.modelMaxLength && found.vocabularyCount == expected.vocabularyCount)
        #expect(found.bosTokenID == expected.bosTokenID && found.eosTokenID == expected.eosTokenID)
        #expect(found.padTokenID == expected.padTokenID)
        for text in Self.texts {
            #expect(found.encode(text).ids == expected.encode(text).ids, "\(text)")
            #expect(found.encode(text, maxLength: 32) == expected.encode(text, maxLength: 32), "\(text)")
        }
        let ids = expected.encode(Self.texts[0]).ids
        #expect(found.decode(ids) == expected.decode(ids))
    }

    /// Options beside the IR count; a vocabulary in JSON goes before it.
    @Test func otherFilesOfTheFolder() throws {
        for name in ["openvino_tokenizer.xml", "openvino_tokenizer.bin"] {
            try FileManager.default.copyItem(at: Self.ir.appending(path: name), to: place.url.appending(path: name))
        }
        try place.write("tokenizer_config.json", #"{"pad_token": "!", "model_max_length": 20}"#)
        let configured = try CLIPTokenizer(anyOf: place.url)
        #expect(configured.modelMaxLength == 20 && configured.padTokenID != configured.eosTokenID)
        try place.write("vocab.json", #"{"a": 0, "a</w>": 1, "<|startoftext|>": 2, "<|endoftext|>": 3}"#)
        try place.write("merges.txt", "#version: 0.2\n")
        try place.write("tokenizer_config.json", "{}")
        #expect(try CLIPTokenizer(anyOf: place.url).vocabularyCount == 4)
    }

    /// Whisper's of byte-level pairs too: the vocabulary has bytes, and added tokens follow it.
    @Test func whispersTokenizer() throws {
        let found = try WhisperTokenizer(anyOf: Goldens.url("Tokenizers/openvino/whisper"))
        let expected = try WhisperTokenizer(folder: Goldens.url("Tokenizers/whisper/multilingual"))
        #expect(
            found.special.timestampBegin == expected.special.timestampBegin && found.isMultilingual == expected.isMultilingual)
        for text in Self.texts + ["Hello there, don't!", " naïve"] {
            #expect(found.encode(text) == expected.encode(text), "\(text)")
        }
    }

    @Test func noTokenizerAtAll() throws {
        #expect(throws: TokenizerError.self) { try CLIPTokenizer(anyOf: place.url) }
    }

    /// Any byte of the constants, and any line of the text, may be wrong.
    @Test func damagedFilesAreRefused() throws {
        let text = try String(contentsOf: Self.ir.appending(path: "openvino_tokenizer.xml"), encoding: .utf8)
        let constants = Array(try Data(contentsOf: Self.ir.appending(path: "openvino_tokenizer.bin")))
        func read(_ text: String, _ constants: [UInt8]) throws {
            try place.write("openvino_tokenizer.xml", text)
            try place.write("openvino_tokenizer.bin", constants)
            _ = try CLIPTokenizer(anyOf: place.url).encode("a face")
        }
        try read(text, constants)
        #expect { try read(text.replacing("BPETokenizer", with: "WordpieceTokenizer"), constants) } throws: {
            "\($0)".contains("it has no BPETokenizer")
        }
        #expect(throws: (any Error).self) { try read(text, Array(constants.prefix(constants.count / 2))) }
        var refused = 0
        for round in 0..<60 {
            var damaged = constants
            for _ in 0...round { damaged[Int.random(in: 0..<damaged.count)] = UInt8.random(in: 0...255) }
            do { try read(text, damaged) } catch { refused += 1 }
        }
        #expect(refused > 0)
    }

    /// What optimum's own text encoders of SDXL give: states of every layer, and the projected state.
    @Test func textEncoderOfSDXL() throws {
        let component = Component(
            name: "text_encoder_2", library: "transformers", className: "CLIPTextModelWithProjection",
            folder: Goldens.url("ModelLoading/optimum/text_encoder_2"))
        let network = try component.network(from: Registry.textEncoders)
        let sized = try network.graph(tokens: 32, outputs: .init(hiddenStates: true, pooled: true))
        let model = try Executable("test", sized).model
        let request = try model.makeRequest()
        let ids = try CLIPTokenizer(anyOf: Self.ir).encode("a face", maxLength: 32).ids
        try request.setInput("input_ids", to: Tensor(ids.map(Int64.init), shape: [1, 32]))
        try request.infer()
        #expect(try request.outputTensor("text_embeds").shape == [1, 4])
        #expect(try request.outputTensor("hidden_states.0").shape == [1, 32, 4])
        #expect(try request.outputTensor("last_hidden_state").shape == [1, 32, 4])
    }

    @Test func textEncodersThatLackAnOutput() throws {
        let component = Component(
            name: "text_encoder_2", library: "transformers", className: "CLIPTextModelWithProjection",
            folder: Goldens.url("ModelLoading/optimum/text_encoder_2"))
        let network = try component.network(from: Registry.textEncoders)
        var graph = Graph(name: "text_encoder")
        let ids = graph.parameter("input_ids", .i64, [.any, .any])
        graph.result(graph.convert(ids, to: .f32), name: "last_hidden_state")
        let other = Network(network.architecture, .graph(graph))
        #expect(try other.graph(tokens: 7).shapes == ["input_ids": [1, 7]])
        for outputs in [CLIPTextModel.Outputs(pooled: true), .init(hiddenStates: true)] {
            #expect { try other.graph(tokens: 7, outputs: outputs) } throws: { "\($0)".contains("must be exported with it") }
        }
    }
}
