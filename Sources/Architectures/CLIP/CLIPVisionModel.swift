public import ModelGraph
public import TensorStore

/// The network that embeds a picture in the space of text embeddings; transformers' `CLIPVisionModelWithProjection`, and the
/// vision half of `CLIPModel`.
///
/// Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision".
public struct CLIPVisionModel: Sendable {
    public let config: CLIPVisionConfig

    public init(_ config: CLIPVisionConfig) { self.config = config }

    /// Input `pixel_values` f32 `[batch, channels, imageSize, imageSize]`, normalized. Outputs: `pooler_output` `[batch,
    /// hidden]`, the normalized state of the class token, and its projection `image_embeds` `[batch, projection]`.
    ///
    /// - Throws: `ArchitectureError` where the checkpoint does not fit the config.
    public func graph(_ weights: Weights, batch: Int) throws -> Graph {
        let prefix = "vision_model."
        var builder = NetworkBuilder(
            "image_encoder", weights: weights.renamed { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 })
        let pooled = try pooled(batch, &builder)
        builder.graph.result(pooled, name: "pooler_output")
        let embeds = try builder.linear(pooled, "visual_projection", config.hiddenSize, config.projectionDim, bias: false)
        builder.graph.result(embeds, name: "image_embeds")
        return builder.graph
    }

    /// The network up to the normalized state of the class token, `[batch, hidden]`. Tensor names begin with `embeddings`,
    /// `encoder` and so on.
    func pooled(_ batch: Int, _ builder: inout NetworkBuilder) throws -> Value {
        let (width, size) = (config.hiddenSize, config.imageSize)
        let pictures = builder.graph.parameter(
            "pixel_values", .f32, [.fixed(batch), .fixed(config.numChannels), .fixed(size), .fixed(size)])
        var hidden = try embeddings(pictures, batch, &builder)
        // The spelling in every checkpoint.
        hidden = try builder.layerNorm(hidden, "pre_layrnorm", width, epsilon: config.layerNormEpsilon)
        let shape = CLIPEncoderShape(
            channels: width, heads: config.numAttentionHeads, intermediateChannels: config.intermediateSize,
            activation: config.hiddenActivation, epsilon: config.layerNormEpsilon, causal: false)
        for layer in 0..<config.numHiddenLayers {
            hidden = try builder.clipEncoderLayer(hidden, "encoder.layers.\(layer)", shape)
        }
        let first = try builder.graph.reshape(builder.graph.slice(hidden, axis: 1, 0..<1), to: [0, width])
        return try builder.layerNorm(first, "post_layernorm", width, epsilon: config.layerNormEpsilon)
    }

    /// The class token and the picture's patches row by row, with their position embeddings: `[batch, 1 + patches², hidden]`.
    private func embeddings(_ pictures: Value, _ batch: Int, _ builder: inout NetworkBuilder) throws -> Value {
        let width = config.hiddenSize
        let patches = try builder.convolution(
            pictures, "embeddings.patch_embedding", config.numChannels, width, kernel: config.patchSize, stride: config.patchSize,
            padding: 0, bias: false)
        let squares = try builder.tokens(patches, "embeddings.patch_embedding", width)
        let token = try builder.graph.reshape(builder.weight("embeddings.class_embedding", [width]), to: [1, 1, width])
        let tokens = try builder.graph.concatenate(Array(repeating: token, count: batch), axis: 0)
        let states = try builder.graph.concatenate([tokens, squares], axis: 1, name: "embeddings/Concat")
        let count = config.patchesPerSide * config.patchesPerSide + 1
        let positions = try builder.weight("embeddings.position_embedding.weight", [count, width])
        return try builder.graph.add(states, positions, name: "embeddings/Add")
    }
}

/// Parameters of transformers' `CLIPVisionModel`, in its config.json or in the `vision_config` of a `CLIPModel`.
public struct CLIPVisionConfig: Sendable {
    public let hiddenSize: Int
    public let intermediateSize: Int
    public let projectionDim: Int
    public let numHiddenLayers: Int
    public let numAttentionHeads: Int
    public let numChannels: Int
    /// Height and width of input pictures in pixels.
    public let imageSize: Int
    /// Height and width of a patch in pixels.
    public let patchSize: Int
    public let hiddenActivation: Activation
    public let layerNormEpsilon: Double

