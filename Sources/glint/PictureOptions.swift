import ArgumentParser
import Diffusion
import Foundation
import Imaging

/// What is drawn. Options that are not given come from the picture of `--from`, or are the defaults.
struct PictureOptions: ParsableArguments {
    @Option(help: "A model's folder, in diffusers' layout. (default: the repository's emoji-lcm)") var model: String?
    @Option(help: "Steps; 1 to 8 are usual. (default: 4)") var steps: Int?
    @Option(help: "How closely to follow the text. (default: 8)") var guidanceScale: Double?
    @Option(help: "Width in pixels, a multiple of 8. (default: the model's)") var width: Int?
    @Option(help: "Height in pixels, a multiple of 8. (default: the model's)") var height: Int?
    @Option(help: "Seed of the first picture; the next ones have the next seeds. (default: random)") var seed: UInt64?
    @Option(
        help: "torch, numpy, or a .npy file: [B,C,h,w] latents, or [k,B,C,h,w] latents and each step's noise. (default: torch)")
    var noise: String?
    @Option(help: "Draw so many first and last steps with the UNet in floating point, the others with the quantized one.")
    var mixedPrecisionSteps: Int?
    @Option(help: "The UNet of each step: f for floating point, i for the model's quantized one, as f,i,i,f.")
    var precisionSchedule: String?
    @Option(help: "The model in floating point for such steps. (default: the one that the model was quantized from)")
    var floatModel: String?
    @Option(help: "How many pictures.") var count = 1
    @Option(help: "Redraw a picture that glint drew; other options given here replace its own.") var from: String?

    func validate() throws {
        if mixedPrecisionSteps != nil, precisionSchedule != nil {
            throw ValidationError("Give either --mixed-precision-steps or --precision-schedule.")
        }
        if let precisionSchedule { _ = try PrecisionSchedule(argument: precisionSchedule) }
        if count < 1 { throw ValidationError("--count must be 1 or more; it is \(count).") }
    }

    func recipe(prompt: String?) throws -> Recipe {
        var recipe = try from.map { try Recipe(pictureAt: $0) } ?? Recipe()
        if let prompt { recipe.prompt = prompt }
        if let model { recipe.model = model }
        if let steps { recipe.steps = steps }
        if let guidanceScale { recipe.guidanceScale = guidanceScale }
        if let width { recipe.width = width }
        if let height { recipe.height = height }
        if let noise { recipe.noise = noise }
        if let seed { recipe.seed = seed }
        if let mixedPrecisionSteps { recipe.precision = "\(mixedPrecisionSteps)" }
        if let precisionSchedule { recipe.precision = precisionSchedule }
        if let floatModel { recipe.floatModel = floatModel }
        guard !recipe.prompt.isEmpty else {
            throw ValidationError("Say what to draw: glint generate \"a pink unicorn on a blue background\"")
        }
        return recipe
    }
}
