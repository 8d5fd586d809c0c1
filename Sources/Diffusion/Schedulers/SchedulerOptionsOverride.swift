import TensorStore

/// Options that override those in a model's file; nil keeps the file's value, or the class's default.
public struct SchedulerOptionsOverride: Sendable, Equatable {
    public var timestepSpacing: TimestepSpacing?
    /// The rules that space σ. One that is switched on switches the others off.
    public var useKarrasSigmas: Bool?
    public var useExponentialSigmas: Bool?
    public var useBetaSigmas: Bool?
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

    /// The options by their names in the file.
    var options: [String: JSONValue] {
        var options: [String: JSONValue] = [:]
        options["timestep_spacing"] = timestepSpacing.map { .string($0.rawValue) }
        let rules = [
            ("use_karras_sigmas", useKarrasSigmas), ("use_exponential_sigmas", useExponentialSigmas),
            ("use_beta_sigmas", useBetaSigmas),
        ]
        let isOneOn = rules.contains { $0.1 == true }
        for (key, value) in rules { options[key] = (value ?? (isOneOn ? false : nil)).map { .bool($0) } }
        options["prediction_type"] = predictionType.map { .string($0.rawValue) }
        options["rescale_betas_zero_snr"] = rescaleBetasZeroSNR.map { .bool($0) }
        return options
    }
}

/// A rule that spaces σ, by a name for command lines.
public enum SigmaSpacing: String, Sendable, CaseIterable {
    /// σ follow the timesteps.
    case plain
    case karras, exponential, beta
}

extension SchedulerOptionsOverride {
    /// The rule that spaces σ; nil where none is set.
    public var sigmaSpacing: SigmaSpacing? {
        get {
            if useKarrasSigmas == true { return .karras }
            if useExponentialSigmas == true { return .exponential }
            if useBetaSigmas == true { return .beta }
            return useKarrasSigmas == false && useExponentialSigmas == false && useBetaSigmas == false ? .plain : nil
        }
        set {
            useKarrasSigmas = newValue.map { $0 == .karras }
            useExponentialSigmas = newValue.map { $0 == .exponential }
            useBetaSigmas = newValue.map { $0 == .beta }
        }
    }
}