    /// Patches along a side of a picture.
    public var patchesPerSide: Int { imageSize / patchSize }

    /// - Throws: `ArchitectureError` naming the unsupported or invalid parameter.
    public init(_ reader: ConfigReader) throws(ArchitectureError) {
        hiddenSize = try reader.integer("hidden_size", default: 768)
        intermediateSize = try reader.integer("intermediate_size", default: 3072)
        projectionDim = try reader.integer("projection_dim", default: 512)
        numHiddenLayers = try reader.integer("num_hidden_layers", default: 12, in: 1...1024)
        numAttentionHeads = try reader.integer("num_attention_heads", default: 12)
        numChannels = try reader.integer("num_channels", default: 3, in: 1...1024)
        imageSize = try reader.squareSize("image_size", or: 224)
        patchSize = try reader.squareSize("patch_size", or: 32)
        hiddenActivation = try reader.choice("hidden_act", default: .quickGELU, synonyms: ["swish": .silu])
        layerNormEpsilon = try reader.number("layer_norm_eps", default: 1e-5, in: 0...1)
        guard hiddenSize % numAttentionHeads == 0 else {
            throw reader.inconsistent("hidden_size \(hiddenSize) must be a multiple of num_attention_heads \(numAttentionHeads)")
        }
        guard patchSize <= imageSize, imageSize <= 1 << 14 else {
            throw reader.inconsistent("image_size \(imageSize) must be from patch_size \(patchSize) to \(1 << 14)")
        }
    }
}

extension ConfigReader {
    fileprivate func squareSize(_ name: String, or fallback: Int) throws(ArchitectureError) -> Int {
        try squareSize(name) ?? fallback
    }
}

/// CLIP's two networks, which embed texts and pictures in one space; transformers' `CLIPModel`.
public struct CLIPModel: Sendable {
    /// The text network; its output `text_embeds` is a text's embedding.
    public let text: CLIPTextModel
    /// The vision network; its output `image_embeds` is a picture's embedding.
    public let vision: CLIPVisionModel

    /// Reads both networks' parameters from a parsed config.json.
    /// - Parameters:
    ///   - config: config.json, with `text_config`, `vision_config` and the `projection_dim` of both.
    ///   - file: the file's name in errors.
    /// - Throws: `ArchitectureError` naming the unsupported or invalid parameter.
    public init(_ config: JSONValue, file: String) throws(ArchitectureError) {
        let config = try CLIPConfig(config, className: "CLIPModel", file: file)
        text = CLIPTextModel(try CLIPTextConfig(config.part("text_config", of: "CLIPTextModel")))
        vision = CLIPVisionModel(try CLIPVisionConfig(config.part("vision_config", of: "CLIPVisionModel")))
    }
}

/// The config.json of a network with parts of CLIP, as read by transformers' `CLIPConfig`.
struct CLIPConfig {
    private let values: JSONValue
    private let reader: ConfigReader
    /// The size of the embeddings.
    let projectionDim: Int

    /// - Parameter file: the file's name in errors.
    init(_ values: JSONValue, className: String, file: String) throws(ArchitectureError) {
        self.values = values
        reader = ConfigReader(values, className: className, file: file)
        projectionDim = try reader.integer("projection_dim", default: 512)
    }

    /// The parameters of a part, `text_config` or `vision_config`, with the `projection_dim` of the whole config.
    ///
    /// Files of 2022 have a second copy, such as `vision_config_dict`, which then takes precedence.
    func part(_ name: String, of className: String) throws(ArchitectureError) -> ConfigReader {
        let older = values["\(name)_dict"]
        guard let members = (older == nil || older?.isNull == true ? values[name] : older)?.object else {
            throw .parameter(
                name, value: values[name]?.description ?? "missing", expected: "the parameters of a \(className)",
                class: reader.className, file: reader.file)
        }
        let own = members.filter { $0.key != "projection_dim" }.map { ($0.key, Optional($0.value)) }
        return ConfigReader(
            .members(own + [("projection_dim", .integer(projectionDim))]), className: "\(className) in \(name)", file: reader.file
        )
    }
}
