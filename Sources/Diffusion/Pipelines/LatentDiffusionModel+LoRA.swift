import Adapters
import ModelGraph
import ModelLoading
import TensorStore

extension LatentDiffusionModel {
    /// Applies the model's LoRAs to a network's graph.
    ///
    /// Floating-point weights are merged when the runtime compiles the network, at no cost per run. Integer weights would have to
    /// be quantized again, so the low-rank product is computed at each run instead.
    /// - Returns: the report of applied keys; nil where no LoRA is for this network.
    func applyLoRAs(to sized: inout SizedGraph, _ network: AdaptedNetwork) throws -> LoRAReport? {
        guard let loras else { return nil }
        let form: LoRAForm = loraForm ?? (sized.graph.hasIntegerWeights ? .runtime : .merged)
        let (graph, report) = try loras.apply(to: sized.graph, network: network, form: form)
        sized.graph = graph
        return report.files.contains { $0.placed > 0 || !$0.unplaced.isEmpty } ? report : nil
    }

    /// Inputs of networks whose LoRAs are applied at run time: the scale of each LoRA.
    /// - Parameter scales: the scales to use instead of those that the LoRAs were added with.
    func loraScales(_ scales: [Float]?) throws -> [String: Tensor] {
        guard let loras else { return [:] }
        var inputs = try loras.scales.mapValues { try Tensor([$0], shape: [1]) }
        for (index, scale) in (scales ?? []).enumerated() { inputs[LoRASet.scaleInput(index)] = try Tensor([scale], shape: [1]) }
        return inputs
    }
}

extension Graph {
    /// Whether matrices or kernels are stored as integers.
    fileprivate var hasIntegerWeights: Bool {
        nodes.contains { node in
            guard node.constant != nil, let shape = node.outputs[0].shape.fixed, shape.rank >= 2 else { return false }
            return [.i8, .u8, .i4, .u4, .nf4].contains(node.outputs[0].elementType) && shape.reduce(1, *) > 64
        }
    }
}
