import Architectures
import Inference
import ModelGraph
import ModelLoading
import TensorStore
import Testing

/// A small Whisper with what transformers computes; `Tests/Goldens/Architectures/whisper/make.py`.
struct WhisperGolden {
    static let names = ["equal-depth", "shallow-decoder-bf16"]

    let golden: GoldenNetwork
    let model: WhisperModel

    init(_ name: String) throws {
        golden = try GoldenNetwork(
            "Architectures/whisper/\(name)", library: "transformers", className: "WhisperForConditionalGeneration")
        model = try Registry.make(golden.component.config(), from: Registry.speechRecognizers)
    }

    subscript(name: String) -> Tensor { get throws { try golden[name] } }

    /// The prompt of each window.
    var prompts: [[Int]] { get throws { try rows("decoder_input_ids") } }

    /// The rows of a recorded matrix of ids.
    func rows(_ name: String) throws -> [[Int]] {
        let tensor = try golden[name]
        let (ids, width) = (try tensor.elements(as: Int64.self).map(Int.init), tensor.shape[1])
        return (0..<tensor.shape[0]).map { Array(ids[$0 * width..<($0 + 1) * width]) }
    }

    /// The encoder's outputs for the recorded sound.
    /// - Parameters:
    ///   - window: one of the windows; nil for all.
    ///   - positions: to which the sound is cut.
    func encoded(window: Int? = nil, positions: Int? = nil) throws -> [String: Tensor] {
        var features = try golden["input_features"]
        if let window { features = try features.part(window) }
        if let positions { features = try features.shortened(to: 2 * positions) }
        let graph = try model.encoder(
            golden.component.weights(), windows: .fixed(features.shape[0]), positions: positions.map(Dimension.fixed))
        return try runGraph(graph) { _ in features }
    }

    /// A decoder that has heard `sound`, the encoder's outputs.
    func decoder(
        hearing sound: [String: Tensor], _ sizes: WhisperModel.DecoderSizes? = nil,
        alignmentHeads: [WhisperModel.AlignmentHead] = []
    ) throws -> WhisperWriter {
        let windows = try sound.required("last_hidden_state", of: "encoder").shape[0]
        let graph = try model.decoder(
            golden.component.weights(), sizes ?? .init(windows: .fixed(windows)), alignmentHeads: alignmentHeads)
        let network = try Executable("decoder", SizedGraph(graph))
        try network.set(sound)
        return WhisperWriter(network: network, cache: WhisperCache(model.config, windows: windows))
    }
}

/// A decoder with its cache.
struct WhisperWriter {
    let network: Executable
    let cache: WhisperCache

    /// Runs tokens and keeps them.
    /// - Returns: the outputs.
    func callAsFunction(_ tokens: [WhisperCache.Tokens], logitRows: [Int]? = nil) async throws -> [String: Tensor] {
        let outputs = try await network.run(cache.inputs(tokens, logitRows: logitRows))
        try cache.store(outputs)
        return outputs
    }

    /// Runs a token for each text of one window.
    /// - Returns: logits of each text.
    func beams(_ ids: [Int], after parents: [Int]) async throws -> [[Float]] {
        try await logits(self([.beams(ids, after: parents)]))[0]
    }

    /// Logits by window and row.
    func logits(_ outputs: [String: Tensor]) throws -> [[[Float]]] {
        let tensor = try outputs.required("logits", of: network.name)
        let (all, rows, count) = (try tensor.elements(as: Float.self), tensor.shape[1], tensor.shape[2])
        return (0..<tensor.shape[0]).map { window in
            (0..<rows).map { Array(all[(window * rows + $0) * count..<(window * rows + $0 + 1) * count]) }
        }
    }
}

extension Tensor {
    /// One element of the first axis, which stays as 1.
    func part(_ index: Int) throws -> Tensor {
        let count = elementCount / shape[0]
        let elements = try elements(as: Float.self)[index * count..<(index + 1) * count]
        return try Tensor(Array(elements), shape: Shape([1] + shape.dimensions.dropFirst()))
    }

    /// The first `count` elements of the last axis.
    func shortened(to count: Int) throws -> Tensor {
        let (all, length) = (try elements(as: Float.self), shape[shape.rank - 1])
        var dimensions = shape.dimensions
        dimensions[dimensions.count - 1] = count
        return try Tensor(all.indices.filter { $0 % length < count }.map { all[$0] }, shape: Shape(dimensions))
    }
}

/// The index of the largest element.
func argMax(_ values: [Float]) -> Int { values.indices.max { values[$0] < values[$1] } ?? 0 }
