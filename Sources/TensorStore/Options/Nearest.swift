/// Up to three of `candidates` that resemble `word`, the nearest first: for "did you mean" in errors.
///
/// A candidate resembles the word where at most a third of the word's letters, and two in any case, are inserted, deleted or
/// replaced (Levenshtein's distance), and at most twice as many as in the best candidate. Upper and lower case are the same, and so are `-` and `_`.
public func nearest(to word: String, among candidates: some Collection<String>) -> [String] {
    /// Words in errors are short; a longer one is not worth comparing.
    let lengthLimit = 256
    let letters = normalized(word)
    guard letters.count <= lengthLimit else { return [] }
    let limit = max(2, letters.count / 3)
    let distances = candidates.compactMap { candidate -> (distance: Int, name: String)? in
        let other = normalized(candidate)
        guard abs(other.count - letters.count) <= limit else { return nil }
        let distance = editDistance(letters, other)
        return distance <= limit ? (distance, candidate) : nil
    }
    // A candidate twice as far as the best one is not what was meant.
    let best = distances.map(\.distance).min() ?? 0
    return distances.filter { $0.distance <= max(2 * best, 1) }.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
        .prefix(3).map(\.name)
}

private func normalized(_ word: String) -> [UInt8] {
    word.lowercased().utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
}

/// Letters inserted, deleted or replaced to make one word of the other.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var previous = Array(0...b.count)
    for (row, letter) in a.enumerated() {
        var current = [row + 1]
        for (column, other) in b.enumerated() {
            current.append(min(previous[column] + (letter == other ? 0 : 1), previous[column + 1] + 1, current[column] + 1))
        }
        previous = current
    }
    return previous[b.count]
}
