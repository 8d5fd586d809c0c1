import Adapters
import Foundation
import TensorStore
import TestSupport
import Testing

@Suite struct LoRATests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func alphaOverRankIsTheFactor() throws {
        let shapes: [String: Shape] = [
            "lora_te2_a_b.lora_down.weight": [4, 3], "lora_te2_a_b.lora_up.weight": [5, 4], "lora_te2_a_b.alpha": [],
        ]
        let lora = try LoRA(path: folder.lora(shapes, values: ["lora_te2_a_b.alpha": [6]]))
        let layer = try #require(lora.layers.first)
        #expect(layer.network == .textEncoder2 && layer.module == "a_b" && layer.factor == 1.5)
        #expect(layer.rank == 4 && layer.columns == 3 && layer.outputs == 5 && layer.keys.count == 3)
        #expect(lora.networks == [.textEncoder2] && lora.keyCount == 3 && lora.unknownKeys.isEmpty)
    }

    @Test(arguments: [
        (#"{"unet.lora_alpha": 8, "unet.alpha_pattern": {"to_k": 2}}"#, "down_blocks.0.to_q", Float(2)),
        (#"{"unet.lora_alpha": 8, "unet.alpha_pattern": {"to_k": 2}}"#, "down_blocks.0.to_k", 0.5),
        (#"{"unet.lora_alpha": 8, "unet.use_rslora": true}"#, "down_blocks.0.to_q", 4),
        (#"{"text_encoder.lora_alpha": 8}"#, "down_blocks.0.to_q", 1), ("[", "down_blocks.0.to_q", 1),
        ("", "down_blocks.0.to_q", 1),
    ]) func alphaOfMetadata(_ metadata: String, _ module: String, _ factor: Float) throws {
        let shapes: [String: Shape] = ["unet.\(module).lora_A.weight": [4, 3], "unet.\(module).lora_B.weight": [5, 4]]
        let lora = try LoRA(path: folder.lora(shapes, metadata: ["lora_adapter_metadata": metadata]))
        #expect(lora.layers.map(\.factor) == [factor])
    }

    @Test(arguments: [
        ("m.lora_A.weight", "m.lora_B.weight"), ("m.lora_B.weight", "m.lora_A.weight"),
        ("lora_unet_m.lora_up.weight", "lora_unet_m.lora_down.weight"),
    ]) func matricesComeInPairs(_ key: String, _ missing: String) throws {
        let prefix = key.hasPrefix("lora_") ? "" : "unet."
        let path = try folder.lora([prefix + key: [2, 2]])
        #expect(throws: LoRAError.missingPair(expected: prefix + missing, key: prefix + key, file: path)) { try LoRA(path: path) }
    }

    static let unfit: [(String, [String: Shape])] = [
        ("lora_B", ["lora_A.weight": [2, 3], "lora_B.weight": [5, 3]]),
        ("lora_A", ["lora_A.weight": [2], "lora_B.weight": [5, 2]]),
        ("lora_A", ["lora_A.weight": [2, 3, 1], "lora_B.weight": [5, 2]]),
        ("lora_B", ["lora_A.weight": [2, 3], "lora_B.weight": [5, 2, 3, 3]]),
        ("lora_B", ["lora_A.weight": [2, 3], "lora_B.weight": []]),
        ("lora_A", ["lora_A.weight": [0, 3], "lora_B.weight": [5, 0]]),
        ("lora_mid", ["lora_down.weight": [2, 3, 1, 1], "lora_up.weight": [5, 2, 1, 1], "lora_mid.weight": [2, 3, 3, 3]]),
        ("lora_mid", ["lora_down.weight": [2, 3, 3, 3], "lora_up.weight": [5, 2, 1, 1], "lora_mid.weight": [2, 2, 3, 3]]),
        ("dora_scale", ["lora_down.weight": [2, 3], "lora_up.weight": [5, 2], "dora_scale": [1, 4]]),
        ("magnitude", ["lora_A.weight": [2, 3], "lora_B.weight": [5, 2], "lora_magnitude_vector": [3]]),
    ]

    @Test(arguments: unfit) func shapesMustGoTogether(_ culprit: String, _ shapes: [String: Shape]) throws {
        let path = try folder.lora(Dictionary(uniqueKeysWithValues: shapes.map { ("unet.m.\($0.key)", $0.value) }))
        let error = #expect(throws: LoRAError.self) { try LoRA(path: path) }
        guard case .shape(let key, _, _, path) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(key.contains(culprit))
    }

    @Test(arguments: [
        ("lora_unet_x.oft_blocks", "OFT"),
        ("lora_unet_x.on_input", "IA3"), ("unet.x.ia3_l", "IA3"), ("lora_unet_x.a1.weight", "GLoRA"),
        ("lora_unet_x.diff", "full difference"), ("unet.x.lora_B.bias", "biases"),
        ("text_encoder.x.lora_embedding_A", "embeddings"),
    ]) func otherKindsAreRefusedByName(_ key: String, _ kind: String) throws {
        let path = try folder.lora([key: [2, 2], "unet.m.lora_A.weight": [2, 2], "unet.m.lora_B.weight": [2, 2]])
        let lora = try LoRA(path: path)
        let error = #expect(throws: LoRAError.self) { try LoRASet([.init(lora)]) }
        guard case .kind(let found, key: key, file: path) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found.contains(kind) && "\(error.map { "\($0)" } ?? "")".contains("--lora-lenient"))
        #expect(throws: Never.self) { try LoRASet([.init(lora)], isLenient: true) }
        #expect(lora.notes == ["\(path): keys of \(found), such as '\(key)', are left out."])
    }

    /// What belongs to no layer is left out and noted, and the rest is read.
    @Test func otherKeys() throws {
        let others: [String: Shape] = [
            "bundle_emb.<cat>.string_to_param.*": [2, 8], "bundle_emb.dog.emb_params": [1, 8], "lora_unet_y.alpha": [],
            "model_ema.lora_unet_m.lora_up.weight": [2, 2], "lora_unet_m_ema.lora_up.weight": [2, 2], "step": [],
            "lora_unet_m.notes": [3],
        ]
        let own: [String: Shape] = ["unet.m.lora_A.weight": [2, 2], "unet.m.lora_B.weight": [2, 2]]
        let lora = try LoRA(path: folder.lora(own.merging(others) { first, _ in first }))
        #expect(lora.layers.count == 1 && lora.unknownKeys.isEmpty && lora.embeddedWords == ["<cat>", "dog"])
        #expect(lora.strayKeys == others.keys.filter { !$0.hasPrefix("bundle") }.sorted())
        #expect(throws: Never.self) { try LoRASet([.init(lora)]) }
        #expect(lora.notes.count == 2 && lora.notes[0].contains("5 keys") && lora.notes[1].contains("<cat>, dog"))
        #expect(lora.notes.allSatisfy { $0.contains(lora.path) } && lora.notes[1].contains("--embedding"))
        #expect(try LoRA(path: folder.lora(own)).notes.isEmpty)
        // Nothing but such keys is no LoRA.
        let none = try LoRA(path: folder.lora(["step": [1], "lora_unet_y.alpha": []]))
        #expect(throws: LoRAError.unplaced(["lora_unet_y.alpha", "step"], of: 2, network: nil, file: none.path)) {
            try LoRASet([.init(none)])
        }
    }

    @Test func typesAndAlphasAreChecked() throws {
        var writer = SafetensorsWriter()
        try writer.add("unet.m.lora_A.weight", Tensor(zeros: [2, 2], of: .i32))
        try writer.add("unet.m.lora_B.weight", Tensor(zeros: [2, 2]))
        let path = folder.url.appending(path: "a.safetensors").path
        try writer.write(to: path)
        #expect(throws: LoRAError.type(key: "unet.m.lora_A.weight", .i32, file: path)) { try LoRA(path: path) }
        for (shape, value) in [([2] as Shape, [Float(1), 1]), ([], [.nan])] {
            let path = try folder.lora(
                ["unet.m.lora_A.weight": [2, 2], "unet.m.lora_B.weight": [2, 2], "unet.m.alpha": shape],
                values: ["unet.m.alpha": value])
            #expect(throws: LoRAError.alpha(key: "unet.m.alpha", file: path)) { try LoRA(path: path) }
        }
    }

    @Test func missingFile() {
        #expect(throws: LoRAError.file(.file(.missing(path: "/nowhere.safetensors")))) { try LoRA(path: "/nowhere.safetensors") }
    }

    /// Keys put together at random, with random shapes, are read or refused, and what was read applied or refused.
    @Test func anyFileIsReadOrRefused() throws {
        var random = SeededRandom(state: 0x9E37_79B9_7F4A_7C15)
        let heads = [
            "", "unet.", "lora_unet_", "base_model.model.", "base_model.model.unet.", "text_encoder.", "lora_te_", "lora_te2_",
            "diffusion_model.", "x.",
        ]
        let modules = [
            "", "conv_in", "down_blocks.0.resnets.0.conv1", "down_blocks_0_resnets_0_conv1", "input_blocks.1.0.in_layers.2",
            "mid_block.attentions.0.proj_in", "processor.to_q", "down_blocks.99999999999999999999.resnets.0.conv1", "..", "_",
            "up_blocks.0.upsamplers.0.conv", "out.2", "[0..<9]", "middle_block.1.norm",
        ]
        let tails = [
            "", ".lora_A.weight", ".lora_B.weight", ".lora_down.weight", ".lora_up.weight", ".lora_mid.weight", ".alpha",
            ".hada_w1_a", ".hada_w1_b", ".hada_w2_a", ".hada_w2_b", ".hada_t1", ".lokr_w1", ".lokr_w2", ".lokr_w2_a",
            ".lokr_w2_b",
            "_lora.down.weight", ".lora.up.weight", ".dora_scale", ".lora_magnitude_vector", ".lora_A.x.weight", ".weight",
        ]
        let graph = try SmallNetwork.unet("lcm").unetGraph()
        var (read, refused) = (0, 0)
        for round in 0..<400 {
            var shapes: [String: Shape] = [:]
            let head = heads.randomElement(using: &random) ?? ""
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let name =
                    (round % 2 == 0 ? head : heads.randomElement(using: &random) ?? "")
                    + (modules.randomElement(using: &random) ?? "")
                for tail in Bool.random(using: &random)
                    ? [".lora_A.weight", ".lora_B.weight"] : [tails.randomElement(using: &random) ?? ""]
                {
                    let rank = [2, 2, 4, 4, 0, 1, 3, 5].randomElement(using: &random) ?? 0
                    shapes[name + tail] = Shape((0..<rank).map { _ in [4, 3, 3, 1, 0, 4].randomElement(using: &random) ?? 1 })
                }
            }
            shapes["__metadata__"] = nil
            shapes[""] = nil
            do {
                let set = try LoRASet([.init(LoRA(path: folder.lora(shapes)))], isLenient: Bool.random(using: &random))
                for form in LoRAForm.allCases { _ = try set.apply(to: graph, network: .unet, form: form) }
                read += 1
            } catch let error as LoRAError {
                #expect(!"\(error)".isEmpty)
                refused += 1
            }
        }
        #expect(read > 10 && refused > 100, "\(read), \(refused)")
    }

    @Test func truncatedFilesAreRefused() throws {
        let whole = try Data(contentsOf: Goldens.url("Adapters/dora.0.safetensors"))
        for length in stride(from: 0, to: whole.count, by: 97) {
            let file = try folder.write("cut.safetensors", whole.prefix(length))
            #expect(throws: LoRAError.self) { try LoRA(path: file.path) }
        }
    }
}

/// xorshift64*: the same numbers at every run.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 2_685_821_657_736_338_717
    }
}
