/// The merges of a byte-pair encoding (Sennrich et al., 2016), applied to words given as bytes.
struct BytePairEncoder: Sendable {
    private struct Merge {
        /// The lower is merged first.
        let rank: UInt32
        let result: Int32
    }

    /// Ids by byte: of bytes within a word, and of bytes that end one. -1 for a byte without a token.
    private let inner: [Int32]
    private let final: [Int32]
    /// By the two ids.
    private var merges: [UInt64: Merge] = [:]

    /// - Parameters:
    ///   - endOfWord: the suffix of tokens that end a word, `</w>` of CLIP's; empty where the vocabulary has none.
    ///   - unknown: the id for a byte without a token; nil to leave such bytes out.
    /// - Throws: `.malformedMerge`, `.unknownMergeToken` with the line.
    init(
        _ vocabulary: BytePairVocabulary, _ table: TokenTable, endOfWord: String, unknown: Int32?
    ) throws(TokenizerError) {
        inner = ByteAlphabet.scalars.map { table.id(String($0)) ?? unknown ?? -1 }
        final = ByteAlphabet.scalars.map { table.id(String($0) + endOfWord) ?? unknown ?? -1 }
        merges.reserveCapacity(vocabulary.merges.count)
        let space = UInt8(ascii: " ")
        for (index, merge) in vocabulary.merges.enumerated() {
            let text = Array(merge.utf8)
            guard let gap = text.firstIndex(of: space), gap > 0, gap + 1 < text.count, !text[(gap + 1)...].contains(space)
            else {
                throw .malformedMerge(merge, file: vocabulary.mergesFile, line: vocabulary.firstMergeLine + index)
            }
            func id(_ token: [UInt8]) throws(TokenizerError) -> Int32 {
                if let id = table.id(token) { return id }
                throw .unknownMergeToken(
                    String(decoding: token, as: UTF8.self), merge: merge, file: vocabulary.mergesFile,
                    line: vocabulary.firstMergeLine + index)
            }
            let left = Array(text[..<gap])
            let right = Array(text[(gap + 1)...])
            merges[Self.key(try id(left), try id(right))] = Merge(
                rank: UInt32(truncatingIfNeeded: index), result: try id(left + right))
        }
    }

    /// Appends the ids of the tokens of one word to `ids`.
    ///
    /// The pair with the lowest rank is merged, the leftmost of equals first, until none is left. A heap of pairs keeps that
    /// O(n log n): a word can be as long as the text.
    func encode(_ word: [UInt8], into ids: inout [Int32]) {
        guard let last = word.last else { return }
        // A doubly linked list over places; a symbol merged into the one before it is -1.
        var symbols = word.map { inner[Int($0)] }
        symbols[word.count - 1] = final[Int(last)]
        var previous = Array(-1..<word.count - 1)
        var next = Array(1...word.count)
        var pairs = MinHeap()

        func merge(at place: Int) -> Merge? {
            guard symbols[place] >= 0, next[place] < symbols.count else { return nil }
            return merges[Self.key(symbols[place], symbols[next[place]])]
        }
        func push(_ place: Int) {
            if let merge = merge(at: place) { pairs.push(UInt64(merge.rank) << 32 | UInt64(place)) }
        }

        for place in symbols.indices { push(place) }
        while let pair = pairs.pop() {
            let place = Int(pair & 0xFFFF_FFFF)
            // Either symbol may have changed since.
            guard let merge = merge(at: place), UInt64(merge.rank) == pair >> 32 else { continue }
            let absorbed = next[place]
            symbols[place] = merge.result
            symbols[absorbed] = -1
            next[place] = next[absorbed]
            if next[place] < symbols.count { previous[next[place]] = place }
            push(place)
            if previous[place] >= 0 { push(previous[place]) }
        }
        ids.append(contentsOf: symbols.lazy.filter { $0 >= 0 })
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }
}

/// A binary heap, the smallest number first.
private struct MinHeap {
    private var items: [UInt64] = []

    mutating func push(_ item: UInt64) {
        items.append(item)
        var child = items.count - 1
        while child > 0, items[child] < items[(child - 1) / 2] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> UInt64? {
        guard let smallest = items.first, let last = items.popLast() else { return nil }
        guard !items.isEmpty else { return smallest }
        items[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < items.count else { return smallest }
            if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
            guard items[child] < items[parent] else { return smallest }
            items.swapAt(parent, child)
            parent = child
        }
    }
}
