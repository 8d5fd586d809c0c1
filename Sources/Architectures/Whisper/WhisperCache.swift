public import TensorStore

/// Keys and values of texts that grow by runs of the decoder, and the inputs of each run.
///
/// Each token that was run has a slot of its window, and a text is the list of its tokens' slots. Texts with a common beginning
/// share its slots, so no memory moves when beams part, change places or end: only masks differ. When no slot is free, those that
/// no text has any more are freed, and the memory grows if it must.
///
/// A run is `inputs`, the decoder, `store`. Not `Sendable`: one task uses it.
public final class WhisperCache {
    /// Slots are added by this number, so that the decoder sees few lengths.
    static let block = 64
    /// Keeps a token from attending to another: beside any score its exponential is zero.
    private static let masked: Float = -1e9

    private let config: WhisperConfig
    /// The slots of each window's texts: `texts[window][text]`, at first an empty text in each window.
    public private(set) var texts: [[[Int]]]
    /// The number of slots that there is memory for.
    public private(set) var length = WhisperCache.block
    /// The number of slots from the first on that are not free.
    private var used = 0
    /// Of each layer, `[W, heads, length, headWidth]`.
    private var keys: [SlotMemory]
    private var values: [SlotMemory]
    /// Each window's texts once the run is stored, where a run's tokens have the slots from `used` on.
    private var next: [[[Int]]] = []

    /// - Precondition: `windows` is positive.
    public init(_ config: WhisperConfig, windows: Int = 1) {
        precondition(windows > 0, "a cache is for one window at least")
        self.config = config
        texts = Array(repeating: [[]], count: windows)
        let rows = windows * config.decoderAttentionHeads
        func memory() -> [SlotMemory] {
            (0..<config.decoderLayers).map { _ in SlotMemory(rows, Self.block, width: config.decoderHeadWidth) }
        }
        keys = memory()
        values = memory()
    }

    /// Tokens of one window, to be run together.
    public struct Tokens: Sendable {
        let ids: [Int]
        /// The text that each token continues; nil for the text that ends in the token before.
        let parents: [Int?]

        /// Tokens one after the other, which continue one of the window's texts.
        public static func sequence(_ ids: [Int], after text: Int = 0) -> Tokens {
            Tokens(ids: ids, parents: ids.indices.map { $0 == 0 ? text : nil })
        }

        /// A token for each text that there is after the run; `parents` are indices of the texts before it that they continue.
        public static func beams(_ ids: [Int], after parents: [Int]) -> Tokens {
            precondition(ids.count == parents.count, "each token continues one text")
            return Tokens(ids: ids, parents: parents)
        }
    }

    // MARK: Runs

    /// The decoder's inputs, all but those of the sound.
    ///
    /// Of windows with different numbers of tokens the shorter are padded in front: the last token of each has the last row.
    /// The tensors may lie over the cache's memory: they are for the next run alone.
    /// - Parameters:
    ///   - tokens: for each window; none for a window that has ended.
    ///   - logitRows: rows of the run, `0..<N`, to compute logits of; nil for all.
    /// - Precondition: texts stay within the model's `maxTargetPositions`, and parents exist.
    public func inputs(_ tokens: [Tokens], logitRows: [Int]? = nil) throws(TensorError) -> [String: Tensor] {
        precondition(tokens.count == texts.count, "tokens are given for each window")
        let windows = texts.count
        let count = tokens.map(\.ids.count).max() ?? 0
        var ids = [Int64](repeating: 0, count: windows * count)
        var places = ids
        var tokenMask = [Float](repeating: Self.masked, count: windows * count * count)
        var cacheMask = [Float](repeating: Self.masked, count: windows * count * length)
        next = []
        for (window, tokens) in tokens.enumerated() {
            let padding = count - tokens.ids.count
            var ends: [[Int]] = []
            var text: [Int] = []
            for index in 0..<count {
                let row = window * count + index
                // Padding attends to itself alone.
                tokenMask[row * count + index] = 0
                guard index >= padding else { continue }
                let (id, parent) = (tokens.ids[index - padding], tokens.parents[index - padding])
                if let parent { text = texts[window][parent] } else { ends.removeLast() }
                precondition(text.count < config.maxTargetPositions, "the text is longer than the model's positions")
                (ids[row], places[row]) = (Int64(id), Int64(text.count))
                for slot in text {
                    if slot < used { cacheMask[row * length + slot] = 0 } else { tokenMask[row * count + slot - used] = 0 }
                }
                text.append(used + index)
                ends.append(text)
            }
            next.append(ends)
        }
        let rows = logitRows ?? Array(0..<count)
        var inputs = [
            "input_ids": try Tensor(ids, shape: [windows, count]), "position_ids": try Tensor(places, shape: [windows, count]),
            "token_mask": try Tensor(tokenMask, shape: [windows, count, count]),
            "cache_mask": try Tensor(cacheMask, shape: [windows, count, length]),
            "logit_rows": try Tensor(rows.map(Int64.init), shape: [rows.count]),
        ]
        let shape: Shape = [windows, config.decoderAttentionHeads, length, config.decoderHeadWidth]
        for layer in 0..<config.decoderLayers {
            inputs[WhisperTensors.cachedKeys(layer)] = try keys[layer].tensor(shape)
            inputs[WhisperTensors.cachedValues(layer)] = try values[layer].tensor(shape)
        }
        return inputs
    }

