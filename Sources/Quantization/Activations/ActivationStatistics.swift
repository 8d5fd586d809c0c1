public import ModelGraph
public import TensorStore

/// The extremes of every activation that is to be rounded, over all runs.
///
/// The graph itself reduces the activations and returns one small tensor per run, so that no activation is kept.
public struct ActivationStatistics: Sendable {
    /// The output that `instrumented` adds: `[2·n]`, the minima and then the maxima, in the placement's order. n is the number of
    /// quantizers; a quantizer with channels counts once per channel.
    public static let output = "activation_statistics"

    /// The extremes of one activation, or of one of its channels.
    public struct Extremes: Sendable, Hashable {
        public var minimum = Float.infinity
        public var maximum = -Float.infinity
        /// Means over runs of each run's extremes. A single outlier affects them less.
        public var meanMinimum = 0.0
        public var meanMaximum = 0.0
        /// The mean over runs of each run's largest magnitude.
        public var meanMagnitude = 0.0

        public init() {}

        /// - Parameter run: the number of the run, from 1.
        mutating func record(_ minimum: Float, _ maximum: Float, run: Int) {
            self.minimum = min(self.minimum, minimum)
            self.maximum = max(self.maximum, maximum)
            meanMinimum += (Double(minimum) - meanMinimum) / Double(run)
            meanMaximum += (Double(maximum) - meanMaximum) / Double(run)
            meanMagnitude += (Double(max(abs(minimum), abs(maximum))) - meanMagnitude) / Double(run)
        }
    }

    /// The measured quantizers.
    public let quantizers: [QuantizerPlacement.Quantizer]
    /// The extremes of each whole activation.
    public internal(set) var extremes: [Extremes]
    /// The extremes of each channel, for quantizers with channels; empty for others.
    public internal(set) var channels: [[Extremes]]
    /// Runs recorded so far.
    public internal(set) var runs = 0

    public init(_ placement: QuantizerPlacement) {
        quantizers = placement.quantizers
        extremes = quantizers.map { _ in Extremes() }
        channels = quantizers.map { Array(repeating: Extremes(), count: $0.channels ?? 0) }
    }

    /// The graph with an output of its statistics.
    public static func instrumented(_ graph: Graph, _ placement: QuantizerPlacement) throws(GraphError) -> Graph {
        var graph = graph
        var parts: [Value] = []
        for operation in [Graph.Reduction.minimum, .maximum] {
            for quantizer in placement.quantizers {
                let name = "\(graph.nodes[quantizer.value.node].name)/\(operation.rawValue)"
                let rank = quantizer.value.shape.rank ?? 0
                let axes = quantizer.channels == nil ? nil : (0..<rank).filter { $0 != 1 }
                let extreme = try graph.reduce(operation, quantizer.value, axes: axes, name: name)
                parts.append(
                    quantizer.channels == nil ? try graph.reshape(extreme, to: [1], name: "\(name)/Reshape") : extreme)
            }
        }
        guard !parts.isEmpty else { return graph }
        graph.result(try graph.concatenate(parts, axis: 0, name: Self.output), name: Self.output)
        return graph
    }

    /// The statistics for another placement, with the same operations or fewer.
    /// - Throws: `CalibrationError.noQuantizer` for an operation whose activations were not measured.
    public func restricted(to placement: QuantizerPlacement) throws(CalibrationError) -> ActivationStatistics {
        let places = try quantizers.places(of: placement)
        var result = ActivationStatistics(placement)
        result.runs = runs
        result.extremes = places.map { extremes[$0] }
        for (index, place) in places.enumerated() where result.quantizers[index].channels == quantizers[place].channels {
            result.channels[index] = channels[place]
        }
        return result
    }

    /// Records the output of one run.
    /// - Throws: `CalibrationError.statistics` if the output does not fit this placement or has a value that is not finite.
    public mutating func record(_ output: Tensor) throws(CalibrationError) {
        let count = quantizers.reduce(0) { $0 + ($1.channels ?? 1) }
        let values = try finiteValues(output, count: 2 * count)
        runs += 1
        var at = 0
        for (index, quantizer) in quantizers.enumerated() {
            let places = at..<at + (quantizer.channels ?? 1)
            for (channel, place) in places.enumerated() where quantizer.channels != nil {
                channels[index][channel].record(values[place], values[count + place], run: runs)
            }
            let low = values[places].min() ?? 0
            let high = values[places.lowerBound + count..<places.upperBound + count].max() ?? 0
            extremes[index].record(low, high, run: runs)
            at = places.upperBound
        }
    }
}

