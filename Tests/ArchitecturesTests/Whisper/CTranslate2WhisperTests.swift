import Foundation
import ModelGraph
import TensorStore
import TestSupport
import Testing

@testable import Architectures

/// Conversions by CTranslate2 of a model of transformers: `Tests/Goldens/Architectures/whisper-ctranslate2/make.py`.
@Suite struct CTranslate2WhisperTests {
    private static func golden(_ name: String) -> String { Goldens.url("Architectures/whisper-ctranslate2/\(name)").path }

    private let reference: SafetensorsCheckpoint

    init() throws { reference = try SafetensorsCheckpoint(path: Self.golden("model.safetensors")) }

    private static func weights(_ name: String) throws -> Weights {
        try Weights(whisper: CTranslate2File(path: golden("\(name).bin")))
    }

    private static func tensor(_ entry: Weights.Entry) throws -> Tensor {
        try entry.data.withUnsafeBytes { try Tensor(copying: $0, shape: entry.shape, of: entry.elementType) }
    }

    @Test func namesAndBytesAreThoseOfTransformers() throws {
        let weights = try Self.weights("float16")
        // proj_out is the embeddings' table, which transformers' files leave out.
        #expect(Set(weights.entries.keys) == Set(reference.entries.keys).union(["proj_out.weight"]))
        for (name, expected) in reference.entries {
            let found = try #require(weights.entries[name])
            #expect(found.shape == expected.shape && found.elementType == .f16 && found.scales == nil, "\(name)")
            try #expect(
                Self.tensor(found).elements(as: UInt16Bits.self) == expected.tensor().elements(as: UInt16Bits.self), "\(name)")
            // Nothing is copied.
            guard case .file = found.data else { Issue.record("\(name) is a copy"); continue }
        }
        let (projection, table) = (weights.entries["proj_out.weight"], weights.entries["model.decoder.embed_tokens.weight"])
        try #expect(Self.tensor(#require(projection)).elements(as: UInt16Bits.self) == Self.tensor(#require(table)).elements())
        let odd = weights.entries.values.filter { if case .file(_, let offset, _) = $0.data { offset % 2 == 1 } else { false } }
        #expect(odd.count > 10)
    }

    /// Within half a step of the weights: 1/127 of a row's largest, 1/1024 of a tensor's.
    @Test(arguments: [("int8", 127), ("int16", 1024)] as [(String, Float)]) func integersWithScales(
        _ name: String, _ steps: Float
    ) throws {
        let weights = try Self.weights(name)
        #expect(Set(weights.entries.keys) == Set(reference.entries.keys).union(["proj_out.weight"]))
        var quantized = 0
        for (name, entry) in reference.entries {
            let found = try #require(weights.entries[name])
            let expected = try entry.tensor().converted(to: .f32).elements(as: Float.self)
            let codes = try Self.tensor(found).converted(to: .f32).elements(as: Float.self)
            guard let scales = found.scales else {
                #expect(found.elementType.isFloatingPoint, "\(name)")
                expectClose(codes, expected, tolerance: 1e-6, name)
                continue
            }
            quantized += 1
            let (rows, columns) = (found.shape[0], expected.count / found.shape[0])
            #expect(scales.count == (steps == 127 ? rows : 1), "\(name)")
            for row in 0..<rows {
                let scale = scales.count == 1 ? scales[0] : scales[row]
                for index in row * columns..<(row + 1) * columns {
                    guard abs(codes[index] * scale - expected[index]) <= 0.5001 * scale else {
                        Issue.record("\(name)[\(index)]: \(codes[index]) × \(scale) for \(expected[index])")
                        return
                    }
                }
            }
        }
        #expect(quantized == 25)
    }

    @Test(arguments: ["float16", "int8", "int16"]) func configOfTransformers(_ name: String) throws {
        let file = try MappedFile(path: Self.golden("config.json"))
        let expected = try withExtendedLifetime(file) { try JSONValue(parsing: file.bytes) }
        let found = try CTranslate2File(path: Self.golden("\(name).bin")).whisperConfig()
        let keys = try #require(found.object).map(\.key).filter { $0 != "architectures" }
        #expect(keys.count == 14)
        for key in keys { #expect("\(found[key] ?? .null)" == "\(expected[key] ?? .null)", "\(key)") }
    }

    @Test func generationConfig() throws {
        let config = try JSONValue(
            parsing: #"{"suppress_ids": [1, 2], "suppress_ids_begin": null, "alignment_heads": [[1, 0]], "lang_ids": [5]}"#.utf8)
        #expect(
            "\(CTranslate2WhisperOptions.generationConfig(config))"
                == #"{"suppress_tokens": [1, 2], "alignment_heads": [[1, 0]]}"#)
    }

    /// What the runtime makes of constants at odd places and of integers with scales, whole and in rows.
    @Test(arguments: ["float16", "int8", "int16"]) func networksOverTheFile(_ name: String) throws {
        let weights = try Self.weights(name)
        func numbers(_ name: String) throws -> [Float] {
            let entry = try #require(weights.entries[name])
            let codes = try Self.tensor(entry).converted(to: .f32).elements(as: Float.self)
            guard let scales = entry.scales else { return codes }
            let columns = codes.count / entry.shape[0]
            return codes.enumerated().map { $1 * (scales.count == 1 ? scales[0] : scales[$0 / columns]) }
        }
        let (table, query) = ("model.decoder.embed_tokens.weight", "model.encoder.layers.1.self_attn.q_proj")
        var builder = NetworkBuilder("test", weights: weights)
        let ids = builder.graph.parameter("ids", .i64, [1, 3])
        let embedded = try builder.embedding(ids, table, 37, 8)
        builder.graph.result(embedded, name: "embedded")
        builder.graph.result(try builder.linear(embedded, query, 8, 8, rows: 2..<7), name: "linear")
        builder.graph.result(
            try builder.graph.add(builder.weight("model.encoder.conv2.weight", [8, 8, 3]), builder.graph.scalar(0)),
            name: "kernel")
        let outputs = try runGraph(builder.graph) { _ in try Tensor([36, 0, 5] as [Int64], shape: [1, 3]) }

        let rows = try numbers(table)
        let states: [Float] = [36, 0, 5].flatMap { (row: Int) -> ArraySlice<Float> in rows[row * 8..<row * 8 + 8] }
        expectClose(try #require(outputs["embedded"]).elements(), states, tolerance: 1e-6)
        let (matrix, bias) = (try numbers("\(query).weight"), try numbers("\(query).bias"))
        var products: [Float] = []
        for row in 0..<3 {
            for column in 2..<7 {
                var sum = bias[column]
                for place in 0..<8 { sum += states[row * 8 + place] * matrix[column * 8 + place] }
                products.append(sum)
            }
        }
        expectClose(try #require(outputs["linear"]).elements(), products, tolerance: 1e-5)
        expectClose(try #require(outputs["kernel"]).elements(), try numbers("model.encoder.conv2.weight"), tolerance: 1e-6)
    }

    // MARK: Refusals

    @Test func otherModelsAndMissingScales() throws {
        var model = CTranslate2Model([.init("encoder/conv1/weight", [1, 2], [1, 2] as [Int8])])
        func error(_ model: CTranslate2Model) throws -> CTranslate2Error? {
            let file = try CTranslate2File(model.file())
            return #expect(throws: CTranslate2Error.self) { try Weights(whisper: file) }
        }
        #expect(
            try error(model)
                == .scale(
                    tensor: "encoder/conv1/weight", reason: "the file has no 'encoder/conv1/weight_scale'", file: "model.bin"))
        for (shape, scales) in [([2], [1, 1]), ([1], [0]), ([1], [.nan]), ([1], [-1]), ([1], [1e-45])] as [([UInt32], [Float])] {
            var wrong = model
            wrong.variables.append(.init("encoder/conv1/weight_scale", shape, scales))
            guard case .scale? = try error(wrong) else { Issue.record("\(scales)"); continue }
        }
        model.specification = "TransformerSpec"
        #expect(try error(model) == .specification("TransformerSpec", expected: "WhisperSpec", file: "model.bin"))
        // Old files with 16 bits have no scales.
        let old = CTranslate2Model([.init("encoder/conv1/weight", [1, 1], [500] as [Int16])])
        #expect(try Weights(whisper: CTranslate2File(old.file())).entries["model.encoder.conv1.weight"]?.scales == [0.001])
    }

    /// Joined rows that can't be parted, names of other networks, and configs without their tensors.
    @Test func oddTensors() throws {
        let model = CTranslate2Model([
            .init("encoder/layer_0/self_attention/linear_0/weight", [4, 1], [1, 2, 3, 4] as [Float]),
            .init("encoder/layer_x/ffn/linear_0/weight", [1], [1] as [Float]), .init("encoder", [1], [1] as [Float]),
            .init("decoder/embeddings/weight", [0, 0], [] as [Float]), .init("decoder/num_heads", [], [0] as [Int16]),
        ])
        let file = try CTranslate2File(model.file())
        #expect(try Set(Weights(whisper: file).entries.keys) == ["model.decoder.embed_tokens.weight"])
        #expect(throws: ArchitectureError.self) { try file.whisperConfig() }
        let empty = try CTranslate2File(CTranslate2Model().file())
        #expect(throws: ArchitectureError.missingTensor("decoder/embeddings/weight", in: "model.bin")) {
            try empty.whisperConfig()
        }
    }

    /// tiny.en and base as faster-whisper ships them.
    @Test(.enabled(if: OptionalMaterial.models.folder != nil), arguments: [("tiny.en", 384, 4, 51864), ("base", 512, 6, 51865)])
    func publishedModels(_ name: String, _ width: Int, _ layers: Int, _ vocabulary: Int) throws {
        let path = try #require(OptionalMaterial.models.folder).appending(path: "\(name)/model.bin").path
        guard FileManager.default.fileExists(atPath: path) else { return }
        let file = try CTranslate2File(path: path)
        let (weights, config) = (try Weights(whisper: file), try file.whisperConfig())
        #expect(config["d_model"]?.int == width && config["vocab_size"]?.int == vocabulary)
        #expect(config["encoder_layers"]?.int == layers && config["decoder_layers"]?.int == layers)
        #expect(config["encoder_attention_heads"]?.int == width / 64 && config["num_mel_bins"]?.int == 80)
        #expect(config["max_source_positions"]?.int == 1500 && config["max_target_positions"]?.int == 448)
        // 15 tensors a layer of the encoder, 24 of the decoder; the projection is named a second time.
        #expect(weights.entries.count == layers * (15 + 24) + 4 + 2 + 1 + 2 + 2 + 1)
        // SHA-256 of each tensor by another reader, where someone has made them.
        let answers = path.replacing("model.bin", with: "weights-answers.json")
        guard let answers = try? MappedFile(path: answers) else { return }
        let expected = try #require(withExtendedLifetime(answers) { try JSONValue(parsing: answers.bytes) }.object)
        #expect(expected.count == weights.entries.count)
        for (tensor, value) in expected {
            let entry = try #require(weights.entries[tensor], "\(tensor)")
            #expect("\(JSONValue.integers(entry.shape.dimensions))" == "\(value.array?.first ?? .null)", "\(tensor)")
            var digest = SHA(.sha256)
            entry.data.withUnsafeBytes { digest.update($0) }
            #expect(digest.hexDigits() == value.array?.last?.string, "\(tensor)")
        }
    }
}

/// f16 by its bits.
private struct UInt16Bits: TensorElement, Equatable {
    let bits: UInt16
    static var elementType: ElementType { .f16 }
}
