public import ModelGraph
public import TensorStore

extension WhisperModel {
    /// One head of one layer's attention to the sound.
    public struct AlignmentHead: Sendable, Hashable {
        public let layer: Int
        public let head: Int

        public init(layer: Int, head: Int) {
            self.layer = layer
            self.head = head
        }
    }

    /// The heads that attend to the sound of each token; `alignment_heads` of generation_config.json, pairs of layer and head.
    ///
    /// Without any in the file they are all heads of the last half of the layers, as in OpenAI's `Whisper`.
    /// - Parameter file: the file's name in errors.
    /// - Throws: `ArchitectureError.parameter` for anything but pairs of the decoder's heads.
    public func alignmentHeads(_ generationConfig: JSONValue, file: String) throws(ArchitectureError) -> [AlignmentHead] {
        let (layers, heads) = (config.decoderLayers, config.decoderAttentionHeads)
        let reader = ConfigReader(generationConfig, className: WhisperConfig.className, file: file)
        let expected = "a list of pairs of a layer, of \(layers), and of one of its \(heads) heads"
        let given = try reader.value("alignment_heads", expected) { value -> [AlignmentHead]? in
            let pairs = value.list { pair -> AlignmentHead? in
                guard let numbers = pair.list(\.int), numbers.count == 2, (0..<layers).contains(numbers[0]),
                    (0..<heads).contains(numbers[1])
                else { return nil }
                return AlignmentHead(layer: numbers[0], head: numbers[1])
            }
            return pairs.flatMap { (1...layers * heads).contains($0.count) ? $0 : nil }
        }
        return given
            ?? (layers / 2..<layers).flatMap { layer in (0..<heads).map { AlignmentHead(layer: layer, head: $0) } }
    }

    static func crossAttentionPath(_ layer: Int) -> String { "decoder.layers.\(layer).encoder_attn" }

    /// - Throws: `ArchitectureError.inconsistent` for a head that the model does not have.
    func check(_ heads: [AlignmentHead], file: String) throws(ArchitectureError) {
        for head in heads
        where !(0..<config.decoderLayers).contains(head.layer) || !(0..<config.decoderAttentionHeads).contains(head.head) {
            throw .inconsistent(
                "there is no head \(head.head) in layer \(head.layer); the decoder has \(config.decoderLayers) layers of "
                    + "\(config.decoderAttentionHeads) heads", class: WhisperConfig.className, file: file)
        }
    }

    /// Adds the output `alignment_scores` `[W, alignmentHeads, N, positions]`, attention to the sound before softmax, to a decoder
    /// that `decoder` made, or that was read from IR of such a one.
    /// - Parameter heads: none for no such output.
    /// - Throws: `ArchitectureError.inconsistent` for a head that the model does not have; `GraphError.structure` for a graph without
    ///   its scores.
    public func adding(_ heads: [AlignmentHead], to decoder: Graph) throws -> Graph {
        guard !heads.isEmpty else { return decoder }
        try check(heads, file: decoder.name)
        var graph = decoder
        let rows = try heads.map { head in
            let name = "\(Self.crossAttentionPath(head.layer))/scores"
            guard let node = graph.nodes.firstIndex(where: { $0.name == name }) else {
                throw GraphError.structure(
                    node: graph.name, reason: "it has no operation '\(name)', whose values times of words need")
            }
            return try graph.slice(graph.value(node), axis: 1, head.head..<head.head + 1, name: "\(name)[\(head.head)]")
        }
        graph.result(try graph.concatenate(rows, axis: 1), name: "alignment_scores")
        return graph
    }
}