    /// Keeps the keys and values of the run for which `inputs` was called last. From then on `texts` are those that end in its
    /// tokens.
    /// - Throws: `ArchitectureError.tensorShape`, `.missingTensor` for outputs of another network.
    public func store(_ outputs: [String: Tensor]) throws {
        let rows = texts.count * config.decoderAttentionHeads
        let count = try output(WhisperTensors.keys(0), outputs, count: nil).shape[2]
        texts = next
        if used + count > length { makeRoom(for: count) }
        for layer in 0..<config.decoderLayers {
            for (name, memory) in [(WhisperTensors.keys(layer), keys[layer]), (WhisperTensors.values(layer), values[layer])] {
                let tensor = try output(name, outputs, count: count)
                memory.write(try tensor.elements(), rows: rows, at: used)
            }
        }
        used += count
    }

    /// Takes the last tokens of a window's text back, such as those that were proposed in vain.
    /// - Precondition: the text has so many tokens, and no run is between `inputs` and `store`.
    public func removeLast(_ count: Int, ofText text: Int = 0, window: Int = 0) {
        texts[window][text].removeLast(count)
    }

    private func output(_ name: String, _ outputs: [String: Tensor], count: Int?) throws -> Tensor {
        guard let tensor = outputs[name] else { throw ArchitectureError.missingTensor(name, in: "the decoder's outputs") }
        let found = tensor.shape.rank == 4 ? tensor.shape[2] : 0
        let expected: Shape = [texts.count, config.decoderAttentionHeads, count ?? found, config.decoderHeadWidth]
        guard tensor.shape == expected else {
            throw ArchitectureError.tensorShape(name, in: "the decoder's outputs", expected: expected, found: tensor.shape)
        }
        return tensor
    }

    // MARK: Memory

    /// Moves the slots that texts have to the front, and adds blocks until half a block is free beside `count` slots, so that this
    /// does not happen at every run.
    private func makeRoom(for count: Int) {
        let kept = texts.map { texts in Set(texts.joined()).filter { $0 < used }.sorted() }
        let old = used
        used = kept.map(\.count).max() ?? 0
        for (window, slots) in kept.enumerated() {
            let places = Dictionary(uniqueKeysWithValues: slots.enumerated().map { ($1, $0) })
            texts[window] = texts[window].map { text in text.map { places[$0] ?? $0 - old + used } }
        }
        let needed = used + count + Self.block / 2
        if needed > length { length = (needed + Self.block - 1) / Self.block * Self.block }
        let sources = kept.flatMap { Array(repeating: $0, count: config.decoderAttentionHeads) }
        for layer in 0..<config.decoderLayers {
            keys[layer] = keys[layer].keeping(sources, slots: length)
            values[layer] = values[layer].keeping(sources, slots: length)
        }
    }
}

/// Memory `[rows, slots, width]` of f32, zero where nothing was written.
///
/// @unchecked: the cache that owns it writes to it between runs alone; tensors over it are for one run.
private final class SlotMemory: @unchecked Sendable {
    private let elements: UnsafeMutableBufferPointer<Float>
    private let slots: Int
    private let width: Int

    init(_ rows: Int, _ slots: Int, width: Int) {
        self.slots = slots
        self.width = width
        elements = .allocate(capacity: rows * slots * width)
        elements.initialize(repeating: 0)
    }

    deinit { elements.deallocate() }

    func tensor(_ shape: Shape) throws(TensorError) -> Tensor {
        try Tensor(borrowing: UnsafeRawBufferPointer(elements), owner: self, shape: shape, of: .f32)
    }

    /// Writes `[rows, N, width]` to the slots from `slot` on.
    func write(_ source: [Float], rows: Int, at slot: Int) {
        let count = source.count / rows
        for row in 0..<rows {
            let start = (row * slots + slot) * width
            for index in 0..<count { elements[start + index] = source[row * count + index] }
        }
    }

    /// New memory with the given slots of each row at the front.
    func keeping(_ sources: [[Int]], slots: Int) -> SlotMemory {
        let result = SlotMemory(sources.count, slots, width: width)
        for (row, sources) in sources.enumerated() {
            for (place, source) in sources.enumerated() {
                let (to, from) = ((row * slots + place) * width, (row * self.slots + source) * width)
                for index in 0..<width { result.elements[to + index] = elements[from + index] }
            }
        }
        return result
    }
}
