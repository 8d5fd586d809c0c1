public import TensorStore

extension CLIPTextModel {
    /// A config.json for tensors under transformers' names that have none beside them.
    ///
    /// Heads are of 64 channels, as in every published text encoder of Stable Diffusion.
    /// - Parameters:
    ///   - activation: which no tensor tells: `quick_gelu` of OpenAI's encoders, `gelu` of open_clip's.
    ///   - skippedLayers: at the end, which are not to be run.
    /// - Throws: `ArchitectureError` where the tensors are those of no such network.
    public static func config(of weights: Weights, activation: Activation, skippedLayers: Int = 0) throws(ArchitectureError)
        -> JSONValue
    {
        func size(_ name: String, _ axis: Int) throws(ArchitectureError) -> Int {
            guard let shape = weights.entries[name]?.shape ?? weights.entries["text_model.\(name)"]?.shape, axis < shape.count
            else {
                throw .missingTensor(name, in: weights.source)
            }
            return shape[axis]
        }
        func hasLayer(_ layer: Int) -> Bool {
            let name = "encoder.layers.\(layer).layer_norm1.weight"
            return weights.contains(name) || weights.contains("text_model.\(name)")
        }
        let vocabulary = try size("embeddings.token_embedding.weight", 0)
        let width = try size("embeddings.token_embedding.weight", 1)
        let layers = (0...).first { !hasLayer($0) } ?? 0
        guard layers > skippedLayers else {
            throw .missingTensor("encoder.layers.\(layers).layer_norm1.weight", in: weights.source)
        }
        let projection = weights.entries["text_projection.weight"]?.shape.first
        return .members([
            ("architectures", .strings([projection == nil ? CLIPTextConfig.className : "CLIPTextModelWithProjection"])),
            ("model_type", "clip_text_model"), ("vocab_size", .integer(vocabulary)), ("hidden_size", .integer(width)),
            ("intermediate_size", .integer(try size("encoder.layers.0.mlp.fc1.weight", 0))),
            ("num_hidden_layers", .integer(layers - skippedLayers)), ("num_attention_heads", .integer(max(1, width / 64))),
            ("max_position_embeddings", .integer(try size("embeddings.position_embedding.weight", 0))),
            ("hidden_act", .string(activation.rawValue)), ("projection_dim", projection.map(JSONValue.integer) ?? .null),
            // The end of text is the last of CLIP's own tokens; those that were added to it come after.
            ("eos_token_id", .integer(vocabulary > 49407 ? 49407 : 2)),
        ])
    }
}
