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
