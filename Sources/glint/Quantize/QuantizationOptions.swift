public import ArgumentParser
import Diffusion
import Foundation
public import Quantization
public import Workflows

/// The prompts and steps of calibration.
struct CalibrationOptions: ParsableArguments {
    @Option(help: "A file with a prompt on each line. (default: a built-in list)") var calibrationPrompts: String?
    @Option(help: "The number of prompts that are drawn, each in all steps.") var subsetSize = 32
    @Option(help: "The number of steps that pictures will have; each is calibrated. (default: by the model, as glint generate)")
    var steps: Int?
    @Option(help: "How closely pictures follow the text. (default: likewise)") var guidanceScale: Double?
    @Option(help: "The scheduler that pictures will have, as for glint generate. (default: the model's)") var scheduler: String?
    @Option(help: "Width in pixels, a multiple of 8. (default: the model's)") var width: Int?
    @Option(help: "Height in pixels, a multiple of 8. (default: the model's)") var height: Int?
    @Option(parsing: .unconditional, help: "Seed of the first prompt; the next ones have the next seeds; -1: random.")
    var seed = SeedOption(0)

    func validate() throws {
        if subsetSize < 1 { throw ValidationError("--subset-size must be 1 or more; it is \(subsetSize).") }
    }

    /// An option that was given.
    var given: String? {
        let options: [(String, Bool)] = [
            ("--calibration-prompts", calibrationPrompts != nil), ("--steps", steps != nil),
            ("--guidance-scale", guidanceScale != nil), ("--scheduler", scheduler != nil), ("--width", width != nil),
            ("--height", height != nil),
        ]
        return options.first { $0.1 }?.0
    }

    /// - Throws: `PromptFileError`, and `ImageError` for a file that can't be read.
    func request() throws -> GenerationRequest {
        let all = try calibrationPrompts.map { try PromptFile.read($0) } ?? CalibrationPrompts.standard
        var request = GenerationRequest(
            prompts: CalibrationPrompts.spread(subsetSize, over: all), width: width, height: height, numInferenceSteps: steps,
            guidanceScale: guidanceScale, seed: seed.value)
        request.scheduler = scheduler.map { .named($0) }
        return request
    }
}

/// The networks to quantize, and the method.
struct QuantizationOptions: ParsableArguments {
    @Option(
        help: "Which networks: unet, text-encoder, vae. Repeatable. (default: unet; with --weights-only the text encoder too)")
    var network: [ModelQuantizationOptions.Network] = []
    @Option(help: "Compress the weights alone, and compute in floating point: int8, int8-sym, int4, int4-sym or nf4.")
    var weightsOnly: WeightForm?
    @Option(help: "4 bits: the number of input channels that share a scale.") var groupSize = 64
    @Option(help: "The share of weights with 4 bits, from 0 to 1; the layers with the smallest 8-bit error keep 8 bits.")
    var ratio = 1.0
    @Option(help: "Keep layers in floating point: the name of an operation, re:PATTERN, or type:TYPE. Repeatable.")
    var ignore: [String] = []
    @Flag(help: "Quantize the first and the last layer too.") var quantizeEnds = false
    @Flag(help: "Quantize the layers of the time embedding too.") var quantizeTimeEmbedding = false
    @Option(help: "mixed: asymmetric activations; performance: symmetric ones.") var preset = QuantizationPreset.mixed
    @Option(help: "The estimator of ranges: min-max, mean-min-max, mse (least squared error), or a quantile such as 0.9999.")
    var ranges = RangeEstimator.minMax
    @Flag(inversion: .prefixedNo, help: "Compute attention scores in INT8 too.") var scores = true
    @Option(
        help: ArgumentHelp(
            "SmoothQuant, which moves differences between channels into the weights: a number such as 0.5, search, or off. (default: search; for speech 0.5)"
        )) var smoothQuant: OrOff<SmoothQuant.Alpha>?
    @Option(
        help: ArgumentHelp(
            "Ranges of their own for the channels that convolutions read: a number such as 0.75, or off. (default: 0.75; for speech 0.5)"
        )) var channelScaling: OrOff<Double>?
    @Flag(inversion: .prefixedNo, help: "Round weights of convolutions so that the sums of their kernels stay the same.")
    var kernelSums = true
    @Flag(help: "Correct biases for the change that rounding the weights makes in the means.") var biasCorrection = false
    @Option(help: "Measure the error of each layer, and keep this number of layers in floating point, the largest errors first.")
    var keepWorst: Int?
    @Option(help: "Likewise, as many layers as it takes to reach this relative error of the latents, such as 0.02.") var maxError:
        Double?
    @Option(help: "The number of prompts for measuring layers.") var sensitivityPrompts = 2
    @Flag(
        inversion: .prefixedNo,
        help: "Store weights in 7 bits, for processors without VNNI. (default: as this processor needs; see glint info)")
    var overflowFix: Bool?

