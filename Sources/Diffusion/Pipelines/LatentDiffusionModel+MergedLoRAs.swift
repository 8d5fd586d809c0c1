import Adapters
import Inference
import ModelGraph
import ModelLoading

extension LatentDiffusionModel {
    /// The model whose weights have its LoRAs added, as in a merged checkpoint: for what reads weights, such as quantization.
    ///
    /// Networks that the LoRAs change are graphs with dynamic shapes afterwards. Sums are in f32, in memory.
    /// - Throws: `LoRAError`, and `.integerWeights` for INT8 networks; as `Graph.foldingConstants`.
    public func mergingLoRAs() async throws -> LatentDiffusionModel {
        guard let loras else { return self }
        var model = self
        let graph = try unet.exportedGraph()
        if let merged = try await loras.merged(into: graph, .unet) { model.unet.origin = .graph(merged) }
        for (index, network) in [AdaptedNetwork.textEncoder, .textEncoder2].prefix(textEncoders.count).enumerated() {
            let graph = try textEncoders[index].network.exportedGraph(tokens: textEncoders[index].tokenCount)
            guard let merged = try await loras.merged(into: graph, network) else { continue }
            model.textEncoders[index].network.origin = .graph(merged)
        }
        (model.loras, model.mergedLoRAs) = (nil, loras)
        return model
    }
}

extension LoRASet {
    /// The graph with sums of weights and differences as constants; nil where no LoRA is for it.
    fileprivate func merged(into graph: Graph, _ network: AdaptedNetwork) async throws -> Graph? {
        let (sums, report) = try apply(to: graph, network: network, form: .merged)
        guard report.files.contains(where: { $0.placed > 0 }) else { return nil }
        let names = Set(graph.nodes.map(\.name))
        return try await sums.foldingConstants { !names.contains($0.name) }
    }
}
