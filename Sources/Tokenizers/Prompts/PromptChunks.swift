/// A prompt as a text encoder takes it: one or more chunks of token ids, all of one length, and each token's weight.
public struct PromptChunks: Sendable, Equatable {
    /// A chunk each: begin marker, tokens, end marker, padding.
    public private(set) var ids: [[Int32]]
    /// As many as `ids`; 1 for markers and padding.
    public private(set) var weights: [[Float]]
    /// The text that was cut off, as diffusers' warning shows it; empty where nothing was, and always in chunks.
    public let droppedText: String
    /// The ids of a text without tokens.
    private let emptyIDs: [Int32]

    init(ids: [[Int32]], weights: [[Float]], droppedText: String = "", emptyIDs: [Int32]) {
        self.ids = ids
        self.weights = weights
        self.droppedText = droppedText
        self.emptyIDs = emptyIDs
    }

    /// How many chunks there are; never none.
    public var count: Int { ids.count }

    /// Tokens of each chunk, markers and padding included.
    public var chunkLength: Int { emptyIDs.count }

    /// Whether any token weighs more or less than others.
    public var isWeighted: Bool { weights.contains { $0.contains { $0 != 1 } } }

    /// The same with empty chunks at the end, `count` in all; unchanged where there are as many already.
    public func padded(to count: Int) -> PromptChunks {
        var padded = self
        while padded.count < count {
            padded.ids.append(emptyIDs)
            padded.weights.append(Array(repeating: 1, count: emptyIDs.count))
        }
        return padded
    }

    /// Each with as many chunks as the longest: a prompt and its negative prompt go through the UNet together, and so do the
    /// states of two encoders, whose tokenizers may count differently ("!" is a token of its own where it pads).
    public static func padded(_ prompts: [PromptChunks]) -> [PromptChunks] {
        let count = prompts.map(\.count).max() ?? 0
        return prompts.map { $0.padded(to: count) }
    }
}

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
