public import TensorStore

/// Parameters of transformers' `CLIPVisionModel`, as its config.json, or the `vision_config` of a `CLIPModel`, gives them.
public struct CLIPVisionConfig: Sendable {
    public let hiddenSize: Int
    public let intermediateSize: Int
    public let projectionDim: Int
    public let numHiddenLayers: Int
    public let numAttentionHeads: Int
    public let numChannels: Int
    /// Height and width of pictures in pixels.
    public let imageSize: Int
    /// Height and width of the squares that pictures are cut into.
    public let patchSize: Int
    public let hiddenActivation: Activation
    public let layerNormEpsilon: Double

    /// Squares along a side of a picture.
    public var patchesPerSide: Int { imageSize / patchSize }

    /// - Throws: `ArchitectureError` naming the parameter that is not supported, or makes no sense.
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
