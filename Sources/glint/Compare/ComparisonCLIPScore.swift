import Architectures
import Evaluation
import Foundation
import Imaging
import Inference
import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore
import Tokenizers
import Workflows

/// How well pictures fit texts by a CLIP model: 100 times the cosine of their vectors, or 0 where that is less.
///
/// Hessel et al. 2021, "CLIPScore: A Reference-free Evaluation Metric for Image Captioning", with the scale of 100 that
/// torchmetrics and the figures of most models have.
struct ComparisonCLIPScore {
    private let tokenizer: CLIPTokenizer
    private let tokenCount: Int
    private let processor: CLIPImageProcessor
    private let text: InferRequest
    private let vision: InferRequest

    /// - Parameter path: the folder of transformers' `CLIPModel`: config.json, weights, tokenizer, preprocessor_config.json.
    /// - Throws: `FileError`, `ModelError`, `SafetensorsError`, `TokenizerError`, `ArchitectureError`, `ImageError`,
    ///   `EvaluationError`, each naming the file at fault.
    init(folder path: String, _ options: CompileOptions) throws {
        let folder = try ModelLocation.resolve(path)
        let config = folder.appending(path: "config.json")
        let model = try CLIPModel(JSONFile.read(config), file: config.path)
        tokenizer = try CLIPTokenizer(folder: folder)
        tokenCount = min(tokenizer.modelMaxLength, model.text.config.maxPositionEmbeddings)
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
        let compiler = NetworkCompiler(options)
        let textGraph = try model.text.graph(weights, batch: 1, tokens: tokenCount, outputs: .init(pooled: true))
        text = try compiler.compile(textGraph).model.makeRequest()
        vision = try compiler.compile(model.vision.graph(weights, batch: 1)).model.makeRequest()
    }

    /// The score of each picture, 0…100; nil where a vector has no direction.
    func scores(_ prompt: String, _ pictures: RGBImage...) async throws -> [Double?] {
        let ids = tokenizer.encode(prompt, maxLength: tokenCount).ids.map(Int64.init)
        try text.setInput("input_ids", to: Tensor(ids, shape: [1, ids.count]))
        try await text.infer()
        let words = try text.outputTensor("text_embeds")
        var scores: [Double?] = []
        for picture in pictures {
            try vision.setInput("pixel_values", to: processor(picture))
            try await vision.infer()
            let cosine = try cosineSimilarity(words, vision.outputTensor("image_embeds"))
            scores.append(cosine.isFinite ? 100 * max(cosine, 0) : nil)
        }
        return scores
    }
}
