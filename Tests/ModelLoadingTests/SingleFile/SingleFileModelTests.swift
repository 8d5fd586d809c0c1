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

@Suite struct SingleFileModelTests {
    private let place: TemporaryFolder

    init() throws { place = try TemporaryFolder() }

    private var file: URL { place.url.appending(path: "model.safetensors") }

    // MARK: Against diffusers

    /// Each tensor that diffusers' conversion gives is found under its name, byte for byte, rows and transposed ones too.
    @Test(arguments: SingleFileGolden.all) func tensorsMatchDiffusers(_ golden: SingleFileGolden) throws {
        let model = try ModelSource(golden.url)
        let expected = try #require(golden.expected()["tensors"]?.object)
        for (component, tensors) in expected {
            let weights = try model.component(component).weights().renamed {
                $0.hasPrefix("text_model.") ? String($0.dropFirst("text_model.".count)) : $0
            }
            let hashes = try #require(tensors.object)
            #expect(hashes.count > 10)
            for (name, hash) in hashes {
                #expect(weights.entries[name]?.digest() == hash.string, "\(component): \(name)")
            }
            let buffers: Set = ["embeddings.position_ids", "logit_scale"]
            #expect(Set(weights.entries.keys).subtracting(hashes.keys).isSubset(of: buffers), "\(component)")
        }
    }

