import Architectures
public import Foundation
import ModelGraph
import TensorStore
import Tokenizers

/// A model with the shapes of a published architecture and random weights, for measuring speed and memory without a download. Its
/// pictures are noise.
///
/// Weights are f16, seeded, and scaled like a trained network's, so that activations neither overflow nor become denormal.
public struct SyntheticModel: Sendable {
    public let name: String
    /// Files by their paths in the model's folder.
    let configs: [String: JSONValue]

    init(name: String, configs: [String: JSONValue]) {
        self.name = name
        self.configs = configs
    }

    /// - Returns: nil for a name that is not in `all`.
    public static func named(_ name: String) -> SyntheticModel? { all.first { $0.name == name } }

    /// Writes the model into a new folder in diffusers' layout, unless the folder exists.
    ///
    /// The folder appears under its name when it is complete.
    /// - Returns: false for an existing folder, which is used unchanged.
    /// - Throws: `FileError`.
    @discardableResult
    public func write(to folder: URL) throws -> Bool {
        let manager = FileManager.default
        guard !manager.fileExists(atPath: folder.path) else { return false }
        let partial = folder.deletingLastPathComponent().appending(path: ".\(folder.lastPathComponent).partial-\(getpid())")
        try? manager.removeItem(at: partial)
        do {
            for (path, config) in configs { try Self.write("\(config)\n", to: partial.appending(path: path)) }
            let model = try ModelSource(partial)
            for component in model.components.values where component.name.hasPrefix("tokenizer") {
                try BytePairVocabulary.clip().write(to: component.folder)
            }
            for component in model.components.values where component.hasWeights { try writeWeights(of: component) }
            try manager.moveItem(at: partial, to: folder)
        } catch {
            try? manager.removeItem(at: partial)
            throw error
        }
        return true
    }

    /// The shapes of a network's tensors, by the names in its library's files.
    /// - Parameters:
    ///   - name: the component's name.
    ///   - placeholder: any file.
    static func shapes(of name: String, _ config: ConfigReader, placeholder: MappedFile) throws -> [String: Shape] {
        let recorder = TensorRecorder(placeholder: placeholder)
        let projection = "text_projection.weight"
        let projects = config.className == "CLIPTextModelWithProjection"
        let weights = Weights(recording: recorder, optional: projects ? [projection] : [])
        switch name {
        case "text_encoder", "text_encoder_2":
            let network = try Registry.make(config, from: Registry.textEncoders)
            let tokens = network.config.maxPositionEmbeddings
            _ = try network.graph(weights, batch: 1, tokens: tokens, outputs: .init(pooled: projects))
            let named = recorder.shapes.map { ($0.key == projection ? $0.key : "text_model.\($0.key)", $0.value) }
            return Dictionary(uniqueKeysWithValues: named)
        case "unet":
            let network = try Registry.make(config, from: Registry.unets)
            _ = try network.graph(weights, .init(batch: 1, height: 64, width: 64, tokens: 77))
        default:
            let network = try Registry.make(config, from: Registry.autoencoders)
            _ = try network.decoder(weights, batch: 1, height: 64, width: 64)
            _ = try network.encoder(weights, batch: 1, height: 512, width: 512)
        }
        return recorder.shapes
    }

    private func writeWeights(of component: Component) throws {
        let config = try component.config()
        let shapes = try Self.shapes(of: component.name, config, placeholder: MappedFile(path: config.file))
        var writer = SafetensorsWriter(metadata: ["format": "pt"])
        for (index, (name, shape)) in shapes.sorted(by: { $0.key < $1.key }).enumerated() {
            try writer.add(name, .f16, shape) {
                var random = RandomWeights(seed: UInt64(index))
                return try random.tensor(name, shape)
            }
        }
        let file = component.library == "transformers" ? "model.safetensors" : "diffusion_pytorch_model.safetensors"
        try writer.write(to: component.folder.appending(path: file).path)
    }

    private static func write(_ text: String, to file: URL) throws {
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }
}

/// Random weights of one layer, at the scale of trained weights.
struct RandomWeights {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    /// f16 values for the tensor called `name`: matrices and kernels are normal with variance 1 / (inputs of an output); scales
    /// of normalizations are near 1; biases are small.
    mutating func tensor(_ name: String, _ shape: Shape) throws -> Tensor {
        let (mean, deviation): (Float, Float) =
            if shape.rank > 1 {
                (0, 1 / Float(max(shape.dropFirst().reduce(1, *), 1)).squareRoot())
            } else if name.hasSuffix("weight") {
                (1, 0.02)
            } else {
                (0, 0.02)
            }
        // Values come from a table, so that a thousand million of them take only seconds.
        let table = Self.normals.map { HalfPrecision.f16(mean + deviation * $0) }
        let count = shape.reduce(1, *)
        var values = [UInt16](repeating: 0, count: count)
        for index in stride(from: 0, to: count, by: 4) {
            var random = next()
            for place in index..<min(index + 4, count) {
                values[place] = table[Int(random & 0xFFFF)]
                random >>= 16
            }
        }
        return try values.withUnsafeBytes { try Tensor(copying: $0, shape: shape, of: .f16) }
    }

