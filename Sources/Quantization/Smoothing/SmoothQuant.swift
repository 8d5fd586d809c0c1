import CNumerics
import Foundation
public import ModelGraph
import TensorStore

/// Moves the spread between channels from activations, which have one scale, into weights, which have one scale per output
/// channel: x·w = (x / s)·(s·w), with one s per input channel (SmoothQuant, Xiao et al. 2023). Applies to matrix products with
/// constant weights.
///
/// Products that read one value share s. The division is folded into the operation that computes the value if nothing else reads
/// that value. Otherwise a Multiply is added.
public struct SmoothQuant: Sendable {
    public enum Alpha: Sendable, Hashable {
        /// s = max|x|^α / max|w|^(1−α) by the rule of NNCF 3.4, whose default α is 0.95: s is clamped to the range from its 0.1
        /// quantile to 100. If several products share s, it comes from the product with the largest ratio of smallest to largest
        /// s.
        case global(Double)
        /// Chooses for each group an α of 0, 0.1 … 0.9, 0.95, or no smoothing, by the least expected squared error of the
        /// outputs: Δx²/12 · Σ s²w² + Σ over output channels of Δw²/12 · Σ E[x²]/s². Δx and Δw are the steps between levels of
        /// x/s and of each output channel of s·w. Requires mean squares in the statistics.
        case searched
    }

    /// Products that read the same value.
    public struct Group: Sendable {
        public let operations: [String]
        /// Divisors of the value's channels, and factors of the weights' input channels.
        public let factors: [Float]
        public let alpha: Double
        /// Whether the division was folded into other operations.
        public let isFolded: Bool
    }

    public struct Result: Sendable {
        /// The graph with divided values. Its weights are not multiplied yet.
        public let graph: Graph
        /// The value of `WeightCompressionOptions.factors` with which the graph computes the same as before.
        public let weights: [String: WeightFactors]
        public let groups: [Group]

        /// Divisors of an operation's input channels, by operation name.
        public var factors: [String: [Float]] {
            var factors: [String: [Float]] = [:]
            for group in groups { for operation in group.operations { factors[operation] = group.factors } }
            return factors
        }
    }

    public let alpha: Alpha
    /// The preset of activation ranges, for the search.
    public let preset: QuantizationPreset

    public init(_ alpha: Alpha, preset: QuantizationPreset = .mixed) {
        self.alpha = alpha
        self.preset = preset
    }

    /// - Parameters:
    ///   - statistics: channel statistics of this graph, with extremes.
    ///   - isSmoothed: whether the product of this name takes part.
    ///   - isChangeable: whether the output channels of the operation of this name may be divided.
    ///   - addsOperations: whether a Multiply is added if the division can't be folded. Otherwise such products are not smoothed.
    /// - Throws: `CalibrationError` for missing statistics; `QuantizationError`; `GraphError`.
    public func apply(
        to graph: Graph, _ statistics: ChannelStatistics, operations isSmoothed: (String) -> Bool = { _ in true },
        changing isChangeable: (String) -> Bool = { _ in true }, addsOperations: Bool = true
    ) throws -> Result {
        guard statistics.runs > 0 || statistics.sites.isEmpty else { throw CalibrationError.noRuns }
        let sites = WeightSites(graph, embeddings: false, ignored: []).sites
        var weights: [String: SmoothedProduct] = [:]
        for site in sites where site.users.count == 1 && site.layout.shape.rank == 2 {
            let node = graph.nodes[site.users[0]]
            guard node.type == "MatMul", site.ends.contains(node.inputs[1]), isSmoothed(node.name) else { continue }
            weights[node.name] = SmoothedProduct(index: site.users[0], site: site)
        }
        var folding = ScaleFolding(graph, sites.filter { $0.users.allSatisfy { isChangeable(graph.nodes[$0].name) } })
        var factors: [Int: WeightFactors] = [:]
        var added: [Graph.Use: Int] = [:]
        var groups: [Group] = []
        for (index, site) in statistics.sites.enumerated() {
            let products = site.operations.compactMap { weights[$0] }
            guard !products.isEmpty else { continue }
            guard let found = try smoothing(products, statistics.channels[index], graph) else { continue }
            let uses = products.map { Graph.Use(node: $0.index, port: 0) }
            let isFolded = folding.multiply(site.value, [site.axis], by: found.factors.map { 1 / $0 }, for: Set(uses))
            guard isFolded || addsOperations else { continue }
            if !isFolded { for use in uses { added[use] = groups.count } }
            for product in products { factors[product.site.constant] = WeightFactors(input: found.factors) }
            groups.append(
                Group(
                    operations: products.map { graph.nodes[$0.index].name }, factors: found.factors, alpha: found.alpha,
                    isFolded: isFolded))
        }
        for (constant, values) in folding.outputs { factors[constant, default: WeightFactors()].output = values }
        var outputs: [String: [Float]] = [:]
        for site in sites { for user in site.users { outputs[graph.nodes[user].name] = folding.outputs[site.constant] } }
        return Result(
            graph: try rewrite(graph, folding, added, groups).annotating(groups, outputs: outputs),
            weights: Dictionary(uniqueKeysWithValues: factors.map { (graph.nodes[$0.key].name, $0.value) }), groups: groups)
    }

