public import ArgumentParser
import Diffusion
import Foundation
public import Quantization

/// What a model is calibrated on.
struct CalibrationOptions: ParsableArguments {
    @Option(help: "A file with a prompt a line. (default: a list of its own)") var calibrationPrompts: String?
    @Option(help: "How many prompts are drawn, each in all steps.") var subsetSize = 32
    @Option(help: "Steps that the model will be run in; each is calibrated.") var steps = 4
    @Option(help: "How closely to follow the text.") var guidanceScale = 8.0
    @Option(help: "Width in pixels, a multiple of 8. (default: the model's)") var width: Int?
    @Option(help: "Height in pixels, a multiple of 8. (default: the model's)") var height: Int?
    @Option(help: "Seed of the first prompt; the next ones have the next seeds.") var seed: UInt64 = 0

    func validate() throws {
        if subsetSize < 1 { throw ValidationError("--subset-size must be 1 or more; it is \(subsetSize).") }
    }

    /// As many prompts as asked for, or all of a shorter file, spread evenly over a longer one.
    func prompts() throws -> [String] {
        let all = try calibrationPrompts.map { try PromptFile.read($0) } ?? CalibrationPrompts.standard
        let count = min(subsetSize, all.count)
        return (0..<count).map { all[$0 * all.count / count] }
    }

    func run(_ prompts: [String]) -> CalibrationRun {
        CalibrationRun(
            prompts: prompts, numInferenceSteps: steps, guidanceScale: guidanceScale, width: width, height: height,
            firstSeed: seed)
    }
}

/// What becomes of which network, and how.
struct QuantizationOptions: ParsableArguments {
    @Option(help: "Keep layers in floating point: the name of an operation, re:PATTERN, or type:TYPE. Repeatable.")
    var ignore: [String] = []
    @Flag(help: "Quantize the first and the last layer too.") var quantizeEnds = false
    @Flag(help: "Quantize the layers of the time embedding too.") var quantizeTimeEmbedding = false
    @Option(help: "mixed: asymmetric activations; performance: symmetric ones.") var preset = QuantizationPreset.mixed
    @Option(help: "What ranges are found from: min-max, mean-min-max, mse (least squared error), or a quantile such as 0.9999.")
    var ranges = RangeEstimator.meanMinMax
    @Flag(inversion: .prefixedNo, help: "Compute the scores of attention in INT8 too.") var scores = true
    @Flag(help: "Store weights in 7 bits, for processors without VNNI: see glint info.") var overflowFix = false

    /// As the passes take them.
    func postTraining(_ rules: QuantizationPlan.Rules) -> PostTrainingQuantization.Options {
        var options = PostTrainingQuantization.Options(self.rules(rules))
        options.preset = preset
        options.estimator = ranges
        options.scores = scores
        options.weights = overflowFix ? .int8HalfRange : .int8Narrow
        return options
    }

    private func rules(_ standard: QuantizationPlan.Rules) -> QuantizationPlan.Rules {
        var rules = standard
        rules.keepsEnds = !quantizeEnds
        rules.keepsTimeEmbedding = !quantizeTimeEmbedding
        for rule in ignore {
            if rule.hasPrefix("re:") {
                rules.ignored.patterns.append(String(rule.dropFirst(3)))
            } else if rule.hasPrefix("type:") {
                rules.ignored.types.append(String(rule.dropFirst(5)))
            } else {
                rules.ignored.names.append(rule)
            }
        }
        return rules
    }
}

extension QuantizationPreset: ExpressibleByArgument {}

extension RangeEstimator: ExpressibleByArgument {
    public init?(argument: String) {
        switch argument {
        case "min-max": self = .minMax
        case "mean-min-max": self = .meanMinMax
        case "mse": self = .minimumMSE
        default:
            // The share that is kept, as a quantile is usually given.
            guard let kept = Double(argument), kept > 0.5, kept < 1 else { return nil }
            self = .quantile(1 - kept)
        }
    }

    public var defaultValueDescription: String { self == .meanMinMax ? "mean-min-max" : "\(self)" }
}
