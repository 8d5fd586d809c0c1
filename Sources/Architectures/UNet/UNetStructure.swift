public import TensorStore

/// The part of a UNet's config that its tensors determine, with diffusers' names: everything except the numbers of attention
/// heads and groups, and the settings of training.
struct UNetStructure {
    struct Level {
        var channels: Int
        /// The number of transformer layers after each residual layer; empty for a level without attention.
        var transformers: [Int]
        var layers: Int
        var hasAttention: Bool { !transformers.isEmpty }
    }

    private let weights: Weights
    private(set) var down: [Level] = []
    private(set) var up: [Level] = []

    /// - Throws: `ArchitectureError.missingTensor`, `.inconsistent`.
    init(_ weights: Weights) throws(ArchitectureError) {
        self.weights = weights
        down = try levels("down_blocks")
        up = try levels("up_blocks")
        guard !down.isEmpty, down.count == up.count else {
            throw inconsistent("it has \(down.count) levels on the way down and \(up.count) on the way up")
        }
    }

    private func inconsistent(_ reason: String) -> ArchitectureError {
        .inconsistent(reason, class: UNet2DConditionConfig.className, file: weights.source)
    }

    /// The size of an axis of a tensor.
    private func size(_ name: String, _ axis: Int) throws(ArchitectureError) -> Int {
        guard let shape = weights.entries[name]?.shape else { throw .missingTensor(name, in: weights.source) }
        guard axis < shape.count else { throw inconsistent("'\(name)' is \(shape)") }
        return shape[axis]
    }

    /// The number of existing names for 0, 1, 2 …
    private func count(_ name: (Int) -> String) -> Int {
        (0...).first { !weights.contains(name($0)) } ?? 0
    }

    private func levels(_ way: String) throws(ArchitectureError) -> [Level] {
        var levels: [Level] = []
        for level in 0..<count({ "\(way).\($0).resnets.0.conv1.weight" }) {
            let path = "\(way).\(level)"
            let layers = count { "\(path).resnets.\($0).conv1.weight" }
            let attentions = count { "\(path).attentions.\($0).norm.weight" }
            guard attentions == 0 || attentions == layers else {
                throw inconsistent("\(path) has \(layers) layers, of which \(attentions) have attention")
            }
            levels.append(
                Level(
                    channels: try size("\(path).resnets.0.conv1.weight", 0),
                    transformers: (0..<attentions).map { depth("\(path).attentions.\($0)") }, layers: layers))
        }
        return levels
    }

    private func depth(_ path: String) -> Int { count { "\(path).transformer_blocks.\($0).norm1.weight" } }

    // MARK: Config

    /// - Parameters:
    ///   - sampleSize: height and width of the latents in training, which the tensors do not determine.
    ///   - textProjection: width of SDXL's pooled text where it is known; the rest of the embedding's input are the sinusoidal
    ///     embeddings of six numbers.
    func config(sampleSize: Int?, textProjection: Int?) throws(ArchitectureError) -> JSONValue {
        for name in ["class_embedding.weight", "class_embedding.linear_1.weight", "encoder_hid_proj.weight"]
        where weights.contains(name) {
            throw inconsistent(
                "'\(name)' is of a kind of UNet that can't be told from its tensors alone; its config.json is needed")
        }
        let first = try size("conv_in.weight", 0)
        let isLinear = attentionTensor("proj_in.weight").map { $0.shape.rank == 2 } ?? false
        let timeWidth = try size("time_embedding.linear_1.weight", 0)
        let (downDepths, upDepths) = try depths()
        return .members(
            [
                ("_class_name", .string(UNet2DConditionConfig.className)),
                ("sample_size", sampleSize.map(JSONValue.integer)),
                ("in_channels", .integer(try size("conv_in.weight", 1))),
                ("out_channels", .integer(try size("conv_out.weight", 0))),
                ("conv_in_kernel", .integer(try size("conv_in.weight", 2))),
                ("conv_out_kernel", .integer(try size("conv_out.weight", 2))),
                ("block_out_channels", .integers(down.map(\.channels))),
                ("layers_per_block", .integers(down.map(\.layers))),
                ("down_block_types", .strings(down.map { $0.hasAttention ? "CrossAttnDownBlock2D" : "DownBlock2D" })),
                ("up_block_types", .strings(up.map { $0.hasAttention ? "CrossAttnUpBlock2D" : "UpBlock2D" })),
                ("cross_attention_dim", attentionTensor("attn2.to_k.weight").flatMap(\.shape.last).map(JSONValue.integer)),
                ("use_linear_projection", .bool(isLinear)),
                ("attention_head_dim", .integers(down.map { Self.heads($0.channels, isLinear) })),
                ("transformer_layers_per_block", downDepths), ("reverse_transformer_layers_per_block", upDepths),
                ("time_embedding_dim", timeWidth / 4 == first && timeWidth % 4 == 0 ? nil : .integer(timeWidth)),
                ("time_cond_proj_dim", try optionalSize("time_embedding.cond_proj.weight", 1)),
                ("mid_block_type", middleType),
            ] + (try addition(textProjection)))
    }

