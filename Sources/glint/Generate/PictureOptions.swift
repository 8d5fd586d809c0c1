public import ArgumentParser
import Diffusion
import Foundation
import Imaging
import Tokenizers

/// The options of pictures. Omitted options come from the picture of `--from`, or are the defaults.
struct PictureOptions: ParsableArguments {
    @Option(help: "A text for what the picture should not show; no effect for LCM, and at a guidance scale of 1 or less.")
    var negativePrompt: String?
    @Option(help: "The number of steps. (default: 4 for LCM and TCD, 1 for Turbo, 2 with --image, 25 for others)") var steps: Int?
    @Option(
        help: """
            How closely the picture follows the text. (default: 8 for LCM, 1 for LCM-LoRA, 0 for TCD and Turbo, 5 for other SDXL models, \
            7.5 for the rest)
            """)
    var guidanceScale: Double?
    @Option(help: "Keeps the contrast at a large guidance scale: 0 to 1.") var guidanceRescale: Double?
    @Option(help: "Width in pixels, a multiple of 8. (default: by --image, or the model's)") var width: Int?
    @Option(help: "Height in pixels, a multiple of 8. (default: likewise)") var height: Int?
    @Option(
        help: ArgumentHelp(
            "The initial picture: PNG, JPEG, WebP, TIFF, GIF or BMP. With one of --width and --height it keeps its ratio.",
            valueName: "file")) var image: String?
    @Option(
        help: ArgumentHelp(
            "A picture: white where --image is drawn anew, black where it is kept, but for what the autoencoder loses.",
            valueName: "file"))
    var mask: String?
    @Option(
        help: "How much of --image changes: above 0, to 1. (default: 0.8; 0.5 for LCM-LoRA, TCD and Turbo, 1 with --mask)")
    var strength: Double?
    @Option(
        parsing: .unconditional,
        help: "Seed of the first picture; the next ones have the next seeds; -1: random. (default: random; with --prompts 0)")
    var seed: SeedOption?
    @Option(
        help: "torch, numpy, or a .npy file: [B,C,h,w] latents, or [k,B,C,h,w] latents and each step's noise. (default: torch)")
    var noise: String?
    @Option(help: "Layers of the text encoder to leave out, as diffusers counts: 1 is A1111's 2.") var clipSkip: Int?
    @Flag(help: "Read the text as diffusers does: brackets and tags are words, and long texts are cut off.") var plainPrompt =
        false
    @Option(help: "The number of first and of last steps with the UNet in floating point; the others use the quantized one.")
    var mixedPrecisionSteps: Int?
    @Option(help: "The UNet of each step, such as f,i,i,f: f for floating point, i for the model's quantized one.")
    var precisionSchedule: String?
    @Flag(help: "Check each picture with the model's safety checker; flagged pictures are blurred.") var safety = false
    @Option(help: "The number of pictures of each text.") var count = 1
    @Option(
        help: ArgumentHelp(
            "Redraw a picture of glint or of AUTOMATIC1111's web UI; options given here replace those of the picture.",
            valueName: "file"))
    var from: String?

    func validate() throws {
        if mixedPrecisionSteps != nil, precisionSchedule != nil {
            throw ValidationError("Give either --mixed-precision-steps or --precision-schedule.")
        }
        if count < 1 { throw ValidationError("--count must be 1 or more; it is \(count).") }
    }

    /// - Throws: `GenerationError` for invalid values, or for more pictures than there can be paths in memory.
    func apply(to request: inout GenerationRequest) throws {
        request.imagesPerPrompt = count
        try GenerationRequest(prompts: ["-"], imagesPerPrompt: count).check()
        if let negativePrompt { request.negativePrompt = negativePrompt }
        if let steps { request.numInferenceSteps = steps }
        if let guidanceScale { request.guidanceScale = guidanceScale }
        if let guidanceRescale { request.guidanceRescale = guidanceRescale }
        if let width { request.width = width }
        if let height { request.height = height }
        if let image { request.image = .file(image) }
        if let mask { request.mask = .file(mask) }
        if let strength { request.strength = strength }
        if let noise { request.noise = try .init(noise) }
        if let seed { request.seed = seed.value }
        if let clipSkip { request.clipSkip = try ClipSkip(clipSkip) }
        if plainPrompt { request.promptMode = .plain }
        if let mixedPrecisionSteps { request.precision = .floatEnds(mixedPrecisionSteps) }
        if let precisionSchedule { request.precision = try PrecisionSchedule(precisionSchedule) }
        if safety { request.checksSafety = true }
    }
}

/// A seed, or -1 or `random` for a random one.
struct SeedOption: ExpressibleByArgument, CustomStringConvertible {
    let value: UInt64
    let isRandom: Bool

    init(_ value: UInt64) { (self.value, isRandom) = (value, false) }

    init?(argument: String) {
        isRandom = GenerationRequest.isRandomSeed(argument)
        guard let value = isRandom ? GenerationRequest.randomSeed() : UInt64(argument) else { return nil }
        self.value = value
    }

    var description: String { "\(value)" }
}
