import Adapters
import Foundation
import ModelGraph
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Adapters/lycoris/make.py`, LyCORIS' own modules within diffusers' UNet.
@Suite struct LyCORISTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    static let cases: [(String, Float)] = [
        ("loha", 0.8), ("lokr", 0.8), ("lycoris-dora", 1), ("lycoris-dora-outputs", 1), ("float8", 0.8),
    ]

    @Test(arguments: cases, [false, true]) func unetMatchesLyCORIS(_ golden: (name: String, scale: Float), _ isDynamic: Bool)
        throws
    {
        let (lora, network) = (
            try GoldenLoRA("lycoris/\(golden.name)", files: 1, scales: [golden.scale]), try SmallNetwork.unet("lcm")
        )
        let adapted = try lora.set.apply(to: network.unetGraph(isDynamic: isDynamic), network: .unet, form: .merged)
        #expect(adapted.report.files[0].modules >= 40 && adapted.report.files[0].unplaced.isEmpty)
        let outputs = try network.run(adapted.graph)
        try expectClose(#require(outputs["out_sample"]), lora.output(.unet), tolerance: 1e-4, golden.name)
    }

    /// The runtime folds the arithmetic: the compiled network has as many nodes as without.
    @Test(arguments: ["loha", "lokr", "lycoris-dora"]) func mergingCostsNothing(_ name: String) throws {
        let network = try SmallNetwork.unet("lcm")
        let plain = try network.unetGraph()
        let adapted = try GoldenLoRA("lycoris/\(name)", files: 1).set.apply(to: plain, network: .unet, form: .merged).graph
        let counts = try [plain, adapted].map { graph in
            let runner = try Runner(graph, profiling: true)
            _ = try runner.run { try network.input($0, $1) }
            return try runner.nodeCount
        }
        #expect(counts[0] == counts[1], "\(counts)")
    }

    @Test(arguments: [("loha", "a LoHa"), ("lokr", "a LoKr"), ("lycoris-dora", "a DoRA")])
    func runTimeIsRefused(_ name: String, _ kind: String) throws {
        let set = try GoldenLoRA("lycoris/\(name)", files: 1).set
        let graph = try SmallNetwork.unet("lcm").unetGraph()
        let error = #expect(throws: LoRAError.self) { try set.apply(to: graph, network: .unet, form: .runtime) }
        guard case .notAtRunTime(let found, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(name == "lycoris-dora" ? ["a DoRA", "a LoHa", "a LoKr"].contains(found) : found == kind)
        #expect("\(error.map { "\($0)" } ?? "")".contains("take the model in floating point"))
    }

    // MARK: Types

    /// f64 holds the numbers of f16 exactly.
    @Test func doublePrecision() throws {
        let file = try SafetensorsCheckpoint(path: Goldens.url("Adapters/kohya.0.safetensors").path)
        var writer = SafetensorsWriter()
        for name in file.entries.keys.sorted() { try writer.add(name, file.tensor(named: name).converted(to: .f64)) }
        let path = folder.url.appending(path: "f64.safetensors").path
        try writer.write(to: path)
        let other = try LoRA(path: Goldens.url("Adapters/kohya.1.safetensors").path)
        let set = try LoRASet([
            .init(LoRA(path: path), scale: GoldenLoRA.weights[0]), .init(other, scale: GoldenLoRA.weights[1]),
        ])
        let network = try SmallNetwork.unet("lcm")
        for form in LoRAForm.allCases {
            let adapted = try set.apply(to: network.unetGraph(), network: .unet, form: form)
            let outputs = try network.run(adapted.graph, set.scaleTensors)
            try expectClose(#require(outputs["out_sample"]), GoldenLoRA("kohya").output(.unet), tolerance: 1e-4, "\(form)")
        }
    }

    @Test func alphas() throws {
        func factor(_ shapes: [String: Shape], alpha: Float?) throws -> Float {
            var shapes = Dictionary(uniqueKeysWithValues: shapes.map { ("lora_unet_x.\($0.key)", $0.value) })
            if alpha != nil { shapes["lora_unet_x.alpha"] = [] }
            let lora = try LoRA(path: folder.lora(shapes, values: alpha.map { ["lora_unet_x.alpha": [$0]] } ?? [:]))
            return try #require(lora.layers.first).factor
        }
        let loha: [String: Shape] = ["hada_w1_a": [6, 4], "hada_w1_b": [4, 5], "hada_w2_a": [6, 2], "hada_w2_b": [2, 5]]
        #expect(try factor(loha, alpha: 2) == 0.5)
        // As in LyCORIS, 0 stands for the rank.
        #expect(try factor(loha, alpha: 0) == 1 && factor(loha, alpha: nil) == 1)
        #expect(try factor(["lokr_w1": [2, 2], "lokr_w2": [3, 3]], alpha: 8) == 1)
        #expect(try factor(["lokr_w1": [2, 2], "lokr_w2_a": [3, 4], "lokr_w2_b": [4, 3]], alpha: 2) == 0.5)
        #expect(try factor(["lokr_w1_a": [2, 4], "lokr_w1_b": [4, 2], "lokr_w2": [3, 3]], alpha: 2) == 0.5)
    }

    static let unfit: [(String, [String: Shape])] = [
        ("hada_w1_a", ["hada_w1_a": [6, 4], "hada_w1_b": [3, 5], "hada_w2_a": [6, 4], "hada_w2_b": [4, 5]]),
        ("hada_w2_a", ["hada_w1_a": [6, 4], "hada_w1_b": [4, 5], "hada_w2_a": [7, 4], "hada_w2_b": [4, 5]]),
        ("hada_w1_a", ["hada_w1_a": [6], "hada_w1_b": [4, 5], "hada_w2_a": [6, 4], "hada_w2_b": [4, 5]]),
        (
            "hada_t1",
            [
                "hada_w1_a": [4, 6], "hada_w1_b": [4, 5], "hada_w2_a": [4, 6], "hada_w2_b": [4, 5], "hada_t1": [4, 3, 3, 3],
                "hada_t2": [4, 4, 3, 3],
            ]
        ),
        ("lokr_w1", ["lokr_w1": [2, 2, 3, 3], "lokr_w2": [3, 3]]), ("lokr_w1", ["lokr_w1": [2], "lokr_w2": [3, 3]]),
        ("lokr_w2_a", ["lokr_w1": [2, 2], "lokr_w2_a": [3, 4], "lokr_w2_b": [3, 3]]),
        ("lokr_t2", ["lokr_w1": [2, 2], "lokr_w2_a": [4, 3], "lokr_w2_b": [4, 3], "lokr_t2": [4, 4]]),
        ("dora_scale", ["lokr_w1": [2, 2], "lokr_w2": [3, 3], "dora_scale": [1, 4]]),
        ("hada_w2_a", ["hada_w1_a": [6, 4], "hada_w1_b": [4, 5], "hada_w2_a": [6, 0], "hada_w2_b": [0, 5]]),
    ]

    @Test(arguments: unfit) func shapesMustGoTogether(_ culprit: String, _ shapes: [String: Shape]) throws {
        let path = try folder.lora(Dictionary(uniqueKeysWithValues: shapes.map { ("lora_unet_x.\($0.key)", $0.value) }))
        let error = #expect(throws: LoRAError.self) { try LoRA(path: path) }
        guard case .shape(let key, _, _, path) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(key.hasSuffix(culprit))
    }

    @Test(arguments: [
        (["hada_w1_a"], "hada_w1_b"), (["hada_w1_a", "hada_w1_b", "hada_w2_b"], "hada_w2_a"),
        (["hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1"], "hada_t2"), (["lokr_w1"], "lokr_w2_a"),
        (["lokr_w2"], "lokr_w1_a"), (["lokr_w1", "lokr_w2_b"], "lokr_w2_a"),
    ]) func partsThatAreMissing(_ parts: [String], _ missing: String) throws {
        let path = try folder.lora(Dictionary(uniqueKeysWithValues: parts.map { ("lora_unet_x.\($0)", [2, 2]) }))
        let error = #expect(throws: LoRAError.self) { try LoRA(path: path) }
        guard case .missingPair("lora_unet_x.\(missing)", _, path) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        arguments: [
            ["lokr_w1": [2, 2], "lokr_w2": [2, 2, 1, 1]], ["lokr_w1": [2, 2], "lokr_w2": [2, 2]],
            ["hada_w1_a": [5, 1], "hada_w1_b": [1, 36], "hada_w2_a": [5, 1], "hada_w2_b": [1, 36]],
        ] as [[String: Shape]]) func changesMustFitTheModule(_ shapes: [String: Shape]) throws
    {
        // conv_in is [4, 4, 3, 3].
        let path = try folder.lora(Dictionary(uniqueKeysWithValues: shapes.map { ("lora_unet_conv_in.\($0.key)", $0.value) }))
        let set = try LoRASet([.init(LoRA(path: path))])
        let graph = try SmallNetwork.unet("lcm").unetGraph()
        let error = #expect(throws: LoRAError.self) { try set.apply(to: graph, network: .unet, form: .merged) }
        guard case .shape(_, let expected, _, path) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(expected.hasPrefix("a factor of [4, 4, 3, 3], not of "), "\(expected)")
    }
}
