public import TensorStore

extension CLIPTextModel {
    /// Derives a config.json from tensors with transformers' names.
    ///
    /// Heads have 64 channels, as in every published text encoder of Stable Diffusion.
    /// - Parameters:
    ///   - activation: the activation, which the tensors do not determine: `quick_gelu` for OpenAI's encoders, `gelu` for
    ///     open_clip's.
    ///   - skippedLayers: the number of layers at the end that are not run.
    /// - Throws: `ArchitectureError` for tensors of another network.
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
            // The end of text is the last of CLIP's own tokens; added tokens come after it.
            ("eos_token_id", .integer(vocabulary > 49407 ? 49407 : 2)),
        ])
    }
}

/// transformers' names for the tensors of a text encoder with open_clip's names: `transformer.resblocks.0.ln_1.weight` is
/// `encoder.layers.0.layer_norm1.weight`.
enum OpenCLIPNames {
    private static let fixed = [
        "positional_embedding": "embeddings.position_embedding.weight",
        "token_embedding.weight": "embeddings.token_embedding.weight",
        "ln_final.weight": "final_layer_norm.weight", "ln_final.bias": "final_layer_norm.bias",
    ]
    private static let layers = [
        "ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj", "mlp.c_fc": "mlp.fc1",
        "mlp.c_proj": "mlp.fc2",
    ]

    /// The tensors for `entry`: open_clip has queries, keys and values in one tensor, and the projection transposed.
    static func tensors(_ name: String, _ entry: Weights.Entry) -> [(String, Weights.Entry)] {
        if let new = fixed[name] { return [(new, entry)] }
        if name == "text_projection" { return entry.transposed().map { [("text_projection.weight", $0)] } ?? [] }
        let parts = name.split(separator: ".").map(String.init)
        guard parts.count > 4, parts[0] == "transformer", parts[1] == "resblocks" else { return [(name, entry)] }
        let path = "encoder.layers.\(parts[2])"
        let rest = parts[3...].joined(separator: ".")
        for (suffix, kind) in [("attn.in_proj_weight", "weight"), ("attn.in_proj_bias", "bias")] where rest == suffix {
            guard let rows = entry.shape.first, rows % 3 == 0 else { return [(name, entry)] }
            let part = rows / 3
            return ["q_proj", "k_proj", "v_proj"].enumerated().compactMap { place, projection in
                entry.rows(place * part..<(place + 1) * part).map { ("\(path).self_attn.\(projection).\(kind)", $0) }
            }
        }
        for (old, new) in layers where rest.hasPrefix("\(old).") {
            return [("\(path).\(new)\(rest.dropFirst(old.count))", entry)]
        }
        return [(name, entry)]
    }
}

extension Weights {
    /// A text encoder's tensors with transformers' names (without `text_model.`) instead of open_clip's.
    public func namingOpenCLIPAsTransformers() -> Weights {
        var renamed: [String: Entry] = [:]
        for (name, entry) in entries {
            for (new, part) in OpenCLIPNames.tensors(name, entry) { renamed[new] = part }
        }
        return Weights(renamed, source: source)
    }
}
