/// The edits of `WordErrorRate` one by one: which words of a reference a hypothesis has, and which others in their place.
public struct WordAlignment: Sendable, Equatable {
    public enum Edit: Sendable, Equatable {
        case equal(String)
        case substitution(String, with: String)
        case deletion(String)
        case insertion(String)
    }

    /// In the order of the texts.
    public let edits: [Edit]

    private enum Step: UInt8 { case diagonal, deletion, insertion }

    /// Takes a byte for each pair of words of the two texts.
    /// - Parameters: texts, normalized already; words are what white space separates.
    public init(reference: String, hypothesis: String) {
        let reference = reference.split(whereSeparator: \.isWhitespace).map(String.init)
        let hypothesis = hypothesis.split(whereSeparator: \.isWhitespace).map(String.init)
        // The same choices as `WordErrorRate` makes, so that the counts are the same.
        let width = hypothesis.count + 1
        var steps = [Step](repeating: .insertion, count: (reference.count + 1) * width)
        var row = Array(0...hypothesis.count)
        for (index, word) in reference.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            steps[(index + 1) * width] = .deletion
            for (place, other) in hypothesis.enumerated() {
                let above = row[place + 1]
                var (best, step) = (diagonal + (word == other ? 0 : 1), Step.diagonal)
                if above + 1 < best { (best, step) = (above + 1, .deletion) }
                if row[place] + 1 < best { (best, step) = (row[place] + 1, .insertion) }
                steps[(index + 1) * width + place + 1] = step
                (diagonal, row[place + 1]) = (above, best)
            }
        }
        var edits: [Edit] = []
        var (index, place) = (reference.count, hypothesis.count)
        while index > 0 || place > 0 {
            switch steps[index * width + place] {
            case .diagonal:
                (index, place) = (index - 1, place - 1)
                let (word, other) = (reference[index], hypothesis[place])
                edits.append(word == other ? .equal(word) : .substitution(word, with: other))
            case .deletion:
                index -= 1
                edits.append(.deletion(reference[index]))
            case .insertion:
                place -= 1
                edits.append(.insertion(hypothesis[place]))
            }
        }
        self.edits = edits.reversed()
    }
}
