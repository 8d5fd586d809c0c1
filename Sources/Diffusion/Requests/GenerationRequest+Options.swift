import Foundation
import TensorStore
import Tokenizers

extension GenerationRequest {
    /// The keys of a request in JSON.
    public static let keys = options.map(\.key)

    /// Every option with its name in JSON, its form and its range.
    static let options: [DescribedOption<GenerationRequest>] = [
        .init("prompt", \.onlyPrompt, .text),
        .init("prompts", \.severalPrompts, .texts),
        .init("negative_prompt", \.negativePrompt, .anyText),
        .init("seed", \.seed, .seed, omitting: nil),
        .init("steps", \.numInferenceSteps, .integer(in: 1...1 << 20).checkedLater),
        .init("guidance_scale", \.guidanceScale, .number("a number up to 1e6") { abs($0) <= largestGuidanceScale }),
        .init("guidance_rescale", \.guidanceRescale, .share, omitting: 0),
        .init("width", \.width, .integer(in: 1...GenerationError.longestSide).checkedLater),
        .init("height", \.height, .integer(in: 1...GenerationError.longestSide).checkedLater),
        .init("image", \.image, .image),
        .init("mask", \.mask, .image),
        .init("strength", \.strength, .number("above 0, and 1 at the most") { $0 > 0 && $0 <= 1 }),
        .init("count", \.imagesPerPrompt, .integer(in: 1...mostPictures), omitting: 1),
        .init("scheduler", \.schedulerName, .text),
        .init("timestep_spacing", \.schedulerOptions.timestepSpacing, .choice),
        .init("prediction_type", \.schedulerOptions.predictionType, .choice),
        .init("use_karras_sigmas", \.schedulerOptions.useKarrasSigmas, .flag),
        .init("use_exponential_sigmas", \.schedulerOptions.useExponentialSigmas, .flag),
        .init("use_beta_sigmas", \.schedulerOptions.useBetaSigmas, .flag),
        .init("rescale_betas_zero_snr", \.schedulerOptions.rescaleBetasZeroSNR, .flag),
        .init("timesteps", \.timesteps, .integers),
        .init("original_inference_steps", \.originalInferenceSteps, .integer(in: 1...1 << 20)),
        .init("eta", \.eta, .share.checkedLater),
        .init("clip_skip", \.clipSkip, .clipSkip),
        .init("prompt_mode", \.promptMode, .choice, omitting: .weighted),
        .init("original_size", \.sizeConditioning.originalSize, .size),
        .init("crops_coords_top_left", \.cropOffset, .offset),
        .init("target_size", \.sizeConditioning.targetSize, .size),
        .init("negative_original_size", \.negativeOriginalSize, .size),
        .init("negative_crops_coords_top_left", \.negativeCropOffset, .offset),
        .init("negative_target_size", \.negativeTargetSize, .size),
        .init("noise", \.namedNoise, .noise),
        .init("shared_generator", \.sharesGenerator, .flag, omitting: false),
        .init("precision", \.precision, .precision, omitting: .uniform),
        .init("batch_size", \.batchSize, .positive, omitting: 1),
        .init("preview_interval", \.previewInterval, .positive),
        .init("lora_scales", \.loraScales, .numbers),
        .init("safety", \.checksSafety, .flag, omitting: false),
    ]

    /// A limit on the generators and pictures in memory.
    static let mostPictures = 100_000
    /// Above this scale, single precision leaves no information in the sines of the embedding's angles.
    private static let largestGuidanceScale = 1e6

    /// - Throws: the first `OptionError`.
    public init(from decoder: any Decoder) throws {
        self.init(prompts: [])
        try RequestOptionReader.decode(decoder, Self.options, into: &self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: OptionKey.self)
        try container.encode(Self.options.values(of: self))
    }
}

// MARK: JSON forms of options

extension GenerationRequest {
    /// `prompt` stands for one text, `prompts` for several.
    fileprivate var onlyPrompt: String? {
        get { prompts.count == 1 ? prompts[0] : nil }
        set { prompts = newValue.map { [$0] } ?? [] }
    }

    fileprivate var severalPrompts: [String]? {
        get { prompts.count > 1 ? prompts : nil }
        set { prompts = newValue ?? [] }
    }

    var schedulerName: String? {
        get { if case .named(let name) = scheduler { name } else { nil } }
        set { scheduler = newValue.map { .named($0) } }
    }

    fileprivate var namedNoise: Noise? {
        get { noise }
        set { noise = newValue ?? .torch }
    }

    /// Top and left, in pixels.
    fileprivate var cropOffset: [Int]? {
        get { sizeConditioning.cropOffset }
        set { sizeConditioning.cropOffset = newValue }
    }

