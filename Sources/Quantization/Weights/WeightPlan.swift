import ModelGraph
import TensorStore

/// The form of each weight tensor of a graph.
struct WeightPlan {
    struct Choice {
        let site: WeightSite
        let quantizer: WeightQuantizer
    }

    private(set) var choices: [Choice] = []
    /// Weights that are not quantized; the graph multiplies them by their channels' factors.
    private(set) var scaled: [WeightSite] = []
    private(set) var skipped: [WeightCompressionReport.Skipped] = []

    /// Assigns modes by NNCF's rules. An 8-bit mode applies to all weights. A 4-bit mode applies to matrix products except the
    /// last one: to the share `ratio` of their weights, in descending order of 8-bit error. All other weights get the backup
    /// mode.
    init(
        _ found: WeightSites, _ options: WeightCompressionOptions, _ loader: inout WeightLoader
    ) throws(QuantizationError) {
        guard (0...1).contains(options.ratio) else { throw .ratio(options.ratio) }
        let graph = found.graph
        var modes: [Int: WeightMode] = [:]
        for index in found.sites.indices { modes[index] = try Self.mode(of: found.sites[index], graph, options.modes) }
        try Self.checkNames(found, options)
        scaled = found.ignored.filter { options.factors[graph.nodes[$0.constant].name] != nil }
        guard options.mode.is4Bit else {
            for (index, site) in found.sites.enumerated() {
                let mode = modes[index] ?? options.mode
                choices.append(
                    Choice(site: site, quantizer: WeightQuantizer(mode: mode, groupSize: mode.is4Bit ? options.groupSize : nil)))
            }
            return
        }
        guard !options.backup.is4Bit else { throw .backup(options.backup) }
        var candidates = found.sites.indices.filter { graph.nodes[found.sites[$0].users[0]].type == "MatMul" }
        if !options.allLayers, found.sites.contains(where: { $0.users[0] == found.lastOperation }), !candidates.isEmpty {
            candidates.removeLast()
        }
        candidates.removeAll { modes[$0] != nil }
        if options.allLayers {
            candidates += found.sites.indices.filter {
                graph.nodes[found.sites[$0].users[0]].type == "Gather" && found.sites[$0].layout.reducedAxes.count == 1
            }
        }
        var groupSizes: [Int: Int?] = [:]
        var kept: Set<Int> = []
        for index in candidates {
            let depth = found.sites[index].layout.depth
            guard let size = options.groupSize, size <= 0 || depth % size != 0, options.groupFallback != .refuse else {
                groupSizes[index] = .some(options.groupSize)
                continue
            }
            let largest = depth & (~depth + 1)
            if options.groupFallback == .keep {
                kept.insert(index)
                if options.factors[graph.nodes[found.sites[index].constant].name] != nil { scaled.append(found.sites[index]) }
                let name = graph.nodes[found.sites[index].users[0]].name
                skipped.append(.init(operation: name, reason: .groupSize(depth: depth)))
            } else if largest >= options.minimumGroupSize {
                groupSizes[index] = .some(largest)
            }
        }
        candidates.removeAll { groupSizes[$0] == nil }
        let chosen = try Self.leastSensitive(candidates, found, options.ratio, &loader)
        for index in found.sites.indices where !kept.contains(index) {
            if let mode = modes[index] {
                choices.append(
                    Choice(
                        site: found.sites[index],
                        quantizer: WeightQuantizer(mode: mode, groupSize: mode.is4Bit ? options.groupSize : nil)))
                continue
            }
            let quantizer =
                chosen.contains(index)
                ? WeightQuantizer(mode: options.mode, groupSize: groupSizes[index] ?? nil)
                : WeightQuantizer(mode: options.backup)
            choices.append(Choice(site: found.sites[index], quantizer: quantizer))
        }
    }

    /// The mode that the options give by name to the operations with these weights.
    private static func mode(
        of site: WeightSite, _ graph: Graph, _ modes: [String: WeightMode]
    ) throws(QuantizationError) -> WeightMode? {
        let given = site.users.compactMap { modes[graph.nodes[$0].name] }
        guard let first = given.first else { return nil }
        if let other = given.first(where: { $0 != first }) {
            throw .modes(tensor: graph.nodes[site.constant].name, first, other)
        }
        return first
    }

    /// Checks that every name in the options matches. Unused factors would change the results of the network.
    private static func checkNames(_ found: WeightSites, _ options: WeightCompressionOptions) throws(QuantizationError) {
        let nodes = found.graph.nodes
        let constants = Set((found.sites + found.ignored).map { nodes[$0.constant].name })
        for name in [options.factors.keys.sorted(), options.inputMeans.keys.sorted()].joined() where !constants.contains(name) {
            throw .unknown(name, near: nearest(to: name, among: Array(constants)))
        }
        let operations = Set((found.sites + found.ignored).flatMap(\.users).map { nodes[$0].name })
        for name in options.modes.keys.sorted() where !operations.contains(name) {
            throw .unknown(name, near: nearest(to: name, among: Array(operations)))
        }
    }

    /// Ranks layers by sensitivity without data. A layer with a small 8-bit error is best kept in 8 bits: a large 8-bit error
    /// comes from outliers, for which 4 bits in groups are no worse (NNCF's `WEIGHT_QUANTIZATION_ERROR`).
    private static func leastSensitive(
        _ candidates: [Int], _ found: WeightSites, _ ratio: Double, _ loader: inout WeightLoader
    ) throws(QuantizationError) -> Set<Int> {
        guard ratio < 1 else { return Set(candidates) }
        var errors: [(index: Int, error: Double)] = []
        for index in candidates {
            let weight = try loader.quantize(found.sites[index], WeightQuantizer(mode: .int8Asymmetric))
            // As in NNCF, the machine epsilon of the stored type is added. It affects the order of layers of different types.
            let type = found.graph.nodes[found.sites[index].constant].outputs[0].elementType
            let step = type == .f16 ? 0x1p-10 : type == .bf16 ? 0x1p-7 : 0x1p-23
            errors.append((index, weight.worstChannelError + step))
        }
        let total = candidates.reduce(0) { $0 + found.sites[$1].layout.elementCount }
        var chosen: Set<Int> = []
        var sum = 0
        // Ties in the order of the graph.
        let order = errors.enumerated().sorted { ($1.element.error, $0.offset) < ($0.element.error, $1.offset) }
        for index in order.map(\.element.index) {
            sum += found.sites[index].layout.elementCount
            guard Double(sum) / Double(total) < ratio else { break }
            chosen.insert(index)
        }
        return chosen
    }
}
