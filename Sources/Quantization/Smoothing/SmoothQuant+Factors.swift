import CNumerics
import Foundation
import ModelGraph
import TensorStore

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
