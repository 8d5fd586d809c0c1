public import ModelGraph
public import TensorStore

/// Statistics over all runs of the channels that convolutions and matrix products with constant weights sum over: axis 1 of a
/// convolution's input, the last axis of a product's input.
///
/// The graph itself computes them, as for `ActivationStatistics`.
public struct ChannelStatistics: Sendable {
    /// The output that `instrumented` adds: a vector with the values of each kind, one per channel of each site.
    public static let output = "channel_statistics"

    public enum Kind: String, Sendable, CaseIterable {
        /// Minimum and maximum, for SmoothQuant.
        case extremes
        /// Means, for bias correction.
        case means
        /// Means of squares, for the search of SmoothQuant's alpha.
        case squares
    }

    /// A value whose channels operations sum over.
    public struct Site: Sendable, Hashable {
        public let value: Value
        public let axis: Int
        public let channels: Int
        /// The names of the operations.
        public let operations: [String]
    }

    /// The statistics of one site, one element per channel; empty for kinds that were not requested.
    public struct Channels: Sendable {
        public internal(set) var extremes: [ActivationStatistics.Extremes] = []
        public internal(set) var means: [Double] = []
        public internal(set) var meanSquares: [Double] = []

        /// The largest magnitude of each channel.
        public var magnitudes: [Float] { extremes.map { max(abs($0.minimum), abs($0.maximum)) } }
    }

    public let kinds: Set<Kind>
    public let sites: [Site]
    public private(set) var channels: [Channels]
    public private(set) var runs = 0

    /// - Parameter isMeasured: whether the operation of this name is measured.
    public init(_ graph: Graph, _ kinds: Set<Kind>, operations isMeasured: (String) -> Bool = { _ in true }) {
        self.kinds = kinds
        var places: [Place: Int] = [:]
        var sites: [Site] = []
        for site in WeightSites(graph, embeddings: false, ignored: []).sites {
            for user in site.users where isMeasured(graph.nodes[user].name) {
                let node = graph.nodes[user]
                guard let axis = channelAxis(node), site.ends.contains(node.inputs[1]), node.inputs[0].elementType == .f32 else {
                    continue
                }
                let place = Place(value: node.inputs[0], axis: axis)
                guard let known = places[place] else {
                    places[place] = sites.count
                    sites.append(
                        Site(value: place.value, axis: axis, channels: site.layout.inputChannels, operations: [node.name]))
                    continue
                }
                sites[known] = Site(
                    value: place.value, axis: axis, channels: sites[known].channels,
                    operations: sites[known].operations + [node.name])
            }
        }
        self.sites = sites
        channels = sites.map { site in
            Channels(
                extremes: Array(repeating: .init(), count: kinds.contains(.extremes) ? site.channels : 0),
                means: Array(repeating: 0, count: kinds.contains(.means) ? site.channels : 0),
                meanSquares: Array(repeating: 0, count: kinds.contains(.squares) ? site.channels : 0))
        }
    }

    private struct Place: Hashable {
        let value: Value
        let axis: Int
    }

    /// The statistics of an operation's input channels; nil if they were not measured.
    public subscript(operation: String) -> Channels? {
        sites.firstIndex { $0.operations.contains(operation) }.map { channels[$0] }
    }

    /// The graph with an output of its statistics. It may have other outputs than the graph given to `init`, but the same nodes
    /// before them.
    public func instrumented(_ graph: Graph) throws(GraphError) -> Graph {
        var graph = graph
        var parts: [Value] = []
        for (operation, squared) in reductions {
            for site in sites {
                let axes = (0..<(site.value.shape.rank ?? 0)).filter { $0 != site.axis }
                var value = site.value
                let name = graph.nodes[value.node].name
                if squared { value = try graph.multiply(value, value, name: "\(name)/Square") }
                parts.append(try graph.reduce(operation, value, axes: axes, name: "\(name)/Channels/\(operation.rawValue)"))
            }
        }
        guard !parts.isEmpty else { return graph }
        graph.result(try graph.concatenate(parts, axis: 0, name: Self.output), name: Self.output)
        return graph
    }

    private var reductions: [(Graph.Reduction, squared: Bool)] {
        var reductions: [(Graph.Reduction, squared: Bool)] = []
        if kinds.contains(.extremes) { reductions += [(.minimum, false), (.maximum, false)] }
        if kinds.contains(.means) { reductions.append((.mean, false)) }
        if kinds.contains(.squares) { reductions.append((.mean, true)) }
        return reductions
    }

    /// Records the output of one run.
    /// - Throws: `CalibrationError.statistics` if the output does not fit these sites or has a value that is not finite.
    public mutating func record(_ output: Tensor) throws(CalibrationError) {
        let count = sites.reduce(0) { $0 + $1.channels }
        let values = try finiteValues(output, count: count * reductions.count)
        runs += 1
        var (first, kind) = (0, 0)
        func number(_ channel: Int, _ offset: Int) -> Float { values[(kind + offset) * count + first + channel] }
        for (index, site) in sites.enumerated() {
            kind = 0
            for channel in 0..<site.channels where kinds.contains(.extremes) {
                channels[index].extremes[channel].record(number(channel, 0), number(channel, 1), run: runs)
            }
            kind += kinds.contains(.extremes) ? 2 : 0
            for channel in 0..<site.channels where kinds.contains(.means) {
                channels[index].means[channel] += (Double(number(channel, 0)) - channels[index].means[channel]) / Double(runs)
            }
            kind += kinds.contains(.means) ? 1 : 0
            for channel in 0..<site.channels where kinds.contains(.squares) {
                channels[index].meanSquares[channel] +=
                    (Double(number(channel, 0)) - channels[index].meanSquares[channel]) / Double(runs)
            }
            first += site.channels
        }
    }
}

/// The axis of an operation's first input that it sums over with weights; nil for unknown operations.
private func channelAxis(_ node: Node) -> Int? {
    guard let rank = node.inputs.first?.shape.rank else { return nil }
    switch node.type {
    case "Convolution": return 1
    case "MatMul" where rank >= 2: return node.flag("transpose_a") ? rank - 2 : rank - 1
    default: return nil
    }
}
