/// How a prompt is read.
public enum PromptMode: String, Sendable, CaseIterable {
    /// Brackets weigh, `BREAK` begins a chunk, and texts longer than the encoder takes are encoded in chunks, as in
    /// AUTOMATIC1111's web UI (see `WeightedPrompt`).
    ///
    /// The default. A prompt that fits one chunk and has neither brackets, backslashes nor the word BREAK gives the ids that
    /// `plain` gives, and so the picture that diffusers draws.
    case weighted
    /// As diffusers' pipelines read it: brackets are letters, and what does not fit is cut off.
    case plain
}
