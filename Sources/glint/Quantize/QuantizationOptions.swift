public import ArgumentParser
import Diffusion
import Foundation
public import Quantization
public import Workflows

/// The prompts and steps of calibration.
struct CalibrationOptions: ParsableArguments {
    @Option(help: "A file with a prompt a line. (default: a list of its own)") var calibrationPrompts: String?
    @Option(help: "How many prompts are drawn, each in all steps.") var subsetSize = 32
    @Option(help: "Steps that the model will be run in; each is calibrated. (default: by the model, as glint generate)")
    var steps: Int?
    @Option(help: "How closely to follow the text. (default: likewise)") var guidanceScale: Double?
    @Option(help: "Width in pixels, a multiple of 8. (default: the model's)") var width: Int?
    @Option(help: "Height in pixels, a multiple of 8. (default: the model's)") var height: Int?
    @Option(help: "Seed of the first prompt; the next ones have the next seeds.") var seed: UInt64 = 0

    func validate() throws {
        if subsetSize < 1 { throw ValidationError("--subset-size must be 1 or more; it is \(subsetSize).") }
    }

    /// The requested number of prompts, spread evenly over a longer file; all prompts of a shorter one.
    func prompts() throws -> [String] {
        let all = try calibrationPrompts.map { try PromptFile.read($0) } ?? CalibrationPrompts.standard
        let count = min(subsetSize, all.count)
        return (0..<count).map { all[$0 * all.count / count] }
    }

    /// - Throws: as `ResolvedRequest.init`.
    func run(_ prompts: [String], _ model: LatentDiffusionModel) throws -> CalibrationRun {
        let request = GenerationRequest(
            prompts: prompts, width: width, height: height, numInferenceSteps: steps, guidanceScale: guidanceScale)
        let resolved = try ResolvedRequest(request, model)
        return CalibrationRun(
            prompts: prompts, numInferenceSteps: resolved.numInferenceSteps, guidanceScale: resolved.guidanceScale,
            width: width, height: height, firstSeed: seed)
    }
}

/// The networks to quantize, and the method.
struct QuantizationOptions: ParsableArguments {
    @Option(
        help: "Which networks: unet, text-encoder, vae. Repeatable. (default: unet; with --weights-only the text encoder too)")
    var network: [ModelQuantizationOptions.Network] = []
    @Option(help: "Only store weights in few bits, and compute in floating point: int8, int8-sym, int4, int4-sym or nf4.")
    var weightsOnly: WeightForm?
    @Option(help: "Input channels that share a scale in 4 bits.") var groupSize = 64
    @Option(help: "The share of weights that get 4 bits, from 0 to 1; those that 8 bits serve worst come first.") var ratio = 1.0
    @Option(help: "Keep layers in floating point: the name of an operation, re:PATTERN, or type:TYPE. Repeatable.")
    var ignore: [String] = []
    @Flag(help: "Quantize the first and the last layer too.") var quantizeEnds = false
    @Flag(help: "Quantize the layers of the time embedding too.") var quantizeTimeEmbedding = false
    @Option(help: "mixed: asymmetric activations; performance: symmetric ones.") var preset = QuantizationPreset.mixed
    @Option(help: "How ranges are found: min-max, mean-min-max, mse (least squared error), or a quantile such as 0.9999.")
    var ranges = RangeEstimator.minMax
    @Flag(inversion: .prefixedNo, help: "Compute the scores of attention in INT8 too.") var scores = true
    @Option(help: "Move spread between channels into weights (SmoothQuant): a number such as 0.5, search, or off.")
    var smoothQuant = Smoothing(alpha: .searched)
    @Option(help: "Give the channels that convolutions read ranges of their own: a number such as 0.75, or off.")
    var channelScaling = Scaling(alpha: 0.75)
    @Flag(inversion: .prefixedNo, help: "Round weights of convolutions so that their kernels' sums stay the same.")
    var kernelSums = true
    @Flag(help: "Correct the biases for the change of the means by rounding the weights.") var biasCorrection = false
    @Option(help: "Measure the error of each layer, and keep so many in floating point, the largest errors first.") var keepWorst:
        Int?
    @Option(help: "The same, as many as are needed for this relative error of the latents, such as 0.02.") var maxError: Double?
    @Option(help: "Prompts that layers are measured on.") var sensitivityPrompts = 2
    @Flag(help: "Store weights in 7 bits, for processors without VNNI: see glint info.") var overflowFix = false