extension [QuantizerPlacement.Quantizer] {
    /// For each quantizer of another placement, the index of the quantizer here whose operations include its operations.
    func places(of placement: QuantizerPlacement) throws(CalibrationError) -> [Int] {
        var places: [Int] = []
        for quantizer in placement.quantizers {
            guard let place = firstIndex(where: { $0.targets.contains(quantizer.targets[0]) }) else {
                throw .noQuantizer(operation: quantizer.targets[0].operation)
            }
            places.append(place)
        }
        return places
    }
}

/// The elements of a run's statistics, all of them finite.
func finiteValues(_ output: Tensor, count: Int) throws(CalibrationError) -> [Float] {
    guard output.shape == [count], let values = try? output.elements(as: Float.self) else {
        throw .statistics("\(output.elementType) \(output.shape) where f32 [\(count)] is needed")
    }
    guard values.allSatisfy(\.isFinite) else { throw .statistics("an activation is infinite or no number") }
    return values
}

extension ActivationStatistics {
    /// The range of each quantizer, in the placement's order.
    ///
    /// Quantizers with channels take the extremes of each channel, whatever the estimator.
    /// - Parameters:
    ///   - histograms: histograms of the same placement, for estimators that need them.
    ///   - divisors: divisors that `divided` left for the rounding, by operation name. These roundings use extremes even with an
    ///     estimator of histograms.
    /// - Throws: `CalibrationError` if nothing was recorded, or if the estimator needs histograms and there are none.
    public func ranges(
        _ preset: QuantizationPreset, _ estimator: RangeEstimator, histograms: ActivationHistograms? = nil,
        dividing divisors: [String: [Float]] = [:]
    ) throws(CalibrationError) -> [ActivationRange] {
        guard runs > 0 || quantizers.isEmpty else { throw .noRuns }
        var counted: [Histogram] = []
        if estimator.needsHistograms {
            guard let histograms, histograms.histograms.count == quantizers.count else { throw .noHistograms }
            guard histograms.runs > 0 || quantizers.isEmpty else { throw .noRuns }
            counted = histograms.histograms
        }
        return quantizers.indices.map { index in
            let isSymmetric = preset == .performance || quantizers[index].isSymmetric
            guard channels[index].isEmpty else {
                return ActivationRange(channels: channels[index].map { $0.range(.minMax, isSymmetric) })
            }
            if let divisors = divisors[quantizers[index].targets[0].operation] {
                let range = extremes[index].range(estimator.needsHistograms ? .minMax : estimator, isSymmetric)
                return ActivationRange(range, dividing: divisors)
            }
            switch estimator {
            case .minMax, .meanMinMax: return extremes[index].range(estimator, isSymmetric)
            case .quantile(let share): return counted[index].range(cutting: share, isSymmetric)
            case .minimumMSE: return counted[index].leastErrorRange(isSymmetric)
            }
        }
    }
}

extension ActivationStatistics.Extremes {
    fileprivate func range(_ estimator: RangeEstimator, _ isSymmetric: Bool) -> ActivationRange {
        if estimator == .meanMinMax {
            return isSymmetric
                ? .symmetric(magnitude: Float(meanMagnitude), isSigned: meanMinimum < 0)
                : .asymmetric(minimum: Float(meanMinimum), maximum: Float(meanMaximum))
        }
        return isSymmetric
            ? .symmetric(minimum: minimum, maximum: maximum) : .asymmetric(minimum: minimum, maximum: maximum)
    }
}

/// Errors of measuring activations.
public enum CalibrationError: Error, Equatable, Sendable {
    /// The statistics of a run are not those that were requested.
    case statistics(String)
    /// No run was recorded.
    case noRuns
    /// The range estimator needs histograms, and there are none.
    case noHistograms
    /// The activations that this operation reads were not measured.
    case noQuantizer(operation: String)
    /// No statistics of this operation's input were collected.
    case noChannels(operation: String)
}

extension CalibrationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .statistics(let reason): "The statistics of a calibration run can't be used: \(reason)."
        case .noRuns: "No calibration run was recorded, and without one there are no ranges."
        case .noHistograms: "Ranges by quantiles or least error need a second pass over the calibration set, which was not made."
        case .noQuantizer(let operation): "The activations that '\(operation)' reads were not measured."
        case .noChannels(let operation): "No statistics of the channels that '\(operation)' reads were collected."
        }
    }
}
