extension ActivationStatistics.Extremes {
    /// Extremes of a whole activation, from the extremes of its channels, each divided by its factor.
    ///
    /// Minimum and maximum are exact. Means are estimates: at least those of any single channel, and at least the share of the
    /// extremes that they have in `before`.
    init(_ channels: [Self], dividedBy factors: [Float], before: Self? = nil) {
        self.init()
        (minimum, maximum) = (.infinity, -.infinity)
        (meanMinimum, meanMaximum) = (.infinity, -.infinity)
        for (channel, factor) in zip(channels, factors) {
            minimum = min(minimum, channel.minimum / factor)
            maximum = max(maximum, channel.maximum / factor)
            meanMinimum = min(meanMinimum, channel.meanMinimum / Double(factor))
            meanMaximum = max(meanMaximum, channel.meanMaximum / Double(factor))
            meanMagnitude = max(meanMagnitude, channel.meanMagnitude / Double(factor))
        }
        guard let before else { return }
        func share(_ mean: Double, of whole: Float) -> Double { whole == 0 ? 1 : min(max(mean / Double(whole), 0), 1) }
        let magnitude = max(abs(minimum), abs(maximum))
        meanMinimum = min(meanMinimum, Double(minimum) * share(before.meanMinimum, of: before.minimum))
        meanMaximum = max(meanMaximum, Double(maximum) * share(before.meanMaximum, of: before.maximum))
        meanMagnitude = max(
            meanMagnitude,
            Double(magnitude) * share(before.meanMagnitude, of: max(abs(before.minimum), abs(before.maximum))))
        meanMinimum = max(meanMinimum, Double(minimum))
        meanMaximum = min(meanMaximum, Double(maximum))
        meanMagnitude = min(meanMagnitude, Double(magnitude))
    }
}

extension ActivationStatistics {
    /// Estimates the statistics after smoothing, without another calibration.
    ///
    /// - Parameters:
    ///   - placement: the placement in the smoothed graph, with operations of this placement.
    ///   - channels: the channel statistics that the smoothing was computed from.
    /// - Throws: `CalibrationError.noChannels` for an operation without measurements.
    public func smoothed(
        _ smoothing: SmoothQuant.Result, _ placement: QuantizerPlacement, _ channels: ChannelStatistics
    ) throws(CalibrationError) -> ActivationStatistics {
        try divided(by: smoothing.factors, placement, channels)
    }

    /// The statistics of another placement, with the input channels of some operations divided.
    ///
    /// - Parameters:
    ///   - factors: divisors by operation name.
    ///   - channels: channel statistics with extremes of the inputs of these operations.
    /// - Throws: `CalibrationError.noChannels` for an operation without measurements.
    public func divided(
        by factors: [String: [Float]], _ placement: QuantizerPlacement, _ channels: ChannelStatistics
    ) throws(CalibrationError) -> ActivationStatistics {
        var result = try restricted(to: placement)
        for (index, quantizer) in placement.quantizers.enumerated() {
            let target = quantizer.targets[0]
            guard target.port == 0, let divisors = factors[target.operation] else { continue }
            guard let known = channels[target.operation], known.extremes.count == divisors.count else {
                throw .noChannels(operation: target.operation)
            }
            result.extremes[index] = Extremes(known.extremes, dividedBy: divisors, before: result.extremes[index])
        }
        return result
    }
}
