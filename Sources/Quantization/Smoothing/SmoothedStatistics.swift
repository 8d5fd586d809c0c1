extension ActivationStatistics.Extremes {
    /// Of a whole activation, from those of its channels, each divided by its factor.
    ///
    /// Minimum and maximum are exact. Means are at least those of any one channel; how far the mean of the runs' extremes lies
    /// within is then taken from what it was before.
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
    /// The statistics as they would be after smoothing, without another calibration.
    ///
    /// - Parameters:
    ///   - placement: of the smoothed graph, with the operations that this placement has.
    ///   - channels: by which the graph was smoothed.
    /// - Throws: `CalibrationError.noChannels` for an operation that nothing was measured for.
    public func smoothed(
        _ smoothing: SmoothQuant.Result, _ placement: QuantizerPlacement, _ channels: ChannelStatistics
    ) throws(CalibrationError) -> ActivationStatistics {
        try divided(by: smoothing.factors, placement, channels)
    }

    /// The statistics of another placement, with the channels of what some operations read divided.
    ///
    /// - Parameters:
    ///   - factors: by the operation's name.
    ///   - channels: with extremes of what these operations read.
    /// - Throws: `CalibrationError.noChannels` for an operation that nothing was measured for.
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
