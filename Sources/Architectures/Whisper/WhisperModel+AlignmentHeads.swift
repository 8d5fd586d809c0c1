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
    /// Where the file has none they are all heads of the last half of the layers, as in OpenAI's `Whisper`.
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
}