    private func rewrite(
        _ graph: Graph, _ folding: ScaleFolding, _ added: [Graph.Use: Int], _ groups: [Group]
    ) throws(GraphError) -> Graph {
        var products: [Int: Value] = [:]
        var numbers: [String: Int] = [:]
        return try graph.rewritten { (copy, use, value) throws(GraphError) in
            if let constant = folding.constants[use] {
                let name = "\(copy.nodes[value.node].name)/smoothed"
                return copy.constant(constant.elements, shape: constant.shape, name: name)
            }
            guard let group = added[use] else { return value }
            if let known = products[group] { return known }
            let source = "\(copy.nodes[value.node].name)_\(value.port)"
            let name = "\(source)_\(numbers[source, default: 0])/nncf_smooth_quant"
            numbers[source, default: 0] += 1
            // Channels on the last axis, or the last but one where the product takes its input transposed.
            let isLast = !graph.nodes[use.node].flag("transpose_a")
            let inverse = groups[group].factors.map { 1 / $0 }
            let scale = copy.constant(inverse, shape: isLast ? [inverse.count] : [inverse.count, 1], name: "\(name)/scale")
            let product = try copy.multiply(value, scale, name: name)
            products[group] = product
            return product
        }
    }
}

/// A matrix product whose input channels are divided.
struct SmoothedProduct {
    /// Index in the graph.
    let index: Int
    let site: WeightSite
}

extension Graph {
    /// The graph with annotations (`ChannelSmoothing`) of folded factors at operations whose weights were multiplied.
    /// - Parameter outputs: factors of output channels, by the operation's name.
    fileprivate func annotating(_ groups: [SmoothQuant.Group], outputs: [String: [Float]]) -> Graph {
        var annotations: [String: ChannelSmoothing] = outputs.mapValues { ChannelSmoothing(outputs: $0) }
        for group in groups where group.isFolded {
            for operation in group.operations { annotations[operation, default: ChannelSmoothing()].inputs = group.factors }
        }
        var annotated = self
        for (index, node) in nodes.enumerated() where ["MatMul", "Convolution"].contains(node.type) {
            if let smoothing = annotations[node.name] { annotated.annotate(index, smoothing: smoothing) }
        }
        return annotated
    }
}