    /// Networks with 1×1 convolutions around attention (Stable Diffusion 1) have eight heads at every level; those with linear
    /// layers (2, XL) have heads of 64 channels.
    private static func heads(_ channels: Int, _ isLinear: Bool) -> Int { isLinear ? max(1, channels / 64) : min(8, channels) }

    private func optionalSize(_ name: String, _ axis: Int) throws(ArchitectureError) -> JSONValue? {
        weights.contains(name) ? .integer(try size(name, axis)) : nil
    }

    /// The first tensor with this suffix in any attention, in the order of names.
    private func attentionTensor(_ suffix: String) -> Weights.Entry? {
        weights.entries.keys.filter { $0.contains("attentions.") && $0.hasSuffix(".\(suffix)") }.min().flatMap {
            weights.entries[$0]
        }
    }

    private func addition(_ textProjection: Int?) throws(ArchitectureError) -> [(String, JSONValue?)] {
        let name = "add_embedding.linear_1.weight"
        guard weights.contains(name) else { return [] }
        let width = try size(name, 1)
        let times = textProjection.map { width - $0 } ?? 6 * 256
        guard times > 0, times < width, times % 6 == 0 else {
            throw inconsistent(
                "its '\(name)' takes \(width) numbers, which is not a text of \(textProjection ?? width - times) and six "
                    + "embedded numbers"
            )
        }
        return [
            ("addition_embed_type", "text_time"), ("addition_time_embed_dim", .integer(times / 6)),
            ("projection_class_embeddings_input_dim", .integer(width)),
        ]
    }

    /// null for no block, as in configs: an absent key means that there is a block.
    private var middleType: JSONValue {
        if weights.contains("mid_block.attentions.0.norm.weight") { return "UNetMidBlock2DCrossAttn" }
        return weights.contains("mid_block.resnets.0.conv1.weight") ? "UNetMidBlock2D" : .null
    }

    /// Transformer layers of the down blocks, and of the up blocks where they do not mirror them.
    private func depths() throws(ArchitectureError) -> (JSONValue, JSONValue?) {
        var down = down.map { $0.hasAttention ? $0.transformers : Array(repeating: 1, count: $0.layers) }
        let up = up.map { $0.hasAttention ? $0.transformers : Array(repeating: 1, count: $0.layers) }
        if weights.contains("mid_block.attentions.0.norm.weight") {
            // The config has one number for the coarsest level and the middle block.
            let (middle, last) = (depth("mid_block.attentions.0"), down.count - 1)
            if !self.down[last].hasAttention {
                down[last] = Array(repeating: middle, count: down[last].count)
            } else if down[last][0] != middle {
                throw inconsistent("its middle block has \(middle) transformer layers, the level before it \(down[last][0])")
            }
        }
        let mirrors = zip(self.up, zip(down.reversed(), up)).allSatisfy { level, depths in
            !level.hasAttention || depths.1.allSatisfy { $0 == depths.0[0] }
        }
        if mirrors, down.allSatisfy({ Set($0).count == 1 }) { return (.integers(down.map { $0[0] }), nil) }
        return (.array(down.map(JSONValue.integers)), .array(up.map(JSONValue.integers)))
    }
}

extension UNet2DConditionModel {
    /// Derives a config.json from tensors with diffusers' names.
    /// - Parameters:
    ///   - sampleSize: height and width of the latents in training, which the tensors do not determine.
    ///   - textProjection: width of SDXL's pooled text; nil for the published models', 1280 of 2816.
    /// - Throws: `ArchitectureError` for tensors of another network.
    public static func config(of weights: Weights, sampleSize: Int? = nil, textProjection: Int? = nil) throws(ArchitectureError)
        -> JSONValue
    {
        try UNetStructure(weights).config(sampleSize: sampleSize, textProjection: textProjection)
    }
}