    fileprivate var negativeOriginalSize: SizeConditioning.PictureSize? {
        get { negativeSizeConditioning?.originalSize }
        set { negativeSizeConditioning = negativeSizeConditioning.orNew { $0.originalSize = newValue } }
    }

    fileprivate var negativeCropOffset: [Int]? {
        get { negativeSizeConditioning?.cropOffset }
        set { negativeSizeConditioning = negativeSizeConditioning.orNew { $0.cropOffset = newValue } }
    }

    fileprivate var negativeTargetSize: SizeConditioning.PictureSize? {
        get { negativeSizeConditioning?.targetSize }
        set { negativeSizeConditioning = negativeSizeConditioning.orNew { $0.targetSize = newValue } }
    }
}

extension SizeConditioning {
    fileprivate var cropOffset: [Int]? {
        get { (cropTop, cropLeft) == (0, 0) ? nil : [cropTop, cropLeft] }
        set { (cropTop, cropLeft) = (newValue?[0] ?? 0, newValue?[1] ?? 0) }
    }
}

extension SizeConditioning? {
    fileprivate func orNew(_ change: (inout SizeConditioning) -> Void) -> SizeConditioning {
        var sizes = self ?? SizeConditioning()
        change(&sizes)
        return sizes
    }
}

// MARK: Forms

extension OptionForm {
    /// The same range for JSON only; values set in Swift are checked later, with the model or the scheduler at hand.
    fileprivate var checkedLater: OptionForm {
        let (read, allows) = (read, allows)
        return OptionForm(expected: expected, read: { read($0).flatMap { allows($0) ? $0 : nil } }, json: json)
    }
}

extension OptionForm<Int> {
    fileprivate static let positive = OptionForm(
        expected: "1 or more", read: \.int, json: { .integer($0) }, allows: { $0 >= 1 })
}

extension OptionForm<Double> {
    fileprivate static let share = OptionForm.number("a number from 0 to 1") { (0...1).contains($0) }
}

extension OptionForm<ImageSource> {
    fileprivate static let image = OptionForm(
        expected: "the name of a file",
        read: { $0.string.map { .file($0) } },
        json: { if case .file(let path) = $0 { .string(path) } else { nil } },
        allows: { if case .file("") = $0 { false } else { true } })
}

extension OptionForm<ClipSkip> {
    fileprivate static let clipSkip = OptionForm(
        expected: "a whole number from 0 to 1024",
        read: { $0.int.flatMap { $0 <= 1024 ? try? ClipSkip($0) : nil } }, json: { .integer($0.layers) })
}

extension OptionForm<SizeConditioning.PictureSize> {
    /// Height and width, in diffusers' order.
    fileprivate static let size = OptionForm(
        expected: "an array of a height and a width",
        read: { value in
            let numbers = value.array?.compactMap(\.int) ?? []
            return numbers.count == 2 ? .init(width: numbers[1], height: numbers[0]) : nil
        },
        json: { .array([.integer($0.height), .integer($0.width)]) })
}

extension OptionForm<[Int]> {
    fileprivate static let offset = OptionForm(
        expected: "an array of two whole numbers, top and left",
        read: { value in value.array.flatMap { $0.count == 2 ? $0.compactMap(\.int) : nil } },
        json: { .array($0.map { .integer($0) }) }, allows: { $0.count == 2 })
}

extension OptionForm<GenerationRequest.Noise> {
    fileprivate static let noise = OptionForm(
        expected: GenerationRequest.Noise.expected, read: { $0.string.flatMap { try? .init($0) } },
        json: { noise in
            switch noise {
            case .torch: "torch"
            case .numpy: "numpy"
            case .file(let path, _): .string(path)
            case .tensor: nil
            }
        })
}

extension GenerationRequest.Noise {
    fileprivate static let expected = "torch, numpy or a file ending in .npy"

    /// `torch`, `numpy`, or the path of a .npy file.
    /// - Throws: `GenerationError.option`.
    public init(_ text: String) throws(GenerationError) {
        switch text {
        case "torch": self = .torch
        case "numpy": self = .numpy
        case _ where text.hasSuffix(".npy"): self = .file(text)
        default: throw .option("noise", value: "'\(text)'", expected: Self.expected)
        }
    }
}

extension OptionForm<PrecisionSchedule> {
    fileprivate static let precision = OptionForm(
        expected: PrecisionSchedule.expected,
        read: { value in (value.string ?? value.int.map { "\($0)" }).flatMap { try? PrecisionSchedule($0) } },
        json: { $0.text.map { .string($0) } })
}
