/// CLIP's splitting of normalized text, by the reference's expression
/// `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`
/// and then by GPT-2's, which only takes the two markers apart, written out in a text where they are not special.
struct CLIPPreTokenizer: PreTokenizer {
    func words(in text: [Unicode.Scalar], _ range: Range<Int>) -> [Range<Int>] { Array(CLIPWords(text, in: range)) }
}

private struct CLIPWords: Sequence, IteratorProtocol {
    private static let markers = ["<|startoftext|>", "<|endoftext|>"].map { Array($0.unicodeScalars) }

    private let text: [Unicode.Scalar]
    private var position: Int
    private let end: Int
    /// The end of the marker that is being taken apart.
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
            } else if start >= markerEnd, let contraction = text[start..<end].contraction {
                position = start + contraction
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
