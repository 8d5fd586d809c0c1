import ArgumentParser
import Diffusion
import Foundation
import Imaging
import Tokenizers

/// The options of pictures. Omitted options come from the picture of `--from`, or are the defaults.
struct PictureOptions: ParsableArguments {
    @Option(help: "What not to draw; without effect for LCM, and at a guidance scale of 1 or less.") var negativePrompt: String?
    @Option(help: "How many steps. (default: 4 for LCM and TCD, 1 for Turbo, 25 for others)") var steps: Int?
    @Option(
        help: """
            How closely to follow the text. (default: 8 for LCM, 1 for LCM-LoRA, 0 for TCD and Turbo, 5 for other SDXL models, \
            7.5 for the rest)
            """)
    var guidanceScale: Double?
    @Option(help: "Keep contrast at strong guidance: 0 to 1.") var guidanceRescale: Double?
    @Option(help: "Width in pixels, a multiple of 8. (default: the picture's to begin with, or the model's)") var width: Int?
    @Option(help: "Height in pixels, a multiple of 8. (default: likewise)") var height: Int?
    @Option(help: ArgumentHelp("A picture to begin with: PNG or JPEG.", valueName: "file")) var image: String?
    @Option(
        help: ArgumentHelp("A picture that is white where --image is drawn anew, and black where it is kept.", valueName: "file"))
    var mask: String?
    @Option(
        help: "How much of --image changes: above 0, to 1. (default: 0.8; 0.5 for LCM-LoRA and TCD, 1 for Turbo and with --mask)")
    var strength: Double?
    @Option(help: "Seed of the first picture; the next ones have the next seeds. (default: random; with --prompts 0)")
    var seed: UInt64?
    @Option(
        help: "torch, numpy, or a .npy file: [B,C,h,w] latents, or [k,B,C,h,w] latents and each step's noise. (default: torch)")
    var noise: String?
    @Option(help: "Layers of the text encoder to leave out, as diffusers counts: 1 is A1111's 2.") var clipSkip: Int?
    @Flag(help: "Read the text as diffusers does: brackets are letters, and what is too long is cut off.") var plainPrompt = false
    @Option(help: "Draw so many first and last steps with the UNet in floating point, the others with the quantized one.")
    var mixedPrecisionSteps: Int?
    @Option(help: "The UNet of each step: f for floating point, i for the model's quantized one, as f,i,i,f.")
    var precisionSchedule: String?
    @Flag(help: "Have the model's safety checker look at each picture; what it finds is blurred.") var safety = false
    @Option(help: "How many pictures of each text.") var count = 1
    @Option(help: ArgumentHelp("Redraw a picture that glint drew; other options given here replace its own.", valueName: "file"))
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
        if let seed { request.seed = seed }
        if let clipSkip { request.clipSkip = try ClipSkip(clipSkip) }
        if plainPrompt { request.promptMode = .plain }
        if let mixedPrecisionSteps { request.precision = .floatEnds(mixedPrecisionSteps) }
        if let precisionSchedule { request.precision = try PrecisionSchedule(precisionSchedule) }
        if safety { request.checksSafety = true }
    }
}
