extension ActivationStatistics {
    /// The range of each quantizer, in the placement's order.
    ///
    /// Quantizers with channels take the extremes of each, whatever the estimator.
    /// - Parameter histograms: of the same placement, for estimators that need them.
    /// - Throws: `CalibrationError` where nothing was recorded, or the estimator needs histograms and there are none.
    public func ranges(
        _ preset: QuantizationPreset, _ estimator: RangeEstimator, histograms: ActivationHistograms? = nil
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