    func validate() throws {
        if network.contains(.textEncoder), weightsOnly == nil {
            throw ValidationError(
                "The text encoder is quantized only with --weights-only: it takes a hundredth of a picture's time.")
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
        if let alpha = channelScaling?.value, !(0...1).contains(alpha) {
            throw ValidationError("--channel-scaling must be from 0 to 1, or off; it is \(alpha).")
        }
        if groupSize < 1 { throw ValidationError("--group-size must be 1 or more; it is \(groupSize).") }
        if !(0...1).contains(ratio) { throw ValidationError("--ratio must be from 0 to 1; it is \(ratio).") }
    }

    /// The options for the library.
    var options: ModelQuantizationOptions {
        var options = ModelQuantizationOptions(
            !network.isEmpty ? Set(network) : weightsOnly == nil ? [.unet] : [.unet, .textEncoder])
        let ignored = IgnoredScope(rules: ignore)
        options.weightCompression = weightsOnly.map { weightOptions($0, ignored) }
        (options.preset, options.ranges, options.scores) = (preset, ranges, scores)
        if let smoothQuant { options.smoothQuant = smoothQuant.value }
        if let channelScaling { options.channelScaling = channelScaling.value }
        (options.keepsKernelSums, options.biasCorrection) = (kernelSums, biasCorrection)
        if let overflowFix { options.halfRangeWeights = overflowFix }
        (options.quantizesEnds, options.quantizesTimeEmbedding, options.ignored) = (quantizeEnds, quantizeTimeEmbedding, ignored)
        options.accuracyGoal = keepWorst.map { .keepWorst($0) } ?? maxError.map { .maxError($0) }
        options.sensitivityPrompts = sensitivityPrompts
        return options
    }
}

extension QuantizationOptions {
    fileprivate func weightOptions(_ form: WeightForm, _ ignored: IgnoredScope) -> WeightCompressionOptions {
        var weights = WeightCompressionOptions(mode: form.mode, groupSize: groupSize)
        // The widths of Stable Diffusion's levels are not multiples of 128.
        weights.groupFallback = .adjust
        weights.ratio = ratio
        weights.ignored = ignored
        return weights
    }

    /// An option that was given and that speech models don't have.
    var givenForPictures: String? {
        let options: [(String, Bool)] = [
            ("--network", !network.isEmpty), ("--keep-worst", keepWorst != nil), ("--max-error", maxError != nil),
            ("--bias-correction", biasCorrection), ("--quantize-ends", quantizeEnds),
            ("--quantize-time-embedding", quantizeTimeEmbedding),
        ]
        return options.first { $0.1 }?.0
    }

    /// The options for a speech model.
    func speechOptions(_ speech: SpeechCalibrationOptions) -> SpeechQuantizationOptions {
        var options = SpeechQuantizationOptions()
        options.decoder = speech.decoder
        if let encoder = speech.encoder { options.encoder = encoder }
        options.ignored = IgnoredScope(rules: ignore)
        if let weightsOnly {
            (options.encoder, options.decoder) = (.weights, .weights)
            options.weights = weightOptions(weightsOnly, options.ignored)
        }
        (options.preset, options.ranges, options.scores) = (preset, ranges, scores)
        if let smoothQuant { options.smoothQuant = smoothQuant.value }
        if let channelScaling { options.channelScaling = channelScaling.value.map { ChannelScaling(alpha: $0, products: true) } }
        if let overflowFix { options.halfRangeWeights = overflowFix }
        return options
    }
}

/// The argument of an option that can be turned off.
struct OrOff<Value: LosslessStringConvertible & Sendable>: ExpressibleByArgument, Sendable {
    /// nil for `off`.
    let value: Value?

    init(_ value: Value?) { self.value = value }

    init?(argument: String) {
        value = Value(argument)
        if value == nil, argument != "off" { return nil }
    }

    var defaultValueDescription: String { value.map { "\($0)" } ?? "off" }
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

extension RangeEstimator: ExpressibleByArgument {}
