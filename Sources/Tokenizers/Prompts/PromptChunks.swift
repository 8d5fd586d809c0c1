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

extension CLIPTokenizer {
    /// Tokens over which a chunk's end may be moved back to a comma; AUTOMATIC1111's default.
    public static let commaBacktracking = 20

    /// The ids and weights of a prompt, in chunks of `maxLength`.
    ///
    /// A chunk that is full ends after its last comma where that is `commaBacktracking` tokens back or less, so that what
    /// commas enclose stays together; the vectors of an added token stay together in any case. Both are as in
    /// AUTOMATIC1111's web UI. Texts of different weights are encoded one by one, so no token spans a bracket.
    ///
    /// - Parameters:
    ///   - maxLength: ids of a chunk, markers included; nil for `modelMaxLength`. Less than 3 counts as 3.
    ///   - commaBacktracking: 0 to fill every chunk.
    public func chunks(
        of prompt: String, mode: PromptMode = .weighted, maxLength: Int? = nil,
        commaBacktracking: Int = CLIPTokenizer.commaBacktracking
    ) -> PromptChunks {
        let length = max(3, maxLength ?? modelMaxLength)
        let empty = encode("", maxLength: length).ids
        if mode == .plain {
            let encoding = encode(prompt, maxLength: length)
            return PromptChunks(
                ids: [encoding.ids], weights: [Array(repeating: 1, count: length)], droppedText: encoding.droppedText,
                emptyIDs: empty)
        }
        var chunker = Chunker(capacity: length - 2, comma: bytePairs.table.id(",</w>"), commaBacktracking: commaBacktracking)
        for part in WeightedPrompt(parsing: prompt).parts {
            switch part {
            case .chunkBreak: chunker.endChunk()
            case .text(let text, let weight): append(tokens(text), Float(weight), to: &chunker)
            }
        }
        let chunks = chunker.finished()
        return PromptChunks(
            ids: chunks.map { chunk in
                let ids = [bosTokenID] + chunk.map(\.id) + [eosTokenID]
                return ids + Array(repeating: padTokenID, count: length - ids.count)
            },
            weights: chunks.map { chunk in
                let weights = [1] + chunk.map(\.weight)
                return weights + Array(repeating: 1, count: length - weights.count)
            },
            emptyIDs: empty)
    }

    private func append(_ ids: [Int32], _ weight: Float, to chunker: inout Chunker) {
        var position = 0
        while position < ids.count {
            let end = min(ids.count, position + (vectorCounts[ids[position]] ?? 1))
            chunker.append(ids[position..<end], weight)
            position = end
        }
    }
}

/// Fills chunks with tokens.
private struct Chunker {
    typealias Token = (id: Int32, weight: Float)

    /// Tokens of a chunk without its markers.
    let capacity: Int
    let comma: Int32?
    let commaBacktracking: Int
    private var chunks: [[Token]] = []
    private var chunk: [Token] = []
    /// The index of the last comma in `chunk`.
    private var lastComma: Int?

    init(capacity: Int, comma: Int32?, commaBacktracking: Int) {
        self.capacity = capacity
        self.comma = comma
        self.commaBacktracking = commaBacktracking
    }

    /// Adds tokens that stay together where one chunk can hold them.
    mutating func append(_ ids: ArraySlice<Int32>, _ weight: Float) {
        if let comma, ids.first == comma {
            lastComma = chunk.count
        } else if chunk.count == capacity, let lastComma, chunk.count - lastComma <= commaBacktracking {
            let moved = chunk[(lastComma + 1)...]
            chunk.removeSubrange((lastComma + 1)...)
            endChunk()
            chunk = Array(moved)
        }
        if !chunk.isEmpty, chunk.count + ids.count > capacity { endChunk() }
        for id in ids {
            if chunk.count == capacity { endChunk() }
            chunk.append((id, weight))
        }
    }

    mutating func endChunk() {
        chunks.append(chunk)
        chunk = []
        lastComma = nil
    }

    consuming func finished() -> [[Token]] { chunk.isEmpty && !chunks.isEmpty ? chunks : chunks + [chunk] }
}
