/// CLIP's splitting of normalized text into words, by the reference's expression
/// `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`
/// and then by GPT-2's, which only takes the two markers apart, written out in a text where they are not special.
struct WordSplitter: Sequence, IteratorProtocol {
    private static let markers = ["<|startoftext|>", "<|endoftext|>"].map { Array($0.unicodeScalars) }
    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

    private let text: [Unicode.Scalar]
    private var position: Int
    private let end: Int
    /// Where the marker ends that is being taken apart.
    private var markerEnd = 0

    init(_ text: [Unicode.Scalar], in range: Range<Int>) {
        self.text = text
        position = range.lowerBound
        end = range.upperBound
    }

    mutating func next() -> Range<Int>? {
        while position < end, ScalarClass(text[position]) == .space { position += 1 }
        guard position < end else { return nil }
        let start = position
        let limit = start < markerEnd ? markerEnd : end
        switch ScalarClass(text[start]) {
        case .letter: position = run(of: .letter, from: start, to: limit)
        case .number: position = start + 1
        case .space, .other:
            if start >= markerEnd, let marker = Self.markers.first(where: { follows($0, at: start) }) {
                markerEnd = start + marker.count
                position = start + 2
            } else if start >= markerEnd, let contraction = Self.contractions.first(where: { follows($0, at: start) }) {
                position = start + contraction.count
            } else {
                position = run(of: .other, from: start, to: limit)
            }
        }
        return start..<position
    }

    private func follows(_ word: [Unicode.Scalar], at start: Int) -> Bool {
        word[0] == text[start] && word.count <= end - start && text[start..<start + word.count].elementsEqual(word)
    }

    private func run(of kind: ScalarClass, from start: Int, to limit: Int) -> Int {
        text[start..<limit].firstIndex { ScalarClass($0) != kind } ?? limit
    }
}
