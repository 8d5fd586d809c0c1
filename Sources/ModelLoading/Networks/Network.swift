public import Architectures
public import ModelGraph
public import TensorStore

/// A network of a model: its architecture, and the source of its graphs.
public struct Network<Architecture: Sendable>: Sendable {
    public enum Origin: Sendable {
        /// Tensors, from which the architecture builds a graph for each size.
        case checkpoint(Weights)
        /// A graph with dynamic shapes, read from IR or made by a pass; the runtime makes it static for each size.
        case graph(Graph)
    }

    public let architecture: Architecture
    public var origin: Origin

    public init(_ architecture: Architecture, _ origin: Origin) {
        self.architecture = architecture
        self.origin = origin
    }

    /// The approximate size of the compiled weights in bytes: f32 for all floating-point types, integers in their own type.
    public var compiledBytes: Int { compiledBytes(floatSize: 4) }

    /// The same with floating-point weights of `floatSize` bytes.
    public func compiledBytes(floatSize: Int) -> Int {
        switch origin {
        case .checkpoint(let weights): return weights.parameterCount * floatSize
        case .graph(let graph):
            return graph.nodes.reduce(0) { sum, node in
                guard let data = node.constant else { return sum }
                switch node.outputs[0].elementType {
                case .f16, .bf16: return sum + data.byteCount / 2 * floatSize
                case .f32: return sum + data.byteCount / 4 * floatSize
                default: return sum + data.byteCount
                }
            }
        }
    }
}

extension Network<CLIPTextModel> {
    /// Input `input_ids` `[1, tokens]`, output `last_hidden_state` and the requested `outputs`; see `CLIPTextModel.graph`.
    ///
    /// IR has the outputs of its export, whatever is requested. It may lack the last hidden state: exports by newer transformers
    /// have the normalized state instead.
    /// - Throws: `GraphError.structure` for IR that lacks an output.
    public func graph(tokens: Int, outputs: CLIPTextModel.Outputs = .init()) throws -> SizedGraph {
        switch origin {
        case .checkpoint(let weights):
            return SizedGraph(try architecture.graph(weights, batch: 1, tokens: tokens, outputs: outputs))
        case .graph(var graph):
            let last = architecture.config.numHiddenLayers
            if let layers = outputs.layerCount, layers < last {
                graph = try graph.skippingLayers(after: layers, of: last)
            }
            let pooled = graph.hasResult(named: "text_embeds") ? "text_embeds" : "pooler_output"
            let wanted =
                ["last_hidden_state"] + (outputs.pooled ? [pooled] : [])
                + (outputs.hiddenStates ? (0..<last).map { "hidden_states.\($0)" } : [])
            for name in wanted where !graph.hasResult(named: name) {
                throw GraphError.structure(
                    node: graph.name, reason: "it has no output '\(name)'; the text encoder must be exported with it")
            }
            return try SizedGraph(graph, setting: ["input_ids": [1, .fixed(tokens)]])
        }
    }

    /// The encoder as in exported models: any batch, with the pooled state and the states of all layers.
    public func exportedGraph(tokens: Int) throws -> Graph {
        switch origin {
        case .checkpoint(let weights):
            try architecture.graph(weights, batch: .any, tokens: tokens, outputs: .init(hiddenStates: true, pooled: true))
        case .graph(let graph): graph
        }
    }
}

extension Graph {
    /// An exported text encoder whose final normalization reads the states after fewer layers (clip skip).
    /// - Throws: `GraphError.structure` where these states are no output.
    fileprivate func skippingLayers(after layers: Int, of count: Int) throws(GraphError) -> Graph {
        let (wanted, last) = ("hidden_states.\(layers)", "hidden_states.\(count)")
        for name in [wanted, last] where !hasResult(named: name) {
            throw .structure(
                node: self.name,
                reason: "clip skip needs its output '\(name)', which this exported text encoder lacks; export it with hidden "
                    + "states, as glint quantize does, or take the checkpoint")
        }
        return try reading(outputNamed: wanted, inPlaceOf: last)
    }
}

