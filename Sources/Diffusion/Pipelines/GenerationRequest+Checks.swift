import Adapters
import Architectures
import Foundation
import ModelLoading

extension GenerationRequest {
    /// What can be told without the model; `generate` checks it too.
    public func check() throws(GenerationError) {
        guard !prompts.isEmpty else { throw .noPrompts }
        if let index = prompts.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) { throw .emptyPrompt(index: index) }
        guard imagesPerPrompt >= 1, imagesPerPrompt <= Self.mostPictures / prompts.count else {
            throw .option(
                "The number of pictures", value: "\(imagesPerPrompt)", expected: "from 1 to \(Self.mostPictures) in all")
        }
        guard batchSize >= 1 else { throw .option("The batch size", value: "\(batchSize)", expected: "1 or more") }
        guard abs(guidanceScale) <= Self.largestGuidanceScale else {
            throw .option(
                "The guidance scale", value: "\(guidanceScale)", expected: "a number up to \(Self.largestGuidanceScale)")
        }
        guard (0...1).contains(guidanceRescale) else {
            throw .option("The guidance rescale", value: "\(guidanceRescale)", expected: "from 0 to 1")
        }
        if let previewInterval, previewInterval < 1 {
            throw .option("The preview interval", value: "\(previewInterval)", expected: "1 or more steps")
        }
        if let strength = initialImage?.strength, !(strength > 0 && strength <= 1) {
            throw .option("The strength", value: "\(strength)", expected: "above 0, and 1 at the most")
        }
    }

    /// What can't be told without the model.
    func check(_ model: LatentDiffusionModel) throws {
        func refusal(_ reason: String) -> GenerationError { .model(file: model.source.url.path, reason: reason) }
        for encoder in model.textEncoders {
            _ = try ClipSkip.output(of: model.family, layerCount: encoder.config.numHiddenLayers, skip: clipSkip)
        }
        if model.takesMaskedLatents, initialImage?.mask == nil {
            throw refusal("its UNet fills in parts of pictures: it needs a picture and a mask")
        }
        if initialImage != nil { _ = try model.encoder() }
        if let loraScales {
            let count = model.loras?.items.count ?? 0
            guard loraScales.count == count, loraScales.allSatisfy(\.isFinite) else {
                throw GenerationError.option(
                    "The scales of LoRAs", value: "\(loraScales)", expected: "a number for each of \(count)")
            }
            guard model.loraForm == .runtime else {
                throw refusal("its LoRAs are merged into the weights; their scales can be changed where loraForm is .runtime")
            }
        }
        guard checksSafety else { return }
        guard model.hasSafetyChecker else { throw refusal("it has no safety checker") }
        // One whose files are damaged is refused before anything is drawn for it.
        _ = try model.safetyChecker()
    }

    /// Far more than anyone waits for; every picture has a generator, and a place in memory.
    private static let mostPictures = 100_000
    /// Beyond, sines of the embedding's angles have nothing left of the scale in single precision.
    private static let largestGuidanceScale = 1e6

    /// Whether what is foreseen shall be shown after step `index`; the last step's is the picture itself.
    func wantsPreview(after index: Int, of count: Int) -> Bool {
        previewInterval.map { (index + 1) % $0 == 0 && index + 1 < count } ?? false
    }

    /// The steps that are asked for.
    func schedule(_ strengthRule: ScheduleRequest.StrengthRule) -> ScheduleRequest {
        // With a mask and nothing of the picture to begin with, the strength is 1.
        ScheduleRequest(
            timesteps.map { .timesteps($0) } ?? .count(numInferenceSteps), originalInferenceSteps: originalInferenceSteps,
            strength: initialImage?.strength ?? 1, strengthRule: strengthRule, eta: eta)
    }
}