    func validate() throws {
        if network.contains(.textEncoder), weightsOnly == nil {
            throw ValidationError(
                "The text encoder takes a hundredth of a picture's time: make it smaller with --weights-only int8.")
        }
        if keepWorst != nil || maxError != nil {
            if keepWorst != nil, maxError != nil { throw ValidationError("Give either --keep-worst or --max-error.") }
            if weightsOnly != nil {
                throw ValidationError("--keep-worst and --max-error are for INT8 computing, not --weights-only.")
            }
            if let keepWorst, keepWorst < 1 { throw ValidationError("--keep-worst must be 1 or more; it is \(keepWorst).") }
            if let maxError, !(maxError > 0) { throw ValidationError("--max-error must be more than 0; it is \(maxError).") }
            if sensitivityPrompts < 1 {
                throw ValidationError("--sensitivity-prompts must be 1 or more; it is \(sensitivityPrompts).")
            }
        }
        if groupSize < 1 { throw ValidationError("--group-size must be 1 or more; it is \(groupSize).") }
        if !(0...1).contains(ratio) { throw ValidationError("--ratio must be from 0 to 1; it is \(ratio).") }
    }

    /// The options for the library.
    var options: ModelQuantizationOptions {
        var options = ModelQuantizationOptions(
            !network.isEmpty ? Set(network) : weightsOnly == nil ? [.unet] : [.unet, .textEncoder])
        options.weightCompression = weightsOnly.map { form in
            var weights = WeightCompressionOptions(mode: form.mode, groupSize: groupSize)
            // The widths of Stable Diffusion's levels are no multiples of 128.
            weights.groupFallback = .adjust
            weights.ratio = ratio
            weights.ignored = ignored
            return weights
        }
        (options.preset, options.ranges, options.scores) = (preset, ranges, scores)
        (options.smoothQuant, options.channelScaling) = (smoothQuant.alpha, channelScaling.alpha)
        (options.keepsKernelSums, options.biasCorrection, options.halfRangeWeights) = (kernelSums, biasCorrection, overflowFix)
        (options.quantizesEnds, options.quantizesTimeEmbedding, options.ignored) = (quantizeEnds, quantizeTimeEmbedding, ignored)
        options.accuracyGoal = keepWorst.map { .keepWorst($0) } ?? maxError.map { .maxError($0) }
        options.sensitivityPrompts = sensitivityPrompts
        return options
    }

    private var ignored: IgnoredScope {
        var scope = IgnoredScope()
        for rule in ignore {
            if rule.hasPrefix("re:") {
                scope.patterns.append(String(rule.dropFirst(3)))
            } else if rule.hasPrefix("type:") {
                scope.types.append(String(rule.dropFirst(5)))
            } else {
                scope.names.append(rule)
            }
        }
        return scope
    }
}

/// The argument for channel scaling's alpha.
struct Scaling: ExpressibleByArgument {
    /// nil for none.
    let alpha: Double?

    init(alpha: Double?) { self.alpha = alpha }

    init?(argument: String) {
        if argument == "off" {
            alpha = nil
        } else {
            guard let number = Double(argument), (0...1).contains(number) else { return nil }
            alpha = number
        }
    }

    var defaultValueDescription: String { alpha.map { "\($0)" } ?? "off" }
}

/// The argument for SmoothQuant's alpha.
struct Smoothing: ExpressibleByArgument {
    /// nil for no smoothing.
    let alpha: SmoothQuant.Alpha?

    init(alpha: SmoothQuant.Alpha?) { self.alpha = alpha }

    init?(argument: String) {
        switch argument {
        case "off": alpha = nil
        case "search": alpha = .searched
        default:
            guard let number = Double(argument), (0...1).contains(number) else { return nil }
            alpha = .global(number)
        }
    }

    var defaultValueDescription: String {
        switch alpha {
        case nil: "off"
        case .searched?: "search"
        case .global(let alpha)?: "\(alpha)"
        }
    }
}

extension ModelQuantizationOptions.Network: ExpressibleByArgument {}

/// Weight formats, by their names on the command line.
enum WeightForm: String, ExpressibleByArgument, CaseIterable {
    case int8
    case int8Symmetric = "int8-sym"
    case int4
    case int4Symmetric = "int4-sym"
    case nf4

    var mode: WeightMode {
        switch self {
        case .int8: .int8Asymmetric
        case .int8Symmetric: .int8Symmetric
        case .int4: .int4Asymmetric
        case .int4Symmetric: .int4Symmetric
        case .nf4: .nf4
        }
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
            // The share that is kept, in the usual notation of a quantile.
            guard let kept = Double(argument), kept > 0.5, kept < 1 else { return nil }
            self = .quantile(1 - kept)
        }
    }

    public var defaultValueDescription: String { self == .minMax ? "min-max" : "\(self)" }
}