    /// xorshift64*.
    private mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    /// 65,536 standard normal values by the Box–Muller method, all at least 1/1000 in magnitude.
    private static let normals: [Float] = {
        var generator = RandomWeights(seed: 1)
        func uniform() -> Double { (Double(generator.next() >> 11) + 0.5) / 0x1p53 }
        return (0..<65_536).map { _ in
            let value = Float((-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()))
            return abs(value) < 0.001 ? 0.001 : value
        }
    }()
}

extension SyntheticModel {
    /// All synthetic models.
    public static let all = [
        SyntheticModel(name: "lcm-dreamshaper-v7", configs: lcm(vae: autoencoderKL)),
        SyntheticModel(name: "lcm-dreamshaper-v7-taesd", configs: lcm(vae: autoencoderTiny)),
        SyntheticModel(name: "sd15", configs: stableDiffusion15),
        SyntheticModel(name: "sd-turbo", configs: stableDiffusionTurbo),
        SyntheticModel(name: "sdxl", configs: stableDiffusionXL(isTurbo: false)),
        SyntheticModel(name: "sdxl-turbo", configs: stableDiffusionXL(isTurbo: true)),
    ]

    /// SimianLuo/LCM_Dreamshaper_v7: Stable Diffusion 1.5's networks, with a guidance embedding in the UNet.
    private static func lcm(vae: JSONValue) -> [String: JSONValue] {
        model(
            "LatentConsistencyModelPipeline", options: [("requires_safety_checker", false)],
            [
                "unet": unet1([("time_cond_proj_dim", 256)]), "vae": vae, "text_encoder": openAIEncoder, "tokenizer": tokenizer(),
                "scheduler": scheduler(
                    "LCMScheduler", spacing: "leading",
                    [("clip_sample", false), ("set_alpha_to_one", true), ("original_inference_steps", 50)]),
            ])
    }

    /// stable-diffusion-v1-5/stable-diffusion-v1-5.
    private static var stableDiffusion15: [String: JSONValue] {
        model(
            "StableDiffusionPipeline", options: [("requires_safety_checker", false)],
            [
                "unet": unet1([]), "vae": autoencoderKL, "text_encoder": openAIEncoder, "tokenizer": tokenizer(),
                "scheduler": scheduler(
                    "PNDMScheduler", spacing: nil,
                    [("clip_sample", false), ("set_alpha_to_one", false), ("skip_prk_steps", true), ("trained_betas", .null)]),
            ])
    }

    /// stabilityai/sd-turbo: Stable Diffusion 2.1's networks.
    private static var stableDiffusionTurbo: [String: JSONValue] {
        let unet = unet(
            channels: [320, 640, 1280, 1280], transformers: [1, 1, 1, 0], context: 1024, sampleSize: 64,
            [("attention_head_dim", .integers([5, 10, 20, 20])), ("use_linear_projection", true)])
        return model(
            "StableDiffusionPipeline", options: [("requires_safety_checker", false)],
            [
                "unet": unet, "vae": autoencoderKL, "tokenizer": tokenizer(padding: "!"),
                "text_encoder": textEncoder(
                    "CLIPTextModel", width: 1024, layers: 23, heads: 16, activation: "gelu", projection: 512),
                "scheduler": scheduler("EulerDiscreteScheduler", spacing: "trailing", euler + [("use_karras_sigmas", false)]),
            ])
    }

    /// stabilityai/stable-diffusion-xl-base-1.0 and sdxl-turbo, which has another scheduler.
    private static func stableDiffusionXL(isTurbo: Bool) -> [String: JSONValue] {
        let unet = unet(
            channels: [320, 640, 1280], transformers: [0, 2, 10], context: 2048, sampleSize: isTurbo ? 64 : 128,
            [
                ("attention_head_dim", .integers([5, 10, 20])), ("use_linear_projection", true),
                ("transformer_layers_per_block", .integers([1, 2, 10])), ("addition_embed_type", "text_time"),
                ("addition_time_embed_dim", 256), ("projection_class_embeddings_input_dim", 2816),
            ])
        return model(
            "StableDiffusionXLPipeline", options: [("force_zeros_for_empty_prompt", true)],
            [
                "unet": unet, "vae": autoencoderKL(scalingFactor: 0.13025, sampleSize: 1024), "text_encoder": openAIEncoder,
                "text_encoder_2": textEncoder(
                    "CLIPTextModelWithProjection", width: 1280, layers: 32, heads: 20, activation: "gelu", projection: 1280),
                "tokenizer": tokenizer(), "tokenizer_2": tokenizer(padding: "!"),
                "scheduler": isTurbo
                    ? scheduler("EulerAncestralDiscreteScheduler", spacing: "trailing", euler)
                    : scheduler("EulerDiscreteScheduler", spacing: "leading", euler + [("use_karras_sigmas", false)]),
            ])
    }
}