    /// The configs that are told from the tensors are the ones that the networks were made with.
    @Test(arguments: SingleFileGolden.all) func configsMatchDiffusers(_ golden: SingleFileGolden) throws {
        let model = try ModelSource(golden.url)
        for (name, config) in try #require(golden.expected()["configs"]?.object) {
            let component = try model.component(name)
            let reader = ConfigReader(config, className: component.className, file: "golden")
            func described(_ reader: ConfigReader) throws -> String {
                switch name {
                case "unet": "\(try UNet2DConditionConfig(reader))"
                case "vae": "\(try AutoencoderKLConfig(reader))"
                default: "\(try CLIPTextConfig(reader))"
                }
            }
            #expect(try described(component.config()) == described(reader), "\(name)")
        }
    }

    @Test(arguments: SingleFileGolden.all) func kindsAreTold(_ golden: SingleFileGolden) throws {
        let model = try ModelSource(golden.url)
        let expected = try golden.expected()
        #expect(model.isSingleFile && model.pipelineClass == expected["pipeline"]?.string)
        let (scheduler, source) = try model.schedulerConfig()
        #expect(scheduler["_class_name"] == expected["scheduler"] && source == golden.url.path)
        #expect(scheduler["prediction_type"] == expected["prediction"])
        let encoders = try #require(expected["configs"]?.object).keys.filter { $0.hasPrefix("text_encoder") }
        let tokenizers = encoders.map { $0.replacing("text_encoder", with: "tokenizer") }
        #expect(Set(model.components.keys) == Set(encoders + tokenizers + ["unet", "vae", "scheduler"]))
        for name in encoders {
            let projects = name == "text_encoder_2"
            #expect(model.components[name]?.className == (projects ? "CLIPTextModelWithProjection" : "CLIPTextModel"))
        }
        #expect(model.options["force_zeros_for_empty_prompt"] == (golden.name == "sdxl" ? true : nil))
        #expect(try model.index()["unet"] == .strings(["diffusers", "UNet2DConditionModel"]))
    }

    @Test func tokenizers() throws {
        let first = try ModelSource(SingleFileGolden(name: "sdxl").url)
        #expect(try first.tokenizer().padTokenID == 49407)
        #expect(try first.tokenizer("tokenizer_2").padTokenID == 0)
        #expect(try ModelSource(SingleFileGolden(name: "sd2").url).tokenizer().padTokenID == 0)
        #expect(throws: ModelError.self) { try ModelSource(SingleFileGolden(name: "sd2").url).tokenizer("tokenizer_2") }
    }

    // MARK: Networks

    /// The graph over open_clip's tensors, whose projection lies transposed, computes what the one over plain tensors does.
    @Test func transposedProjection() throws {
        let component = try ModelSource(SingleFileGolden(name: "sdxl").url).component("text_encoder_2")
        let network = try component.network(from: Registry.textEncoders)
        guard case .checkpoint(let weights) = network.origin else {
            Issue.record("no checkpoint")
            return
        }
        let stored = try #require(weights.entries["text_projection.weight"])
        #expect(stored.isTransposed)
        var entries = weights.entries
        let bytes: [UInt8] = stored.data.withUnsafeBytes(Array.init)
        var plain: [UInt8] = []
        for row in 0..<4 {
            for column in 0..<4 { plain += bytes[(column * 4 + row) * 2..<(column * 4 + row) * 2 + 2] }
        }
        entries["text_projection.weight"] = .init(
            elementType: stored.elementType, shape: stored.shape, data: .bytes(plain))
        var results: [[Float]] = []
        for weights in [weights, Weights(entries, source: "plain")] {
            let sized = try Network(network.architecture, .checkpoint(weights)).graph(tokens: 5, outputs: .init(pooled: true))
            let request = try Executable("test", sized).model.makeRequest()
            try request.setInput("input_ids", to: Tensor([Int64(3), 1, 4, 10, 5], shape: [1, 5]))
            try request.infer()
            results.append(try request.outputTensor("text_embeds").elements())
        }
        expectClose(results[0], results[1], tolerance: 1e-6)
        #expect(results[0].contains { abs($0) > 0.01 })
    }

    @Test(arguments: ["text_encoder", "text_encoder_2"]) func hiddenStates(_ name: String) throws {
        let component = try ModelSource(SingleFileGolden(name: "sdxl").url).component(name)
        let graph = try component.network(from: Registry.textEncoders).graph(tokens: 5, outputs: .init(hiddenStates: true)).graph
        #expect(graph.hasResult(named: "hidden_states.0") && graph.hasResult(named: "hidden_states.1"))
        #expect(graph.hasResult(named: "last_hidden_state") && !graph.hasResult(named: "hidden_states.2"))
    }

    // MARK: What is missing or of another kind

    @Test(arguments: [
        ("first_stage_model.", "vae", "--vae"), ("cond_stage_model.", "text_encoder", "folder in diffusers' layout"),
    ]) func partsThatAreMissing(_ prefix: String, _ part: String, _ hint: String) throws {
        try SingleFileGolden(name: "sd2").write(to: file) { $0.hasPrefix(prefix) ? [] : [($0, $1)] }
        let model = try ModelSource(file)
        let error = #expect(throws: ModelError.self) { try model.component(part) }
        guard case .notInFile(part, file.path, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains(hint))
        #expect(try model.component("unet").weights().contains("conv_in.weight"))
    }

    /// A UNet by itself, under either name of its tensors.
    @Test func aUNetAlone() throws {
        let golden = SingleFileGolden(name: "sdxl")
        let prefix = "model.diffusion_model."
        try golden.write(to: file) { $0.hasPrefix(prefix) ? [(String($0.dropFirst(prefix.count)), $1)] : [] }
        let bare = try ModelSource(file)
        #expect(Set(bare.components.keys) == ["unet", "scheduler", "tokenizer", "tokenizer_2"])
        let weights = try bare.component("unet").weights()
        #expect(weights.contains("down_blocks.1.attentions.0.proj_in.weight"))
        let error = #expect(throws: ModelError.self) { try bare.component("text_encoder") }
        #expect("\(error.map { "\($0)" } ?? "")".contains("it is a UNet alone: give the model that it belongs to, and this file"))

        let folder = try ModelSource(Goldens.url("Diffusion/pipeline/autoencoder-kl/model")).component("unet").folder
        let own = try ModelSource(folder.appending(path: "diffusion_pytorch_model.safetensors"))
        #expect(try own.component("unet").weights().contains("conv_in.weight"))
        #expect(own.pipelineClass == "LatentConsistencyModelPipeline")
    }

    @Test(arguments: [
        ("lora_unet_down_blocks_0.lora_up.weight", "--lora"), ("unet.a.lora_A.weight", "--lora"),
        ("model.diffusion_model_.double_blocks.0.img_attn.proj.weight", "Flux"),
        ("control_model.time_embed.0.weight", "ControlNet"),
        ("decoder.mid.block_1.norm1.weight", "--vae"), ("1.weight", "none of the tensors"), ("a", "none of the tensors"),
    ]) func otherFiles(_ name: String, _ expected: String) throws {
        var writer = SafetensorsWriter()
        try writer.add(name, Tensor([Float(1)], shape: [1]))
        try writer.write(to: file.path)
        let error = #expect(throws: ModelError.self) { try ModelSource(file) }
        #expect(error.map { "\($0)" }?.contains(expected) == true, "\(String(describing: error))")
    }

    @Test func modelsOfTheSameLayoutThatAreNotSupported() throws {
        try SingleFileGolden(name: "sdxl").write(to: file) { name, tensor in
            [(name.replacing("conditioner.embedders.1.", with: "conditioner.embedders.0."), tensor)]
        }
        #expect { try ModelSource(file) } throws: { "\($0)".contains("refiner") }
        try SingleFileGolden(name: "sdxl").write(to: file, adding: ["edm_mean": Tensor([Float(0)], shape: [1])])
        #expect { try ModelSource(file) } throws: { "\($0)".contains("Playground") }
        let one = try Tensor([Float(1)], shape: [])
        try SingleFileGolden(name: "sdxl").write(to: file, adding: ["model.diffusion_model.out.2.scale_weight": one])
        #expect { try ModelSource(file) } throws: { "\($0)".contains("scaled_fp8") }
        let pickled = try place.write("model.ckpt", [0x80, 2, 0x7D])
        #expect(throws: SafetensorsError.kind(.pickle, file: pickled.path)) { try ModelSource(pickled) }
    }

    /// The file's content counts, not its name.
    @Test(arguments: ["MODEL.SAFETENSORS", "model.ckpt", "model"]) func otherNames(_ name: String) throws {
        let file = place.url.appending(path: name)
        try SingleFileGolden(name: "sd2").write(to: file)
        let model = try ModelSource(file)
        #expect(model.isSingleFile && model.components["unet"] != nil)
    }

    // MARK: What tensors don't tell

    /// Height and width of the latents in training.
    private func size(_ golden: String, name: String = "model", metadata: [String: String]? = nil) throws -> Int? {
        let file = place.url.appending(path: "\(name).safetensors")
        try SingleFileGolden(name: golden).write(to: file, metadata: metadata)
        return try ModelSource(file).component("unet").configValues()["sample_size"]?.int
    }

    /// Leading timesteps would put a single step where there is next to no noise.
    @Test func turboModels() throws {
        func scheduler(_ golden: String, _ name: String) throws -> (name: String?, spacing: String?, notes: [String]) {
            let file = place.url.appending(path: "\(name).safetensors")
            try SingleFileGolden(name: golden).write(to: file)
            let model = try ModelSource(file)
            let json = try model.schedulerConfig().json
            return (json["_class_name"]?.string, json["timestep_spacing"]?.string, model.notes)
        }
        let turbo = try scheduler("sdxl", "sd_xl_turbo_1.0_fp16")
        #expect(turbo.name == "EulerAncestralDiscreteScheduler" && turbo.spacing == "trailing")
        #expect(turbo.notes.contains { $0.contains("is a turbo model") })
        #expect(try size("sdxl", name: "sd_xl_turbo_1.0") == 64)
        let old = try scheduler("sd2", "sd_turbo")
        #expect(old.name == "EulerDiscreteScheduler" && old.spacing == "trailing")
        let base = try scheduler("sdxl", "sd_xl_base_1.0")
        #expect(base.name == "EulerDiscreteScheduler" && base.spacing == "leading" && base.notes.isEmpty)
    }

    /// A UNet with a guidance embedding is a latent consistency model's.
    @Test func guidanceEmbedding() throws {
        let name = "model.diffusion_model.time_embed.cond_proj.weight"
        let embedding = try Tensor([Float](repeating: 0.5, count: 12), shape: [2, 6])
        try SingleFileGolden(name: "sd2").write(to: file, adding: [name: embedding])
        let model = try ModelSource(file)
        #expect(model.pipelineClass == "LatentConsistencyModelPipeline")
        #expect(try model.schedulerConfig().json["_class_name"] == "LCMScheduler")
        let config = try UNet2DConditionConfig(model.component("unet").config())
        #expect(config.timeCondProjDim == 6)
        #expect(try model.component("unet").weights().entries["time_embedding.cond_proj.weight"]?.shape == [2, 6])
    }

    @Test func metadataTellsTheSize() throws {
        #expect(try size("sdxl") == 128)
        #expect(try size("sdxl", metadata: ["modelspec.resolution": "768x768"]) == 96)
        for wrong in ["768", "768x512", "x", "-8x-8", "9999999999999999999x9999999999999999999", "7x7"] {
            #expect(try size("sdxl", metadata: ["modelspec.resolution": wrong]) == 128)
        }
    }

    /// Files that were converted back from diffusers have only the 23 layers that are used, the published ones 24.
    @Test(arguments: [(22, 21), (23, 23), (24, 23), (25, 24)]) func layersOfTheSecondGeneration(_ stored: Int, _ used: Int) throws
    {
        let layer = "cond_stage_model.model.transformer.resblocks."
        try SingleFileGolden(name: "sd2").write(to: file) { name, tensor in
            guard name.hasPrefix("\(layer)0.") else { return name.hasPrefix(layer) ? [] : [(name, tensor)] }
            return (0..<stored).map { (name.replacing("\(layer)0.", with: "\(layer)\($0)."), tensor) }
        }
        let config = try ModelSource(file).component("text_encoder").configValues()
        #expect(config["num_hidden_layers"]?.int == used)
    }

    // MARK: Damage

    /// Whatever is missing or of another shape is an error, or harmless.
    @Test(arguments: SingleFileGolden.all) func damagedFilesAreRefused(_ golden: SingleFileGolden) throws {
        let checkpoint = try SafetensorsCheckpoint(path: golden.url.path)
        let names = checkpoint.entries.keys.sorted()
        var random = SystemRandomNumberGenerator()
        var refused = 0
        for round in 0..<40 {
            let victims = Set((0...round % 3).map { _ in names[Int.random(in: 0..<names.count, using: &random)] })
            let damage = round % 5
            try golden.write(to: file) { name, tensor in
                guard victims.contains(name) else { return [(name, tensor)] }
                switch damage {
                case 0: return []
                case 1: return [(name, try Tensor([Float](), shape: [0]))]
                case 2: return [(name, try Tensor([Float(1)], shape: []))]
                case 3: return [(name, try Tensor([Float](), shape: [3 << 60, 0]))]
                default: return [(name, try Tensor([Int32](repeating: 1, count: 6), shape: [3, 2]))]
                }
            }
            do {
                let model = try ModelSource(file)
                for component in model.components.values where component.hasWeights {
                    switch component.name {
                    case "unet":
                        let network = try component.network(from: Registry.unets)
                        _ = try network.graph(batch: 1, height: 8, width: 8, tokens: 5)
                    case "vae":
                        let network = try component.network(from: Registry.autoencoders)
                        _ = try network.decoder(height: 8, width: 8)
                    default:
                        let network = try component.network(from: Registry.textEncoders)
                        _ = try network.graph(tokens: 5, outputs: .init(hiddenStates: true, pooled: true))
                    }
                }
            } catch { refused += 1 }
        }
        #expect(refused > 20)
    }
}
