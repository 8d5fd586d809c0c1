import Adapters
import Architectures
import Inference
import ModelLoading
import TensorStore
import Tokenizers

/// A text as the UNet takes it.
struct TextCondition: Sendable {
    /// `[1, tokens, channels]`.
    let states: Tensor
    /// `[1, channels]`, of the second encoder of Stable Diffusion XL.
    let pooled: Tensor?

    /// Nothing at all, which is what some models of Stable Diffusion XL were trained to take an empty text for.
    var zeros: TextCondition {
        get throws {
            TextCondition(states: try Tensor(zeros: states.shape), pooled: try pooled.map { try Tensor(zeros: $0.shape) })
        }
    }
}

/// The texts of a request, in tokens.
struct PromptTokens {
    /// For each prompt, its chunks for each encoder; all have as many chunks.
    var prompts: [[PromptChunks]]
    /// nil where nothing is predicted under a negative prompt, or one of zeros.
    var negative: [PromptChunks]?

    /// Tokens that the UNet sees.
    var count: Int { prompts[0][0].count * prompts[0][0].chunkLength }

    /// - Parameter warn: told what of a prompt was cut off.
    init(_ request: GenerationRequest, _ model: LatentDiffusionModel, negative text: String?, warn: (String) -> Void) {
        func chunks(_ text: String) -> [PromptChunks] {
            model.textEncoders.map { $0.tokenizer.chunks(of: text, mode: request.promptMode, maxLength: $0.tokenCount) }
        }
        prompts = request.prompts.map(chunks)
        negative = text.map(chunks)
        let dropped = (prompts + [negative].compactMap(\.self)).map { $0[0].droppedText }.filter { !$0.isEmpty }
        for text in dropped {
            warn("The prompt is longer than \(model.tokenCount) tokens; this end of it was cut off: '\(text)'.")
        }
        let most = (prompts + [negative].compactMap(\.self)).joined().map(\.count).max() ?? 1
        prompts = prompts.map { $0.map { $0.padded(to: most) } }
        negative = negative.map { $0.map { $0.padded(to: most) } }
    }
}

/// Texts to conditions, by all of a model's text encoders.
final class TextEncodingStage {
    private struct Key: Hashable {
        let encoder: Int
        let output: ClipSkip.Output
    }

    private let model: LatentDiffusionModel
    private let compiler: NetworkCompiler
    private var runners: [Key: NetworkRunner] = [:]

    init(_ model: LatentDiffusionModel, _ compiler: NetworkCompiler) {
        self.model = model
        self.compiler = compiler
    }

    /// - Parameters:
    ///   - skip: of this text; nil for the layer that the model was trained with.
    ///   - scales: of LoRAs that are applied at run time.
    func encode(
        _ chunks: [PromptChunks], skip: ClipSkip?, scales: [String: Tensor] = [:], _ log: TimingLog,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> TextCondition {
        var states: [Tensor] = []
        var pooled: Tensor?
        for (index, chunks) in chunks.enumerated() {
            let output = try ClipSkip.output(
                of: model.family, layerCount: model.textEncoders[index].config.numHiddenLayers, skip: skip)
            let runner = try runner(index, output, log)
            try runner.set(scales)
            var parts: [Tensor] = []
            for ids in chunks.ids {
                let found = try await runner.run(["input_ids": try Tensor(ids.map { Int64($0) }, shape: [1, ids.count])], log)
                parts.append(try found.required(output.name, of: runner.name))
                // Of the first chunk, as others do that take long texts.
                if index > 0, pooled == nil { pooled = try found.required("text_embeds", of: runner.name) }
            }
            states.append(try PromptWeighting.joined(parts, weights: chunks.weights))
        }
        return TextCondition(states: try .joined(channelsOf: states), pooled: pooled)
    }

    private func runner(_ index: Int, _ output: ClipSkip.Output, _ log: TimingLog) throws -> NetworkRunner {
        let key = Key(encoder: index, output: output)
        if let runner = runners[key] { return runner }
        let name = index == 0 ? "text encoder" : "text encoder \(index + 1)"
        let runner = try NetworkRunner(name, compiler, log) {
            var sized = try model.textEncoders[index].graph(output, pooled: index > 0)
            if let report = try model.applyLoRAs(to: &sized, index == 0 ? .textEncoder : .textEncoder2) { log.adapted(report) }
            return sized
        }
        runners[key] = runner
        return runner
    }
}
