public import ModelGraph
public import TensorStore

/// The network that compares a picture with unsafe concepts; diffusers' `StableDiffusionSafetyChecker`.
///
/// Concepts are CLIP embeddings; the checkpoint does not name them.
public struct StableDiffusionSafetyChecker: Sendable {
    public static let className = "StableDiffusionSafetyChecker"
    /// The number of concepts that flag a picture.
    public static let conceptCount = 17
    /// The number of concepts that lower the thresholds of the others.
    public static let specialCareCount = 3

    public let vision: CLIPVisionModel

    /// - Parameters:
    ///   - config: config.json, with `vision_config` and `projection_dim`.
    ///   - file: the file's name in errors.
    /// - Throws: `ArchitectureError` naming the unsupported or invalid parameter.
    public init(_ config: JSONValue, file: String) throws(ArchitectureError) {
        let config = try CLIPConfig(config, className: Self.className, file: file)
        vision = CLIPVisionModel(try CLIPVisionConfig(config.part("vision_config", of: "CLIPVisionModel")))
    }

    /// Input `pixel_values` f32 `[batch, channels, imageSize, imageSize]`, normalized; outputs `image_embeds` `[batch,
    /// projection]`, and their cosine with each concept minus the concept's threshold: `concept_scores` `[batch, 17]` and
    /// `special_care_scores` `[batch, 3]`.
    ///
    /// Tensor names may have one or two prefixes `vision_model.`, as in older and newer versions of transformers.
    /// - Throws: `ArchitectureError` where the checkpoint does not fit the config.
    public func graph(_ weights: Weights, batch: Int) throws -> Graph {
        let prefix = "vision_model."
        func bare(_ name: String) -> String { name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name }
        var builder = NetworkBuilder("safety_checker", weights: weights.renamed { bare(bare($0)) })
        let (hidden, width) = (vision.config.hiddenSize, vision.config.projectionDim)
        let pooled = try vision.pooled(batch, &builder)
        let embeds = try builder.linear(pooled, "visual_projection", hidden, width, bias: false)
        builder.graph.result(embeds, name: "image_embeds")
        let direction = try builder.normalized(embeds, "visual_projection")
        for (name, count, output) in [
            ("concept_embeds", Self.conceptCount, "concept_scores"),
            ("special_care_embeds", Self.specialCareCount, "special_care_scores"),
        ] {
            let concepts = try builder.normalized(builder.weight(name, [count, width]), name)
            let cosines = try builder.graph.matMul(direction, concepts, transposeB: true, name: "\(name)/MatMul")
            let thresholds = try builder.weight("\(name)_weights", [count])
            let scores = try builder.graph.binary(.subtract, cosines, thresholds, name: "\(name)_weights/Subtract")
            builder.graph.result(scores, name: output)
        }
        return builder.graph
    }
}

extension NetworkBuilder {
    /// Rows scaled to length 1, `[N, channels]`; torch's `normalize`.
    fileprivate mutating func normalized(_ x: Value, _ path: String) throws -> Value {
        let length = try graph.reduce(.l2, x, axes: [1], keepsAxes: true, name: "\(path)/ReduceL2")
        let divisor = try graph.binary(.maximum, length, graph.scalar(1e-12), name: "\(path)/Maximum")
        return try graph.binary(.divide, x, divisor, name: "\(path)/Divide")
    }
}