extension SmoothQuant {
    /// Factors for the channels that the products read; nil if no smoothing is best.
    func smoothing(
        _ products: [SmoothedProduct], _ channels: ChannelStatistics.Channels, _ graph: Graph
    ) throws -> (factors: [Float], alpha: Double)? {
        let name = graph.nodes[products[0].index].name
        let count = products[0].site.layout.inputChannels
        guard channels.extremes.count == count else { throw CalibrationError.noChannels(operation: name) }
        let columns = try products.map { try $0.columns(graph) }
        let magnitudes = channels.magnitudes
        switch alpha {
        case .global(let alpha):
            var best: (factors: [Float], ratio: Float)?
            for column in columns {
                let factors = Self.factors(magnitudes, column.map(\.magnitude), alpha)
                let ratio = (factors.min() ?? 0) / ((factors.max() ?? 0) + .ulpOfOne)
                if ratio > best?.ratio ?? 0 { best = (factors, ratio) }
            }
            return best.map { ($0.factors, alpha) }
        case .searched:
            guard channels.meanSquares.count == count else { throw CalibrationError.noChannels(operation: name) }
            let weights = (0..<count).map { channel in columns.reduce(0) { max($0, $1[channel].magnitude) } }
            let squares = (0..<count).map { channel in columns.reduce(0) { $0 + $1[channel].squares } }
            func error(_ factors: [Float]) throws -> Double {
                let step = Double(stepBetweenLevels(channels.extremes, factors))
                let byActivations = zip(squares, factors).reduce(0) { $0 + $1.0 * Double($1.1) * Double($1.1) } * step * step
                let inputs = zip(channels.meanSquares, factors).reduce(0) { $0 + $1.0 / (Double($1.1) * Double($1.1)) }
                return try products.reduce(byActivations) { try $0 + $1.squaredSteps(factors, graph) * inputs }
            }
            var best = try (factors: [Float]?.none, alpha: 0.0, error: error([Float](repeating: 1, count: count)))
            for alpha in [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95] {
                let factors = Self.factors(magnitudes, weights, alpha)
                let error = try error(factors)
                if error < best.error { best = (factors, alpha, error) }
            }
            return best.factors.map { ($0, best.alpha) }
        }
    }

    /// The factors by NNCF's rule.
    static func factors(_ activations: [Float], _ weights: [Float], _ alpha: Double) -> [Float] {
        let raw = zip(activations, weights).map { (activation: Float, weight: Float) -> Float in
            let numerator = pow(Double(max(activation, 1e-5)), alpha)
            let denominator = pow(Double(max(weight, 1e-5)), 1 - alpha) + Double(Float.ulpOfOne)
            return Float(numerator / denominator)
        }
        let low = quantile(raw, 0.1)
        return raw.map { min(max($0, low), 100) }
    }

    /// A quantile with linear interpolation, as in NumPy.
    private static func quantile(_ values: [Float], _ share: Double) -> Float {
        let sorted = values.sorted()
        guard let last = sorted.indices.last else { return 0 }
        let place = share * Double(last)
        let (below, above) = (sorted[Int(place)], sorted[min(Int(place) + 1, last)])
        return Float(Double(below) + (Double(above) - Double(below)) * (place - place.rounded(.down)))
    }

    /// The step between levels of the divided activation.
    private func stepBetweenLevels(_ extremes: [ActivationStatistics.Extremes], _ factors: [Float]) -> Float {
        let whole = ActivationStatistics.Extremes(extremes, dividedBy: factors)
        let range =
            preset == .performance
            ? ActivationRange.symmetric(minimum: whole.minimum, maximum: whole.maximum)
            : ActivationRange.asymmetric(minimum: whole.minimum, maximum: whole.maximum)
        return (range.high - range.low) / Float(ActivationRange.levels - 1)
    }
}

extension SmoothedProduct {
    struct Column {
        var magnitude: Float = 0
        var squares = 0.0
    }

    /// The largest magnitude and the sum of squares of the weights of each input channel.
    fileprivate func columns(_ graph: Graph) throws(QuantizationError) -> [Column] {
        try site.withRows(graph) { rows in
            let (magnitudes, squares) = rows.columns()
            return zip(magnitudes, squares).map { Column(magnitude: $0, squares: $1) }
        }
    }

    /// The sum of the squared steps of output channels, for weights multiplied by `factors`.
    fileprivate func squaredSteps(_ factors: [Float], _ graph: Graph) throws(QuantizationError) -> Double {
        try site.withRows(graph, WeightFactors(input: factors)) { rows in
            rows.ranges().reduce(0) { sum, range in
                let step = Double(max(range.maximum, -range.minimum)) / 127
                return sum + step * step
            }
        }
    }
}

extension SmoothQuant.Alpha: LosslessStringConvertible {
    /// `search`, or a number from 0 to 1.
    public init?(_ description: String) {
        if description == "search" {
            self = .searched
        } else {
            guard let number = Double(description), (0...1).contains(number) else { return nil }
            self = .global(number)
        }
    }

    public var description: String {
        switch self {
        case .searched: "search"
        case .global(let alpha): "\(alpha)"
        }
    }
}
