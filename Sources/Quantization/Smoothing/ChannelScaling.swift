import CNumerics
import Foundation
public import ModelGraph
import TensorStore

/// Gives each channel of what convolutions read a range of its own, and the weights a factor for it, so that the products still
/// add up in integers: x·w = (x / s)·(s·w), s for each input channel.
///
/// SmoothQuant's idea (Xiao et al. 2023) without an operation for it: the rounding itself maps each channel's range, lo·s … hi·s,
/// to the one range lo … hi. s = max|x|^α / max|w|^(1−α), relative to the largest, of channels that are at least a thousandth of
/// the largest.
public struct ChannelScaling: Sendable, Hashable {
    /// From 0, which evens out the weights' channels alone, to 1, which evens out the activations'.
    public var alpha: Double

    public init(alpha: Double = 0.75) { self.alpha = alpha }

    public struct Result: Sendable, Equatable {
        /// By which channels of what an operation reads are divided, by the operation's name; the same for all that read one value.
        public internal(set) var factors: [String: [Float]] = [:]
        /// The constants with the weights of these operations.
        var constants: [String: String] = [:]

        /// What `WeightCompressionOptions.factors` must be where these operations' inputs are rounded.
        public func weights(_ operations: Set<String>) -> [String: WeightFactors] {
            var weights: [String: WeightFactors] = [:]
            for (operation, factors) in factors where operations.contains(operation) {
                if let constant = constants[operation] { weights[constant] = WeightFactors(input: factors) }
            }
            return weights
        }
    }

    /// Factors for every rounding of `placement` that only convolutions with weights of their own read, and directly.
    /// - Parameter statistics: of the graph's channels, with extremes.
    /// - Throws: `CalibrationError` where the statistics lack what is needed; `QuantizationError`.
    public func factors(
        _ graph: Graph, _ placement: QuantizerPlacement, _ statistics: ChannelStatistics
    ) throws -> Result {
        guard statistics.runs > 0 || statistics.sites.isEmpty else { throw CalibrationError.noRuns }
        var sites: [Int: WeightSite] = [:]
        for site in WeightSites(graph, embeddings: false, ignored: []).sites where site.users.count == 1 {
            sites[site.users[0]] = site
        }
        var result = Result()
        for quantizer in placement.quantizers where quantizer.channels == nil {
            let readers = quantizer.uses.filter { $0.port == 0 && graph.nodes[$0.node].type == "Convolution" }
            let weights = readers.compactMap { sites[$0.node] }
            guard weights.count == quantizer.targets.count, weights.count == quantizer.uses.count else { continue }
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
