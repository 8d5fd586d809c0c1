public import ModelGraph
import TensorStore

/// Ways to apply a LoRA to a network.
public enum LoRAForm: Sendable, Hashable, CaseIterable {
    /// The matrices are multiplied and added to the weights when the runtime compiles. A step costs nothing extra.
    case merged
    /// The matrices are applied beside the weights and scaled by an input of the network. Scales change without compiling.
    case runtime
}

/// LoRAs that are applied to a model together, each with its scale.
public struct LoRASet: Sendable {
    public struct Item: Sendable {
        public let lora: LoRA
        /// A factor on the difference of the UNet, in addition to the file's alpha / rank; 1 applies the LoRA as it was trained.
        public let scale: Float
        /// The factor for text encoders.
        public let textEncoderScale: Float
        /// The name in prompts: the file's name without its ending, or another that it is known by.
        public let name: String

        /// - Parameters:
        ///   - textEncoderScale: nil for `scale`.
        ///   - name: nil for the file's.
        public init(_ lora: LoRA, scale: Float = 1, textEncoderScale: Float? = nil, name: String? = nil) {
            self.lora = lora
            self.scale = scale
            self.textEncoderScale = textEncoderScale ?? scale
            self.name = name ?? lora.name
        }

        func scale(for network: AdaptedNetwork) -> Float { network == .unet ? scale : textEncoderScale }
    }

    public let items: [Item]
    /// Whether keys that match no module are skipped and reported. Otherwise they are an error.
    public let isLenient: Bool

    /// - Throws: `LoRAError.scale`; unless lenient, `.unplaced` if a file has no layers or keys of no known network, and `.kind` if
    ///   it has keys of another kind of adapter.
    public init(_ items: [Item], isLenient: Bool = false) throws(LoRAError) {
        for item in items {
            for scale in [item.scale, item.textEncoderScale] where !scale.isFinite { throw .scale(scale, file: item.lora.path) }
            if isLenient { continue }
            let lora = item.lora
            if let (kind, key) = lora.otherKinds.first { throw .kind(kind, key: key, file: lora.path) }
            if lora.layers.isEmpty, (lora.unknownKeys + lora.strayKeys).contains(where: LoRAKey.isWholeNetworks) {
                throw .wholeNetwork(file: lora.path)
            }
            guard lora.unknownKeys.isEmpty, !lora.layers.isEmpty else {
                throw .unplaced(
                    lora.unknownKeys.isEmpty ? lora.strayKeys : lora.unknownKeys, of: lora.keyCount, network: nil, file: lora.path
                )
            }
        }
        self.items = items
        self.isLenient = isLenient
    }

    /// Checks that the model has every network that the files have keys for.
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

    /// The name of the input that scales the LoRA at `index`: f32 `[1]`.
    public static func scaleInput(_ index: Int) -> String { "lora_scale.\(index)" }

    /// The names of all inputs for scales.
    public var scaleInputs: [String] { items.indices.map(Self.scaleInput) }

    /// The scales for a network by input name. A network has the inputs of the LoRAs that change it.
    public func scales(for network: AdaptedNetwork) -> [String: Float] {
        Dictionary(
            uniqueKeysWithValues: items.enumerated().map { (Self.scaleInput($0.offset), $0.element.scale(for: network)) })
    }

    // MARK: Applying

    /// Applies the LoRAs to a network.
    ///
    /// The graph may come from a checkpoint or from IR, with static or dynamic shapes. Apply LoRAs before passes that split the
    /// graph (`Graph.stages`), quantize it, or prepare it for a device. With the runtime form, list the inputs `lora_scale.<i>`
    /// with the first stage. An operation that reads them then belongs to the stage of its other inputs.
    /// - Throws: `LoRAError.unplaced` if keys for this network match no module, unless lenient; `.shape` if matrices don't fit
    ///   their module; `.twice` if two layers of a file have the same module; `.integerWeights` for merging into INT8 weights;
    ///   `.notAtRunTime` for DoRA, LoHa and LoKr at run time; `GraphError`.
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
                    throw LoRAError.twice(
                        module: path, keys: (other.keys.prefix(1) + layer.keys.prefix(1)).sorted(), file: item.lora.path)
                }
                let own = PlacedLayer(item: index, layer: layer, scale: item.scale(for: network), file: item.lora.path)
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

/// Counts of keys that match modules of a network, for each file.
public struct LoRAReport: Sendable, Equatable {
    public struct File: Sendable, Equatable {
        public let path: String
        /// Modules of the network that the file changes.
        public let modules: Int
        /// The number of keys that match a module.
        public let placed: Int
        /// Keys for this network that match no module.
        public let unplaced: [String]
    }

    public let network: AdaptedNetwork
    /// The files, in the order of the set.
    public let files: [File]
}

extension LoRAReport: CustomStringConvertible {
    public var description: String {
        files.map { file in
            let all = file.placed + file.unplaced.count
            return "\(file.path): \(file.placed) of \(all) keys for the \(network) in \(file.modules) modules"
        }.joined(separator: "\n")
    }
}
