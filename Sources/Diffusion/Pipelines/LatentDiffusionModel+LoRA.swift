import Adapters
import ModelGraph
import ModelLoading
import TensorStore

extension LatentDiffusionModel {
    /// Changes a network's graph as the model's LoRAs say.
    ///
    /// Weights in floating point are changed when the runtime compiles, which costs nothing later; beside weights in few bits,
    /// which would have to be quantized anew, the changes are computed at each run.
    /// - Returns: which keys found their place; nil where none are for this network.
    func applyLoRAs(to sized: inout SizedGraph, _ network: AdaptedNetwork) throws -> LoRAReport? {
        guard let loras else { return nil }
        let form: LoRAForm = loraForm ?? (sized.graph.hasIntegerWeights ? .runtime : .merged)
        let (graph, report) = try loras.apply(to: sized.graph, network: network, form: form)
        sized.graph = graph
        return report.files.contains { $0.placed > 0 || !$0.unplaced.isEmpty } ? report : nil
    }

    /// What networks take whose LoRAs are applied at run time.
    /// - Parameter scales: in place of those that the LoRAs were added with.
    func loraScales(_ scales: [Float]?) throws -> [String: Tensor] {
        guard let loras else { return [:] }
        var inputs = try loras.scales.mapValues { try Tensor([$0], shape: [1]) }
        for (index, scale) in (scales ?? []).enumerated() { inputs[LoRASet.scaleInput(index)] = try Tensor([scale], shape: [1]) }
        return inputs
    }
}

extension Graph {
    /// Whether matrices or kernels are stored in integers.
    fileprivate var hasIntegerWeights: Bool {
        nodes.contains { node in
            guard node.constant != nil, let shape = node.outputs[0].shape.fixed, shape.rank >= 2 else { return false }
            return [.i8, .u8, .i4, .u4, .nf4].contains(node.outputs[0].elementType) && shape.reduce(1, *) > 64
        }
    }
}
