import Foundation
import TensorStore

/// The spacing rule of the steps' σ, instead of the timesteps of `timestep_spacing`; at most one rule is on.
public struct SigmaOptions: Sendable, Equatable {
    /// Karras et al. 2022, equation 5, with ρ = 7.
    public var useKarrasSigmas = false
    /// Even spacing in log σ.
    public var useExponentialSigmas = false
    /// Spacing by the quantiles of the beta distribution with α = β = 0.6, which has more steps at both ends (Lee et al. 2024, "Beta
    /// Sampling is All You Need").
    public var useBetaSigmas = false
    /// Even spacing in log σ from the first training step's to the last one's, with rounded timesteps (Lu et al. 2022).
    public var useLuLambdas = false
    /// The ends of Karras', exponential and beta spacing; nil for the schedule's own.
    public var sigmaMin: Double?
    public var sigmaMax: Double?

    public init() {}

    /// - Parameter hasLuLambdas: whether the class has `use_lu_lambdas`.
    init(_ reader: SchedulerConfigReader, hasLuLambdas: Bool = false) throws(SchedulerError) {
        useKarrasSigmas = try reader.flag("use_karras_sigmas", default: false)
        useExponentialSigmas = try reader.flag("use_exponential_sigmas", default: false)
        useBetaSigmas = try reader.flag("use_beta_sigmas", default: false)
        if hasLuLambdas { useLuLambdas = try reader.flag("use_lu_lambdas", default: false) }
        sigmaMin = try reader.number("sigma_min")
        sigmaMax = try reader.number("sigma_max")
    }

    /// The names of the options that are on, of which at most one may be.
    private var rules: [String] {
        [
            ("use_karras_sigmas", useKarrasSigmas), ("use_exponential_sigmas", useExponentialSigmas),
            ("use_beta_sigmas", useBetaSigmas),
        ].filter(\.1).map(\.0)
    }

    /// The rule that is on; nil for Lu's.
    var spacing: SigmaSpacing? {
        useKarrasSigmas ? .karras : useExponentialSigmas ? .exponential : useBetaSigmas ? .beta : useLuLambdas ? nil : .plain
    }

    func validate() throws(SchedulerError) {
        let rules = rules
        if rules.count > 1 { try SchedulerError.check(false, rules[1], "false where \(rules[0]) is true", true) }
        for (key, value) in [("sigma_min", sigmaMin), ("sigma_max", sigmaMax)] {
            if let value { try SchedulerError.check(value > 0, key, "more than 0", value) }
        }
    }

    /// Whether solvers whose timesteps are whole numbers round those of the spaced σ; diffusers truncates others.
    var roundsTimesteps: Bool { useKarrasSigmas || useLuLambdas }

    /// - Throws: `SchedulerError.timestepsWithSpacedSigmas` where a rule is on.
    func refuseTimestepsByHand() throws(SchedulerError) {
        if let rule = rules.first ?? (useLuLambdas ? "use_lu_lambdas" : nil) { throw .timestepsWithSpacedSigmas(option: rule) }
    }

    /// σ by the rule that is on, descending; nil where none is on.
    /// - Parameters: the ends of the schedule.
    func sigmas(count: Int, from largest: Double, to smallest: Double) -> [Double]? {
        let (first, last) = (sigmaMax ?? largest, sigmaMin ?? smallest)
        if useKarrasSigmas {
            let (high, low) = (pow(first, 1 / 7), pow(last, 1 / 7))
            return TimestepSpacing.linspace(0, 1, count: count).map { pow(high + $0 * (low - high), 7) }
        }
        if useLuLambdas {
            // The table's logarithms are in single precision.
            let (high, low) = (Double(log(Float(largest))), Double(log(Float(smallest))))
            return TimestepSpacing.linspace(0, 1, count: count).map { exp(high + $0 * (low - high)) }
        }
        if useExponentialSigmas { return TimestepSpacing.linspace(log(first), log(last), count: count).map { exp($0) } }
        guard useBetaSigmas else { return nil }
        return TimestepSpacing.linspace(0, 1, count: count).map { last + BetaDistribution.quantile(1 - $0) * (first - last) }
    }
}

/// The noise level after the last step.
public enum FinalSigmas: String, Sendable, CaseIterable {
    case zero
    /// σ of the first training step.
    case sigmaMin = "sigma_min"
}
