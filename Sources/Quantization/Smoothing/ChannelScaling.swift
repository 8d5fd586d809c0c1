import CNumerics
import Foundation
public import ModelGraph
import TensorStore

/// Gives each input channel of convolutions, and of products by choice, a range of its own, and the weights the inverse factor, so that products still
/// accumulate in integers: x·w = (x / s)·(s·w), with one s per input channel.
///
/// This is SmoothQuant (Xiao et al. 2023) without an added operation: the rounding itself maps each channel's range, lo·s … hi·s,
/// to the common range lo … hi. s = max|x|^α / max|w|^(1−α), divided by the largest s. Maxima below a thousandth of the largest
/// channel's count as a thousandth.
public struct ChannelScaling: Sendable, Hashable {
    /// A number from 0, which equalizes only the channels of weights, to 1, which equalizes only those of activations.
    public var alpha: Double
    /// Whether matrix products behind an activation function are scaled too. Elsewhere the CPU plugin does not round products'
    /// channels each in its range: it does where it fuses the rounding into the product before.
    public var products: Bool

    public init(alpha: Double = 0.75, products: Bool = false) {
        self.alpha = alpha
        self.products = products
    }

    public struct Result: Sendable, Equatable {
        /// Divisors of an operation's input channels, by operation name. Operations that read the same value have the same
        /// divisors.
        public internal(set) var factors: [String: [Float]] = [:]
        /// The weight constants of these operations, by operation name.
        var constants: [String: String] = [:]

        /// The value of `WeightCompressionOptions.factors` if the inputs of these operations are rounded.
        public func weights(_ operations: Set<String>) -> [String: WeightFactors] {
            var weights: [String: WeightFactors] = [:]
            for (operation, factors) in factors where operations.contains(operation) {
                if let constant = constants[operation] { weights[constant] = WeightFactors(input: factors) }
            }
            return weights
        }
    }

    /// Factors for every rounding of `placement` that is read directly, and only by convolutions, or by products, with weights of
    /// their own.
    /// - Parameters:
    ///   - statistics: channel statistics of the graph, with extremes.
    ///   - smoothed: operations whose inputs are divided already.
    /// - Throws: `CalibrationError` for missing statistics; `QuantizationError`.
    public func factors(
        _ graph: Graph, _ placement: QuantizerPlacement, _ statistics: ChannelStatistics, smoothed: Set<String> = []
    ) throws -> Result {
        guard statistics.runs > 0 || statistics.sites.isEmpty else { throw CalibrationError.noRuns }
        let types: Set<String> = products ? ["Convolution", "MatMul"] : ["Convolution"]
        var sites: [Int: WeightSite] = [:]
        for site in WeightSites(graph, embeddings: false, ignored: []).sites where site.users.count == 1 {
            sites[site.users[0]] = site
        }
        var result = Result()
        for quantizer in placement.quantizers where quantizer.channels == nil {
            let isFused = Self.activations.contains(graph.nodes[quantizer.value.node].type)
            let readers = quantizer.uses.filter { use in
                let node = graph.nodes[use.node]
                return use.port == 0 && types.contains(node.type) && (node.type == "Convolution" || isFused)
                    && !smoothed.contains(node.name)
            }
            let weights = readers.compactMap { sites[$0.node] }
            guard weights.count == quantizer.targets.count, weights.count == quantizer.uses.count,
                Set(readers.map { graph.nodes[$0.node].type }).count == 1
            else { continue }
            let name = quantizer.targets[0].operation
            guard let extremes = statistics[name]?.magnitudes, extremes.count == weights[0].layout.inputChannels else {
                throw CalibrationError.noChannels(operation: name)
            }
            var magnitudes = [Float](repeating: 0, count: extremes.count)
            for site in weights {
                let found = try site.inputMagnitudes(graph)
                for channel in magnitudes.indices { magnitudes[channel] = max(magnitudes[channel], found[channel]) }
            }
            let factors = factors(extremes, magnitudes)
            for (reader, site) in zip(readers, weights) {
                result.factors[graph.nodes[reader.node].name] = factors
                result.constants[graph.nodes[reader.node].name] = graph.nodes[site.constant].name
            }
        }
        return result
    }

    private static let activations: Set<String> = ["Gelu", "Swish", "ReLU"]

    func factors(_ activations: [Float], _ weights: [Float]) -> [Float] {
        func floored(_ values: [Float]) -> [Double] {
            let floor = max((values.max() ?? 0) * 1e-3, 1e-5)
            return values.map { Double(max($0, floor)) }
        }
        let raw = zip(floored(activations), floored(weights)).map { pow($0, alpha) / pow($1, 1 - alpha) }
        let largest = raw.max() ?? 1
        return raw.map { Float($0 / largest) }
    }
}

extension WeightSite {
    /// The largest magnitude of the weights of each input channel.
    fileprivate func inputMagnitudes(_ graph: Graph) throws(QuantizationError) -> [Float] {
        try withRows(graph) { rows in
            let places = layout.depth / layout.inputChannels
            let magnitudes = rows.columns().magnitudes
            return (0..<layout.inputChannels).map { magnitudes[$0 * places..<($0 + 1) * places].max() ?? 0 }
        }
    }
}
