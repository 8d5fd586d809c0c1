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
