import Architectures
import ModelLoading
import TensorStore
import Tokenizers

/// Texts to states, `[1, tokens, channels]` each.
struct TextEncodingStage {
    let model: LatentDiffusionModel

    /// Token ids of each prompt, padded and cut to what the encoder takes.
    /// - Parameter warn: told what of a prompt was cut off.
    func tokenize(_ prompts: [String], warn: (String) -> Void) throws -> [Tensor] {
        var ids: [Tensor] = []
        for prompt in prompts {
            let encoding = model.tokenizer.encode(prompt, maxLength: model.tokenCount)
            if !encoding.droppedText.isEmpty {
                warn(
                    "The prompt is longer than \(model.tokenCount) tokens; this end of it was cut off: '\(encoding.droppedText)'."
                )
            }
            ids.append(try Tensor(encoding.ids.map(Int64.init), shape: [1, model.tokenCount]))
        }
        return ids
    }

    func makeRunner(_ compiler: NetworkCompiler, _ log: TimingLog) throws -> NetworkRunner {
        try NetworkRunner("text encoder", compiler, log) {
            try model.textEncoder.graph(tokens: model.tokenCount)
        }
    }

    /// `last_hidden_state` of each text.
    func encode(
        _ tokens: [Tensor], with runner: NetworkRunner, _ log: TimingLog, isolation: isolated (any Actor)? = #isolation
    ) async throws -> [Tensor] {
        var states: [Tensor] = []
        for ids in tokens { states.append(try await runner.run(["input_ids": ids], log).required("last_hidden_state")) }
        return states
    }
}
