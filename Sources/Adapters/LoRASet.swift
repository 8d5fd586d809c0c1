public import ModelGraph
import TensorStore

/// How a LoRA becomes part of a network.
public enum LoRAForm: Sendable, Hashable, CaseIterable {
    /// Its matrices are multiplied and added to the weights when the runtime compiles: no cost at a step.
    case merged
    /// They are applied beside the weights, times an input of the network: scales change without compiling.
    case runtime
}

/// LoRAs, each with its scale, that are applied to a model together.
public struct LoRASet: Sendable {
    public struct Item: Sendable {
        public let lora: LoRA
        /// What the difference is multiplied by beside the file's own alpha / rank; 1 for the LoRA as it was trained.
        public let scale: Float

        public init(_ lora: LoRA, scale: Float = 1) {
            self.lora = lora
            self.scale = scale
        }
    }

    public let items: [Item]
    /// Whether keys that match nothing are passed over, and only reported.
    public let isLenient: Bool

    /// - Throws: `LoRAError.scale`; `.unplaced` where a file has keys of no network known here, unless lenient.
    public init(_ items: [Item], isLenient: Bool = false) throws(LoRAError) {
        for item in items {
            guard item.scale.isFinite else { throw .scale(item.scale, file: item.lora.path) }
            let unknown = item.lora.layers.isEmpty && item.lora.unknownKeys.isEmpty ? ["(no tensors)"] : item.lora.unknownKeys
            guard isLenient || unknown.isEmpty else {
                throw .unplaced(unknown, of: item.lora.keyCount, network: nil, file: item.lora.path)
            }
        }
        self.items = items
        self.isLenient = isLenient
    }

    /// Refuses files with keys for networks that the model has not.
    /// - Throws: `LoRAError.unplaced`, unless lenient.
    public func check(networks: Set<AdaptedNetwork>) throws(LoRAError) {
        if isLenient { return }
        for item in items {
            for network in AdaptedNetwork.allCases where !networks.contains(network) {
                let keys = item.lora.layers.filter { $0.network == network }.flatMap(\.keys)
                guard keys.isEmpty else {
                    throw .unplaced(keys, of: item.lora.keyCount, network: network, file: item.lora.path)
                }
            }
        }
    }

    // MARK: Scales at run time

    /// The input of adapted networks that scales the LoRA at `index`: f32 `[1]`.
    public static func scaleInput(_ index: Int) -> String { "lora_scale.\(index)" }

    /// The scales by the names of inputs; a network has those of the LoRAs that change it.
    public var scales: [String: Float] {
        Dictionary(uniqueKeysWithValues: items.enumerated().map { (Self.scaleInput($0.offset), $0.element.scale) })
    }

    // MARK: Applying

    /// The network with the LoRAs.
    ///
    /// The graph may come from a checkpoint or from IR, with static or dynamic shapes. Passes that cut it up (`Graph.stages`),
    /// quantize it, or prepare it for a device come afterwards. Inputs
    /// `lora_scale.<i>`, of the runtime form, are named among those of the first stage: what stages compute from them is then
    /// where their other inputs are.
    /// - Throws: `LoRAError.unplaced` where keys for this network match nothing in it, unless lenient; `.shape` where matrices
    ///   don't fit their module; `.twice` where two layers of a file have one module; `.integerWeights` for merging into INT8
    ///   weights; `.weightDecomposition` for DoRA at run time; `GraphError`.
    public func apply(
        to graph: Graph, network: AdaptedNetwork, form: LoRAForm
    ) throws -> (graph: Graph, report: LoRAReport) {
        let modules = AdaptedModules(graph, network)
        var placed: [String: [PlacedLayer]] = [:]
        var files: [LoRAReport.File] = []
        for (index, item) in items.enumerated() {
            var unplaced: [String] = []
            var found: [String: LoRALayer] = [:]
            for layer in item.lora.layers where layer.network == network {
                guard let path = modules.path(of: layer.module), let sites = modules.sites[path] else {
                    unplaced += layer.keys
                    continue
                }
                if let other = found.updateValue(layer, forKey: path) {
                    throw LoRAError.twice(module: path, keys: [other.up.name, layer.up.name].sorted(), file: item.lora.path)
                }
                let own = PlacedLayer(item: index, layer: layer, scale: item.scale, file: item.lora.path)
                try own.check(fits: path, sites)
                placed[path, default: []].append(own)
            }
            guard isLenient || unplaced.isEmpty else {
                throw LoRAError.unplaced(unplaced, of: item.lora.keyCount, network: network, file: item.lora.path)
            }
            files.append(
                .init(
                    path: item.lora.path, modules: found.count, placed: found.values.reduce(0) { $0 + $1.keys.count },
                    unplaced: unplaced))
        }
        let report = LoRAReport(network: network, files: files)
        if placed.isEmpty { return (graph, report) }
        let adaptations = placed.sorted { $0.key < $1.key }.flatMap { path, layers in
            (modules.sites[path] ?? []).map { Adaptation(path: path, site: $0, layers: layers) }
        }
        let adapted =
            switch form {
            case .merged: try graph.merging(adaptations, in: network)
            case .runtime: try graph.adding(adaptations)
            }
        return (adapted, report)
    }
}
