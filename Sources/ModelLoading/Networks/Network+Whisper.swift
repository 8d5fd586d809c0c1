public import Architectures
public import ModelGraph
public import TensorStore

extension Network<WhisperModel> {
    /// The encoder of sound of `positions`, or of all that the model has; see `WhisperModel.encoder`.
    /// - Throws: `ArchitectureError`; `GraphError.structure` for IR without its input, or of other sizes.
    public func encoder(windows: Dimension = 1, positions: Dimension? = nil) throws -> SizedGraph {
        switch origin {
        case .checkpoint(let weights):
            return SizedGraph(try architecture.encoder(weights, windows: windows, positions: positions))
        case .graph(let graph):
            let positions = positions ?? .fixed(architecture.config.maxSourcePositions)
            let frames = positions.fixedValue.map { Dimension.fixed(2 * $0) }
            return try SizedGraph(
                graph, setting: ["input_features": [windows, .fixed(architecture.config.numMelBins), frames]])
        }
    }

    /// The decoder's part over the output of an encoder that another model shares; see `WhisperModel.soundProjection`.
    /// - Returns: nil where the encoder is not that of the other network: of the same sizes, with the same biases and normalizations
    ///   in every layer, both read from checkpoints.
    /// - Throws: as `encoder`.
    public func soundProjection(sharing other: Network<WhisperModel>) throws -> SizedGraph? {
        guard case .checkpoint(let weights) = origin, case .checkpoint(let others) = other.origin else { return nil }
        let (found, expected) = (weights.encoderVectors, others.encoderVectors)
        let (config, shared) = (architecture.config, other.architecture.config)
        guard config.encoderAttentionHeads == shared.encoderAttentionHeads, config.activation == shared.activation,
            found.keys == expected.keys,
            found.allSatisfy({ name, entry in expected[name].map(entry.hasElements) ?? false })
        else { return nil }
        return SizedGraph(try architecture.soundProjection(weights))
    }

    /// The decoder; see `WhisperModel.decoder`.
    /// - Throws: `ArchitectureError`; `GraphError.structure` for IR that is not of such a decoder.
    public func decoder(
        _ sizes: WhisperModel.DecoderSizes = .init(), alignmentHeads: [WhisperModel.AlignmentHead] = []
    ) throws -> SizedGraph {
        switch origin {
        case .checkpoint(let weights):
            return SizedGraph(try architecture.decoder(weights, sizes, alignmentHeads: alignmentHeads))
        case .graph(let graph):
            return try SizedGraph(
                architecture.adding(alignmentHeads, to: graph),
                setting: [
                    "input_ids": [sizes.windows, sizes.tokens], "token_mask": [sizes.windows, sizes.tokens, sizes.tokens],
                ])
        }
    }

    /// The encoder of any number of windows and positions.
    public func exportedEncoder() throws -> Graph { try encoder(windows: .any, positions: .any).graph }

    /// The decoder of any number of windows.
    public func exportedDecoder() throws -> Graph { try decoder(.init(windows: .any)).graph }
}
