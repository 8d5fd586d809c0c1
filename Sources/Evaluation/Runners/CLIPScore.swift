import Architectures
public import Foundation
public import Imaging
public import Inference
import ModelGraph
import ModelLoading
import TensorStore
import Tokenizers

/// Agreement of pictures with texts by a CLIP model: 100 times the cosine of their embeddings, or 0 where the cosine is negative.
///
/// Hessel et al. 2021, "CLIPScore: A Reference-free Evaluation Metric for Image Captioning", with the scale of 100 that
/// torchmetrics and most published figures use.
public final class CLIPScore {
    private let tokenizer: CLIPTokenizer
    private let tokenCount: Int
    private let processor: CLIPImageProcessor
    private let text: Executable
    private let vision: Executable

    /// - Parameter folder: a folder of transformers' `CLIPModel`: config.json, weights, tokenizer, preprocessor_config.json.
    /// - Throws: `FileError`, `ModelError`, `SafetensorsError`, `TokenizerError`, `ArchitectureError`, `ImageError`,
    ///   `EvaluationError`, each with the path of the file; `OpenVINOError`.
    public init(folder: URL, _ options: CompileOptions) throws {
        let config = folder.appending(path: "config.json")
        let model = try CLIPModel(JSONFile.read(config), file: config.path)
        tokenizer = try CLIPTokenizer(folder: folder)
        let tokenCount = min(tokenizer.modelMaxLength, model.text.config.maxPositionEmbeddings)
        self.tokenCount = tokenCount
        guard tokenizer.vocabularyCount <= model.text.config.vocabSize else {
            throw EvaluationError.parameter(
                "vocab_size", value: "\(model.text.config.vocabSize)",
                expected: "at least the tokenizer's \(tokenizer.vocabularyCount)", file: config.path)
        }
        let preparation = folder.appending(path: "preprocessor_config.json")
        processor = try CLIPImageProcessor(JSONFile.read(preparation), file: preparation.path)
        let size = model.vision.config.imageSize
        let shape = try processor(RGBImage(width: size, height: size)).shape
        guard shape == [1, 3, size, size] else {
            throw EvaluationError.parameter(
                "crop_size", value: "\(shape[2])×\(shape[3])", expected: "\(size)×\(size), the network's image_size",
                file: preparation.path)
        }
        let weights = try Component(name: "clip", library: "transformers", className: "CLIPModel", folder: folder).weights()
        text = try Executable(
            "clip text", SizedGraph(model.text.graph(weights, batch: 1, tokens: tokenCount, outputs: .init(pooled: true))),
            options)
        vision = try Executable("clip vision", SizedGraph(model.vision.graph(weights, batch: 1)), options)
    }

    /// The score of each picture, 0…100; nil where an embedding is zero.
    public func scores(_ prompt: String, _ pictures: RGBImage...) async throws -> [Double?] {
        let ids = tokenizer.encode(prompt, maxLength: tokenCount).ids.map(Int64.init)
        let words = try await text.run(["input_ids": Tensor(ids, shape: [1, ids.count])]).required("text_embeds", of: text.name)
        var scores: [Double?] = []
        for picture in pictures {
            let seen = try await vision.run(["pixel_values": processor(picture)]).required("image_embeds", of: vision.name)
            let cosine = try cosineSimilarity(words, seen)
            scores.append(cosine.isFinite ? 100 * max(cosine, 0) : nil)
        }
        return scores
    }
}
