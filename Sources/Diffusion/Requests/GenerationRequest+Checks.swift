import Adapters
import Architectures
import Foundation
import ModelLoading

extension GenerationRequest {
    /// Checks everything that does not depend on the model: ranges of options, and options that require another.
    ///
    /// `LatentDiffusionPipeline` checks every request.
    /// - Throws: `GenerationError`.
    public func check() throws(GenerationError) {
        guard !prompts.isEmpty else { throw .noPrompts }
        if let index = prompts.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) { throw .emptyPrompt(index: index) }
        for option in Self.options {
            if let value = option.refused(self) { throw .option(option.key, value: value, expected: option.expected) }
        }
        guard imagesPerPrompt <= Self.mostPictures / prompts.count else {
            throw .option("count", value: "\(imagesPerPrompt)", expected: "at most \(Self.mostPictures) for all prompts together")
        }
        if image == nil, mask != nil { throw .needsImage(option: "mask") }
        if image == nil, strength != nil { throw .needsImage(option: "strength") }
    }

    /// Checks everything that depends on the model.
    func check(_ model: LatentDiffusionModel) throws {
        func refusal(_ reason: String) -> GenerationError { .model(file: model.source.url.path, reason: reason) }
        for encoder in model.textEncoders {
            _ = try ClipSkip.output(of: model.family, layerCount: encoder.config.numHiddenLayers, skip: clipSkip)
        }
        if model.takesMaskedLatents, mask == nil {
            throw refusal("its UNet fills in parts of pictures: it needs a picture and a mask")
        }
        if image != nil { _ = try model.encoder() }
        if let loraScales {
            let count = model.loras?.items.count ?? 0
            guard loraScales.count == count else {
                throw GenerationError.option("lora_scales", value: "\(loraScales)", expected: "a number for each of \(count)")
            }
            guard model.loraForm == .runtime else {
                throw refusal("its LoRAs are merged into the weights; their scales can be changed where loraForm is .runtime")
            }
        }
        guard checksSafety else { return }
        guard model.hasSafetyChecker else { throw refusal("it has no safety checker") }
        // A checker with damaged files is refused before any picture is drawn.
        _ = try model.safetyChecker()
    }

    /// Whether a preview is due after step `index`.
    func wantsPreview(after index: Int, of count: Int) -> Bool {
        previewInterval.map { (index + 1) % $0 == 0 && index + 1 < count } ?? false
    }
}
