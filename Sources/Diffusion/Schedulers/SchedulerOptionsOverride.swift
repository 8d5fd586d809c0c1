import TensorStore

/// Options that take the place of those in a model's file; nil leaves the file's, or the class's default.
public struct SchedulerOptionsOverride: Sendable, Equatable {
    public var timestepSpacing: TimestepSpacing?
    public var useKarrasSigmas: Bool?
    public var predictionType: PredictionType?
    public var rescaleBetasZeroSNR: Bool?

    public init(
        timestepSpacing: TimestepSpacing? = nil, useKarrasSigmas: Bool? = nil, predictionType: PredictionType? = nil,
        rescaleBetasZeroSNR: Bool? = nil
    ) {
        self.timestepSpacing = timestepSpacing
        self.useKarrasSigmas = useKarrasSigmas
        self.predictionType = predictionType
        self.rescaleBetasZeroSNR = rescaleBetasZeroSNR
    }

    /// By the names that they have in the file.
    var options: [String: JSONValue] {
        var options: [String: JSONValue] = [:]
        options["timestep_spacing"] = timestepSpacing.map { .string($0.rawValue) }
        options["use_karras_sigmas"] = useKarrasSigmas.map { .bool($0) }
        options["prediction_type"] = predictionType.map { .string($0.rawValue) }
        options["rescale_betas_zero_snr"] = rescaleBetasZeroSNR.map { .bool($0) }
        return options
    }
}
