import Adapters
import Tokenizers

/// A value for each network call of a schedule, each different value once.
struct Scheduled<Value> {
    let values: [Value]
    /// The index in `values` for each network call.
    let calls: [Int]

    func map<Other>(_ body: (Value) async throws -> Other) async rethrows -> Scheduled<Other> {
        var others: [Other] = []
        for value in values { others.append(try await body(value)) }
        return Scheduled<Other>(values: others, calls: calls)
    }
}

extension Scheduled: Sendable where Value: Sendable {}

/// The tokenized texts of a request.
struct PromptTokens {
    /// The chunks for each text encoder.
    typealias Text = [PromptChunks]

    /// All texts of all prompts have the same number of chunks.
    let prompts: [Scheduled<Text>]
    /// nil where no prediction uses a negative prompt.
    let negative: Scheduled<Text>?
    /// Truncated parts of prompts, and notations without a meaning here, a sentence each.
    let warnings: [String]

    /// The number of tokens in the UNet's input.
    var count: Int { prompts[0].values[0][0].count * prompts[0].values[0][0].chunkLength }

    /// - Parameters:
    ///   - negative: the negative prompt; nil where no prediction uses one.
    ///   - calls: which network calls are made, of how many for the complete schedule.
    init(_ request: GenerationRequest, _ model: LatentDiffusionModel, negative: String?, calls: NetworkCalls) {
        let texts = (request.prompts + [negative].compactMap(\.self)).map { PromptText($0, request.promptMode, calls) }
        var tokens = texts.map { text in
            text.texts.values.map { part in
                model.textEncoders.map { $0.tokenizer.chunks(of: part, mode: request.promptMode, maxLength: $0.tokenCount) }
            }
        }
        let most = tokens.joined().joined().map(\.count).max() ?? 1
        var warnings = texts.flatMap { $0.warnings(model.loras) }
        for dropped in tokens.joined().map({ $0[0].droppedText }) where !dropped.isEmpty {
            warnings.append("The prompt is longer than \(model.tokenCount) tokens; this end of it was cut off: '\(dropped)'.")
        }
        tokens = tokens.map { $0.map { $0.map { $0.padded(to: most) } } }
        let scheduled = zip(tokens, texts).map { Scheduled(values: $0, calls: $1.texts.calls) }
        prompts = Array(scheduled.prefix(request.prompts.count))
        self.negative = negative == nil ? nil : scheduled.last
        self.warnings = warnings
    }
}

/// The network calls of a schedule.
struct NetworkCalls: Sendable {
    /// The number of calls that are made.
    let count: Int
    /// The number of calls of the complete schedule, at strength 1.
    let total: Int
}

/// A prompt as its notation is read: texts for the network calls, without tags.
private struct PromptText {
    let texts: Scheduled<String>
    private let tags: [PromptTags.Tag]
    private let notes: [String]

    init(_ prompt: String, _ mode: PromptMode, _ calls: NetworkCalls) {
        guard mode == .weighted else {
            texts = Scheduled(values: [prompt], calls: Array(repeating: 0, count: calls.count))
            (tags, notes) = ([], [])
            return
        }
        let tagged = PromptTags(parsing: prompt)
        let parts = ScheduledPrompt(parsing: tagged.text).parts(steps: calls.total)
        // As in AUTOMATIC1111's web UI, calls are counted from 0 here and steps from 1 there, so that the first text has a call
        // more than its share.
        let indices = (0..<calls.count).map { call in
            parts.firstIndex { call <= $0.lastStep } ?? parts.count - 1
        }
        // Texts that no call uses are not encoded.
        let used = Set(indices).sorted()
        texts = Scheduled(
            values: used.map { parts[$0].text }, calls: indices.map { index in used.firstIndex(of: index) ?? 0 })
        tags = tagged.tags
        notes = ForeignNotation.notes(of: tagged.text)
    }

    /// - Parameter loras: the model's LoRAs, those of tags among them.
    func warnings(_ loras: LoRASet?) -> [String] {
        let known = Set(loras?.items.map(\.name) ?? [])
        return notes
            + tags.compactMap { tag in
                if tag.isLoRA, known.contains(tag.arguments[0]) { return nil }
                return tag.isLoRA
                    ? "<\(tag.kind):\(tag.arguments[0])> has no effect: LoRAs are taken from the prompt alone, and by a loaded model from its own."
                    : "<\(tag.kind):\(tag.arguments[0])> has no effect: of such tags, only those of LoRAs are supported."
            }
    }
}
