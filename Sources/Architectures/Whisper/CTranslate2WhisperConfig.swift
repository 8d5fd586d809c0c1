public import TensorStore

extension CTranslate2File {
    /// The config.json that transformers would have for this Whisper model, told from its tensors.
    ///
    /// Ids of tokens are those of the vocabulary's size, and missing where it is none of OpenAI's.
    /// - Throws: `ArchitectureError` naming the tensor that is missing, or a number that does not fit the others.
    public func whisperConfig() throws(ArchitectureError) -> JSONValue {
        let source = file.path
        func size(_ name: String, _ axis: Int, rank: Int) throws(ArchitectureError) -> Int {
            guard let shape = entry(named: name)?.shape else { throw .missingTensor(name, in: source) }
            guard shape.rank == rank, !shape.contains(0) else {
                throw .inconsistent(
                    "'\(name)' must have \(rank) axes, none empty; it is \(shape)", class: Self.whisper, file: source)
            }
            return shape[axis]
        }
        func heads(_ half: String, _ width: Int) throws(ArchitectureError) -> Int {
            // All of OpenAI's have 64 channels a head.
            let heads = integer("\(half)/num_heads") ?? width / 64
            guard heads > 0, width % heads == 0 else {
                throw .inconsistent(
                    "\(heads) heads do not divide \(width) channels of the \(half)", class: Self.whisper, file: source)
            }
            return heads
        }
        func layers(_ half: String) throws(ArchitectureError) -> Int {
            let first = "\(half)/layer_0/ffn/linear_0/weight"
            guard entry(named: first) != nil else { throw .missingTensor(first, in: source) }
            return (1...).first { entry(named: "\(half)/layer_\($0)/ffn/linear_0/weight") == nil } ?? 0
        }
        // The number of GELU in CTranslate2's `ActivationType`.
        if let activation = integer("decoder/activation"), activation != 3 {
            throw .unsupported(
                parameter: "decoder/activation", value: "\(activation)", supported: "3 (GELU)", class: Self.whisper, file: source)
        }
        let vocabulary = try size("decoder/embeddings/weight", 0, rank: 2)
        let width = try size("decoder/embeddings/weight", 1, rank: 2)
        // Of English models and of multilingual ones.
        let end = vocabulary == 51864 ? 50256 : vocabulary > 51864 ? 50257 : nil
        return .members([
            ("architectures", .strings([Self.whisper])), ("model_type", "whisper"), ("d_model", .integer(width)),
            ("vocab_size", .integer(vocabulary)), ("num_mel_bins", .integer(try size("encoder/conv1/weight", 1, rank: 3))),
            ("encoder_layers", .integer(try layers("encoder"))),
            ("encoder_attention_heads", .integer(try heads("encoder", width))),
            ("encoder_ffn_dim", .integer(try size("encoder/layer_0/ffn/linear_0/weight", 0, rank: 2))),
            ("decoder_layers", .integer(try layers("decoder"))),
            ("decoder_attention_heads", .integer(try heads("decoder", width))),
            ("decoder_ffn_dim", .integer(try size("decoder/layer_0/ffn/linear_0/weight", 0, rank: 2))),
            ("max_source_positions", .integer(try size("encoder/position_encodings/encodings", 0, rank: 2))),
            ("max_target_positions", .integer(try size("decoder/position_encodings/encodings", 0, rank: 2))),
            ("activation_function", "gelu"), ("scale_embedding", .bool((integer("decoder/scale_embeddings") ?? 0) != 0)),
            ("bos_token_id", end.map(JSONValue.integer)), ("eos_token_id", end.map(JSONValue.integer)),
            ("decoder_start_token_id", end.map { .integer($0 + 1) }),
        ])
    }

    private static let whisper = WhisperConfig.className
}

/// transformers' generation_config.json from the config.json that CTranslate2 writes beside its model, as far as that has it.
public enum CTranslate2WhisperOptions {
    private static let names = [
        ("suppress_ids", "suppress_tokens"), ("suppress_ids_begin", "begin_suppress_tokens"),
        ("alignment_heads", "alignment_heads"),
    ]

    public static func generationConfig(_ config: JSONValue) -> JSONValue {
        .members(names.map { ($1, config[$0].flatMap { $0.isNull ? nil : $0 }) })
    }
}
