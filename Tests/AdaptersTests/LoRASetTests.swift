import Adapters
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Goldens: `Tests/Goldens/Adapters/make.py`, diffusers' `load_lora_weights` and `set_adapters` in f32 on the CPU.
@Suite struct LoRASetTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    static let unets = [("diffusers", "lcm", 2), ("kohya", "lcm", 2), ("sdxl", "sdxl", 2)]
    static let texts: [(String, AdaptedNetwork, String)] = [
        ("diffusers", .textEncoder, "quick-gelu-legacy-eos"), ("kohya", .textEncoder, "quick-gelu-legacy-eos"),
        ("sdxl", .textEncoder, "gelu-no-prefix-f32"), ("sdxl", .textEncoder2, "projection-bf16"),
    ]

    @Test(arguments: unets, LoRAForm.allCases) func unetMatchesDiffusers(_ lora: (String, String, Int), _ form: LoRAForm) throws {
        let (golden, network) = (try GoldenLoRA(lora.0, files: lora.2), try SmallNetwork.unet(lora.1))
        let adapted = try golden.set.apply(to: network.unetGraph(), network: .unet, form: form)
        let outputs = try network.run(adapted.graph, golden.set.scaleTensors)
        try expectClose(try #require(outputs["out_sample"]), golden.output(.unet), tolerance: 1e-4, "\(lora.0) \(form)")
        #expect(adapted.report.files.allSatisfy { $0.unplaced.isEmpty })
        #expect(adapted.report.files[0].placed > 0)
    }

    /// Sizes known at run time only, with upsampling as it is and by sub-pixels.
    @Test(arguments: LoRAForm.allCases, [false, true]) func dynamicUNetMatchesDiffusers(
        _ form: LoRAForm, _ rewrites: Bool
    ) throws {
        let (golden, network) = (try GoldenLoRA("kohya"), try SmallNetwork.unet("lcm"))
        var adapted = try golden.set.apply(to: network.unetGraph(isDynamic: true), network: .unet, form: form).graph
        if rewrites {
            adapted = try adapted.subPixelUpsampling()
            #expect(!adapted.nodes.contains { $0.type == "Interpolate" })
        }
        let outputs = try network.run(adapted, golden.set.scaleTensors)
        try expectClose(try #require(outputs["out_sample"]), golden.output(.unet), tolerance: 1e-4)
    }

    /// Scales belong to the first stage and are inputs of all that read them.
    @Test(arguments: [(0, LoRAForm.merged), (2, .runtime)]) func unetInStagesMatchesDiffusers(
        _ place: Int, _ form: LoRAForm
    ) throws {
        let lora = Self.unets[place]
        let (golden, network) = (try GoldenLoRA(lora.0, files: lora.2), try SmallNetwork.unet(lora.1))
        let adapted = try golden.set.apply(to: network.unetGraph(), network: .unet, form: form).graph
        let first: Set<String> = ["encoder_hidden_states", "timestep_cond", "text_embeds", "time_ids"]
        let stages = try adapted.stages([first.union(golden.set.scaleInputs), ["timestep"], ["sample"]])
        var values = try golden.set.scaleTensors
        for stage in stages { try values.merge(network.run(#require(stage), values)) { _, new in new } }
        try expectClose(try #require(values["out_sample"]), golden.output(.unet), tolerance: 1e-4, "\(lora.0) \(form)")
        let last = try #require(stages[2])
        #expect(!last.nodes.contains { $0.name.contains("attn2.to_k/lora/MatMul") })
        let inputs = Set(last.parameters.map(\.name))
        #expect(inputs.isSuperset(of: form == .runtime ? golden.set.scaleInputs : []))
    }

    @Test(arguments: texts, LoRAForm.allCases) func textEncoderMatchesDiffusers(
        _ lora: (String, AdaptedNetwork, String), _ form: LoRAForm
    ) throws {
        let (golden, network) = (try GoldenLoRA(lora.0), try SmallNetwork.text(lora.2))
        let adapted = try golden.set.apply(to: network.textGraph(), network: lora.1, form: form)
        let outputs = try network.run(adapted.graph, golden.set.scaleTensors)
        try expectClose(
            try #require(outputs["last_hidden_state"]), golden.output(lora.1), tolerance: 1e-4, "\(lora) \(form)")
    }

    @Test func mergedDoRAMatchesDiffusers() throws {
        let (golden, network) = (try GoldenLoRA("dora", files: 1), try SmallNetwork.unet("lcm"))
        let adapted = try golden.set.apply(to: network.unetGraph(), network: .unet, form: .merged)
        let outputs = try network.run(adapted.graph)
        try expectClose(try #require(outputs["out_sample"]), golden.output(.unet), tolerance: 1e-4)
        #expect(throws: LoRAError.self) { try golden.set.apply(to: network.unetGraph(), network: .unet, form: .runtime) }
    }

    /// Without compiling again: at 0 nothing is left of the LoRAs.
    @Test func scalesChangeAtRunTime() throws {
        let (golden, network) = (try GoldenLoRA("kohya"), try SmallNetwork.unet("lcm"))
        let runner = try Runner(golden.set.apply(to: network.unetGraph(), network: .unet, form: .runtime).graph)
        func run(_ scales: [Float]) throws -> Tensor {
            let inputs = try Dictionary(
                uniqueKeysWithValues: scales.enumerated().map { (LoRASet.scaleInput($0), try Tensor([$1], shape: [1])) })
            return try #require(try runner.run { try network.input($0, $1, over: inputs) }["out_sample"])
        }
        try expectClose(run([0, 0]), network.values.tensor(named: "out_sample"), tolerance: 1e-4)
        try expectClose(run(GoldenLoRA.weights), golden.output(.unet), tolerance: 1e-4)
        try expectClose(run([0, 0]), network.values.tensor(named: "out_sample"), tolerance: 1e-4)
    }

    /// The runtime folds the arithmetic: the compiled network has as many nodes as without LoRA.
    @Test func mergingCostsNothing() throws {
        let network = try SmallNetwork.unet("lcm")
        let plain = try network.unetGraph()
        let graphs = try [("kohya", 2), ("dora", 1)].map { name, files in
            try GoldenLoRA(name, files: files).set.apply(to: plain, network: .unet, form: .merged).graph
        }
        let counts = try ([plain] + graphs).map { graph in
            let runner = try Runner(graph, profiling: true)
            _ = try runner.run { try network.input($0, $1) }
            return try runner.nodeCount
        }
        #expect(Set(counts).count == 1, "\(counts)")
    }

    // MARK: Keys without a place

    @Test func keysOfOtherModelsAreRefused() throws {
        let (golden, network) = (try GoldenLoRA("sdxl"), try SmallNetwork.unet("lcm"))
        let graph = try network.unetGraph()
        do {
            _ = try golden.set.apply(to: graph, network: .unet, form: .merged)
            Issue.record("taken")
        } catch let error as LoRAError {
            // A layer that is there by name but has other widths, or one that is not there.
            switch error {
            case .unplaced(let keys, _, .unet, _): #expect(!keys.isEmpty)
            case .shape(let key, _, _, _): #expect("\(error)".contains(key))
            default: Issue.record("\(error)")
            }
        }
    }

    @Test func unplacedKeysAreListed() throws {
        var shapes: [String: Shape] = [:]
        for index in 0..<12 {
            shapes["lora_unet_nowhere_\(index).lora_down.weight"] = [2, 4]
            shapes["lora_unet_nowhere_\(index).lora_up.weight"] = [4, 2]
        }
        shapes["unet.conv_in.lora_A.weight"] = [2, 4, 3, 3]
        shapes["unet.conv_in.lora_B.weight"] = [4, 2, 1, 1]
        let lora = try LoRA(path: folder.lora(shapes))
        let graph = try SmallNetwork.unet("lcm").unetGraph()
        let strict = try LoRASet([.init(lora)])
        let error = #expect(throws: LoRAError.self) { try strict.apply(to: graph, network: .unet, form: .merged) }
        guard case .unplaced(let keys, of: 26, network: .unet, file: lora.path) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(keys.count == 24)
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("24 of 26 keys") && text.contains("lora_unet_nowhere_0.lora_down.weight") && text.contains("…"))
        #expect(text.matches(of: /lora_unet_nowhere/).count == 10)

        let lenient = try LoRASet([.init(lora)], isLenient: true)
        let report = try lenient.apply(to: graph, network: .unet, form: .merged).report
        #expect(report.files[0].placed == 2 && report.files[0].modules == 1 && report.files[0].unplaced.count == 24)
        #expect("\(report)".contains("2 of 26 keys for the unet in 1 modules"))
        // Keys for a network that the model has not.
        #expect(throws: LoRAError.self) { try strict.check(networks: [.textEncoder]) }
        #expect(throws: Never.self) { try strict.check(networks: [.unet, .textEncoder]) }
    }

    @Test func unknownKeysAreRefusedUnlessLenient() throws {
        let lora = try LoRA(path: folder.lora(["transformer.blocks.0.lora_A.weight": [2, 4], "x": [1]]))
        #expect(throws: LoRAError.unplaced(["transformer.blocks.0.lora_A.weight"], of: 2, network: nil, file: lora.path)) {
            try LoRASet([.init(lora)])
        }
        #expect(throws: Never.self) { try LoRASet([.init(lora)], isLenient: true) }
        #expect(throws: LoRAError.self) { try LoRASet([.init(lora, scale: .nan)], isLenient: true) }
    }

    static let unfit: [(String, Shape, Shape, String)] = [
        ("unet.conv_in", [2, 4, 1, 1], [4, 2, 1, 1], "[2, 4, 3, 3]"),
        ("unet.conv_in", [2, 5, 3, 3], [4, 2, 1, 1], "[2, 4, 3, 3]"),
        ("unet.conv_in", [2, 4, 3, 3], [5, 2, 1, 1], "[4, 2]"),
        ("unet.down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj", [2, 4], [16, 2], "[32, 2]"),
    ]

    @Test(arguments: unfit) func shapesMustFitTheModule(_ module: String, _ down: Shape, _ up: Shape, _ expected: String) throws {
        let path = try folder.lora(["\(module).lora_A.weight": down, "\(module).lora_B.weight": up])
        let set = try LoRASet([.init(LoRA(path: path))])
        let graph = try SmallNetwork.unet("lcm").unetGraph()
        let error = #expect(throws: LoRAError.self) { try set.apply(to: graph, network: .unet, form: .runtime) }
        guard case .shape(let key, let wanted, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(key.hasPrefix(module) && wanted.hasPrefix(expected), "\(wanted)")
    }

    @Test func oneModuleTwiceIsRefused() throws {
        let path = try folder.lora([
            "unet.conv_in.lora_A.weight": [2, 4, 3, 3], "unet.conv_in.lora_B.weight": [4, 2, 1, 1],
            "lora_unet_input_blocks_0_0.lora_down.weight": [2, 4, 3, 3],
            "lora_unet_input_blocks_0_0.lora_up.weight": [4, 2, 1, 1],
        ])
        let set = try LoRASet([.init(LoRA(path: path))])
        let graph = try SmallNetwork.unet("lcm").unetGraph()
        let error = #expect(throws: LoRAError.self) { try set.apply(to: graph, network: .unet, form: .merged) }
        guard case .twice("conv_in", _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
