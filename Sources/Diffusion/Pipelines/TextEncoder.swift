public import Architectures
import ModelGraph
public import ModelLoading
import TensorStore
public import Tokenizers

/// One of a model's text encoders with its tokenizer.
public struct TextEncoder: Sendable {
    public private(set) var tokenizer: CLIPTokenizer
    public var network: Network<CLIPTextModel>
    /// Embeddings of the words added to the tokenizer, and the id of the first.
    private var added: (rows: Tensor, firstID: Int)?

    public init(_ tokenizer: CLIPTokenizer, _ network: Network<CLIPTextModel>) {
        self.tokenizer = tokenizer
        self.network = network
    }

    var config: CLIPTextConfig { network.architecture.config }

    /// Tokens of a chunk of text, markers included.
    public var tokenCount: Int { min(tokenizer.modelMaxLength, config.maxPositionEmbeddings) }

    /// Adds the words of textual inversions.
    /// - Parameters:
    ///   - index: the index of this encoder in its model.
    ///   - widths: the widths of all the model's encoders.
    /// - Throws: `TextualInversionError`.
    mutating func add(_ inversions: [TextualInversion], encoder index: Int, widths: [Int]) throws(TextualInversionError) {
        let firstID = tokenizer.vocabularyCount
        let (known, rows) = try tokenizer.adding(inversions, encoder: index, widths: widths)
        tokenizer = known
        added = (rows, firstID)
    }

    /// The network for one chunk, with the added words.
    /// - Parameter output: the output that guides pictures.
    func graph(_ output: ClipSkip.Output, pooled: Bool) throws -> SizedGraph {
        var sized = try network.graph(tokens: tokenCount, outputs: output.outputs(of: config, pooled: pooled))
        if let added { sized.graph = try sized.graph.addingTokens(added.rows, firstID: added.firstID) }
        return sized
    }
}

extension ClipSkip.Output {
    /// The outputs to compute.
    func outputs(of config: CLIPTextConfig, pooled: Bool) -> CLIPTextModel.Outputs {
        isNormalized
            ? .init(pooled: pooled, layerCount: layerCount == config.numHiddenLayers ? nil : layerCount)
            : .init(hiddenStates: true, pooled: pooled)
    }

    /// The name of the network's output with the states.
    var name: String { isNormalized ? "last_hidden_state" : "hidden_states.\(layerCount)" }
}

/// The layer of a CLIP text encoder that guides a picture: diffusers' `clip_skip`.
///
/// 1 skips the last layer. AUTOMATIC1111's "Clip skip" counts from 1: its 2 is diffusers' 1 (`init(webUI:)`).
public struct ClipSkip: Sendable, Hashable {
    /// The number of layers skipped at the end; 0 or more.
    public let layers: Int

    /// - Throws: `GenerationError.option` where it is negative.
    public init(_ layers: Int) throws(GenerationError) {
        guard layers >= 0 else { throw .option("clip_skip", value: "\(layers)", expected: "0 or more") }
        self.layers = layers
    }

    /// - Parameter webUI: the number in AUTOMATIC1111's web UI, from 1.
    public init(webUI: Int) throws(GenerationError) {
        guard webUI >= 1 else { throw .option("Clip skip", value: "\(webUI)", expected: "1 or more") }
        layers = webUI - 1
    }

    /// The encoder's output that guides the picture.
    public struct Output: Sendable, Hashable {
        /// Index into transformers' `hidden_states`: the number of layers run.
        public let layerCount: Int
        /// Whether `final_layer_norm` follows.
        public let isNormalized: Bool
    }

    /// The output of an encoder of `layerCount` layers.
    ///
    /// SD 1 and 2 take the states after the last layer, normalized by the encoder's `final_layer_norm`, which also follows where
    /// layers are skipped. SDXL takes from both encoders the states before the last layer, not normalized; skipped layers count
    /// from there, and the second encoder's pooled state always comes from all layers.
    /// - Throws: `GenerationError.option` where more layers are skipped than the encoder has.
    public static func output(
        of family: LatentFamily, layerCount: Int, skip: ClipSkip? = nil
    ) throws(GenerationError) -> Output {
        let last = family == .sd ? layerCount : layerCount - 1
        let skipped = skip?.layers ?? 0
        guard skipped <= last else {
            throw .option(
                "clip_skip", value: "\(skipped)", expected: "at most \(max(last, 0)) for a text encoder of \(layerCount) layers")
        }
        return Output(layerCount: last - skipped, isNormalized: family == .sd)
    }
}
