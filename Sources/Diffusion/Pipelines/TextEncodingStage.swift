import Adapters
import Architectures
import Inference
import ModelGraph
import ModelLoading
import TensorStore
import Tokenizers

/// A text in the form of the UNet's inputs.
struct TextCondition: Sendable {
    /// `[1, tokens, channels]`.
    let states: Tensor
    /// `[1, channels]`, from Stable Diffusion XL's second encoder.
    let pooled: Tensor?

    /// Zeros in the same shapes, which some models of Stable Diffusion XL take for an empty text.
    var zeros: TextCondition {
        get throws {
            TextCondition(states: try Tensor(zeros: states.shape), pooled: try pooled.map { try Tensor(zeros: $0.shape) })
        }
    }
}

/// Encodes texts with all of a model's text encoders.
final class TextEncodingStage {
    private struct Key: Hashable {
        let encoder: Int
        let output: ClipSkip.Output
    }

    private let model: LatentDiffusionModel
    private let options: CompileOptions
    private var networks: [Key: Executable] = [:]
    /// Reports of LoRA keys by network, not yet taken.
    private var adaptations: [LoRAReport] = []

    init(_ model: LatentDiffusionModel, _ options: CompileOptions) {
        self.model = model
        self.options = options
    }

    /// - Parameters:
    ///   - skip: layers of the text encoder to skip for this text; nil for the number that the model was trained with.
    ///   - scales: the scales of LoRAs that are applied at run time.
    func encode(_ chunks: [PromptChunks], skip: ClipSkip?, scales: [String: Tensor] = [:]) async throws -> TextCondition {
        var states: [Tensor] = []
        var pooled: Tensor?
        for (index, chunks) in chunks.enumerated() {
            let output = try ClipSkip.output(
                of: model.family, layerCount: model.textEncoders[index].config.numHiddenLayers, skip: skip)
            let network = try network(index, output)
            try network.set(scales)
            var parts: [Tensor] = []
            for ids in chunks.ids {
                let found = try await network.run(["input_ids": try Tensor(ids.map { Int64($0) }, shape: [1, ids.count])])
                parts.append(try found.required(output.name, of: network.name))
                // The first chunk's, as in other programs that take long texts.
                if index > 0, pooled == nil { pooled = try found.required("text_embeds", of: network.name) }
            }
            states.append(try PromptWeighting.joined(parts, weights: chunks.weights))
        }
        return TextCondition(states: try .joined(channelsOf: states), pooled: pooled)
    }

    private func network(_ index: Int, _ output: ClipSkip.Output) throws -> Executable {
        let key = Key(encoder: index, output: output)
        if let network = networks[key] { return network }
        let name = index == 0 ? "text encoder" : "text encoder \(index + 1)"
        let network = try Executable(name, graph(index, output), options)
        networks[key] = network
        return network
    }

    private func graph(_ index: Int, _ output: ClipSkip.Output) throws -> SizedGraph {
        var graph = try model.textEncoders[index].graph(output, pooled: index > 0)
        if let report = try model.applyLoRAs(to: &graph, index == 0 ? .textEncoder : .textEncoder2) { adaptations.append(report) }
        return graph
    }

    /// Timings of all networks since the last call.
    func takeTimings() -> [NetworkTimings] {
        networks.sorted { $0.key.encoder < $1.key.encoder }.compactMap { $0.value.takeTimings() }
    }

    /// Reports of LoRAs in networks that were loaded since the last call.
    func takeAdaptations() -> [LoRAReport] {
        defer { adaptations = [] }
        return adaptations
    }
}
