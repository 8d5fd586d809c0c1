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
    /// - Parameter index: the index of this encoder in its model.
    /// - Throws: `TextualInversionError`.
    mutating func add(_ inversions: [TextualInversion], encoder index: Int) throws(TextualInversionError) {
        let firstID = tokenizer.vocabularyCount
        let (known, rows) = try tokenizer.adding(inversions, encoder: index, width: config.hiddenSize)
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
