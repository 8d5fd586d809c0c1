public import ModelGraph
public import TensorStore

extension WhisperModel {
    /// The decoder's keys and values of what an encoder heard: that part of `encoder` alone, for a model that shares the encoder of
    /// another, as Distil-Whisper's do.
    ///
    /// Input `last_hidden_state` f32 `[windows, positions, width]`, of any number of windows and positions; outputs `cross_keys.N`,
    /// `cross_values.N` as of `encoder`.
    /// - Throws: `ArchitectureError` where the checkpoint does not fit the config.
    public func soundProjection(_ weights: Weights) throws -> Graph {
        var builder = builder("sound_projection", weights)
        let hidden = builder.graph.parameter("last_hidden_state", .f32, [.any, .any, .fixed(config.width)])
        try projectSound(hidden, &builder)
        return builder.graph
    }

    /// Adds the keys and values of each layer of the decoder to the results: hidden `[W, positions, width]`.
    func projectSound(_ hidden: Value, _ builder: inout NetworkBuilder) throws {
        for layer in 0..<config.decoderLayers {
            let path = "decoder.layers.\(layer).encoder_attn"
            let keys = try builder.projectedHeads(hidden, "\(path).k_proj", decoderAttention, bias: false)
            // In the order in which each step multiplies them: transposing is as long as the product.
            builder.graph.result(try builder.graph.transpose(keys, [0, 1, 3, 2]), name: WhisperTensors.crossKeys(layer))
            let values = try builder.projectedHeads(hidden, "\(path).v_proj", decoderAttention)
            builder.graph.result(values, name: WhisperTensors.crossValues(layer))
        }
    }
}