extension Network<UNet2DConditionModel> {
    /// The UNet at a size; see `UNet2DConditionModel.graph`.
    public func graph(batch: Int, height: Int, width: Int, tokens: Int) throws -> SizedGraph {
        switch origin {
        case .checkpoint(let weights):
            return SizedGraph(
                try architecture.graph(
                    weights,
                    .init(batch: .fixed(batch), height: .fixed(height), width: .fixed(width), tokens: .fixed(tokens))))
        case .graph(let graph):
            var sized = try SizedGraph(
                graph,
                setting: [
                    "sample": [.fixed(batch), nil, .fixed(height), .fixed(width)], "timestep": [1],
                    "encoder_hidden_states": [.fixed(batch), .fixed(tokens), nil],
                ])
            for name in ["timestep_cond", "text_embeds", "time_ids"] where graph.parameter(named: name) != nil {
                sized.shapes.merge(try SizedGraph(graph, setting: [name: [.fixed(batch), nil]]).shapes) { old, _ in old }
            }
            // If each level halves the size without a remainder, each upsampling doubles it.
            let divisor = 1 << (architecture.config.blockOutChannels.count - 1)
            sized.doublesSizes = height % divisor == 0 && width % divisor == 0
            return sized
        }
    }

    /// The UNet as in exported models: any batch, size and text length, timesteps of i64.
    public func exportedGraph() throws -> Graph {
        switch origin {
        case .checkpoint(let weights):
            try architecture.graph(
                weights,
                .init(batch: .any, height: .any, width: .any, tokens: .any, timesteps: .any, timestepType: .i64))
        case .graph(let graph): graph
        }
    }
}

extension Network<any LatentAutoencoder> {
    /// The decoder for latents `[1, C, height, width]`.
    public func decoder(height: Int, width: Int) throws -> SizedGraph {
        switch origin {
        case .checkpoint(let weights):
            SizedGraph(try architecture.decoder(weights, batch: 1, height: .fixed(height), width: .fixed(width)))
        case .graph(let graph):
            // Decoders enlarge by doubling.
            try SizedGraph(
                graph, setting: ["latent_sample": [1, nil, .fixed(height), .fixed(width)]], doublesSizes: true)
        }
    }

    /// The encoder for pictures `[1, 3, height, width]`; `architecture.encoderOutput` describes its output. In IR the encoder is
    /// a separate network: this one must have been read from `vae_encoder`.
    /// - Throws: `GraphError.structure` for a network read from the decoder's IR.
    public func encoder(height: Int, width: Int) throws -> SizedGraph {
        switch origin {
        case .checkpoint(let weights):
            SizedGraph(try architecture.encoder(weights, batch: 1, height: .fixed(height), width: .fixed(width)))
        case .graph(let graph):
            try SizedGraph(graph, setting: ["sample": [1, nil, .fixed(height), .fixed(width)]])
        }
    }

    /// The decoder as in exported models: any batch and size.
    public func exportedDecoder() throws -> Graph {
        switch origin {
        case .checkpoint(let weights): try architecture.decoder(weights, batch: .any, height: .any, width: .any)
        case .graph(let graph): graph
        }
    }

    /// The encoder as in exported models; nil for a network read from the decoder's IR.
    public func exportedEncoder() throws -> Graph? {
        switch origin {
        case .checkpoint(let weights): try architecture.encoder(weights, batch: .any, height: .any, width: .any)
        case .graph: nil
        }
    }
}

extension Network<WhisperModel> {
    /// The encoder of sound of `positions`, or of all that the model has; see `WhisperModel.encoder`.
    /// - Throws: `ArchitectureError`; `GraphError.structure` for a network read from IR.
    public func encoder(windows: Dimension = 1, positions: Dimension? = nil) throws -> SizedGraph {
        SizedGraph(try architecture.encoder(checkpoint(), windows: windows, positions: positions))
    }

    /// The decoder; see `WhisperModel.decoder`.
    /// - Throws: as `encoder`.
    public func decoder(
        _ sizes: WhisperModel.DecoderSizes = .init(), alignmentHeads: [WhisperModel.AlignmentHead] = []
    ) throws -> SizedGraph {
        SizedGraph(try architecture.decoder(checkpoint(), sizes, alignmentHeads: alignmentHeads))
    }

    private func checkpoint() throws(GraphError) -> Weights {
        switch origin {
        case .checkpoint(let weights): return weights
        case .graph(let graph):
            throw .structure(node: graph.name, reason: "the networks of Whisper are made from a checkpoint, not from IR")
        }
    }
}
