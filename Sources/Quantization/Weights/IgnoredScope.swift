public import ModelGraph

/// Which operations a pass leaves alone.
public struct IgnoredScope: Sendable, Equatable {
    /// Names of operations or of the constants that hold their weights.
    public var names: [String]
    /// Regular expressions that such a name begins with.
    public var patterns: [String]
    /// Types of operations, as IR names them: `MatMul`, `Convolution` …
    public var types: [String]

    public init(names: [String] = [], patterns: [String] = [], types: [String] = []) {
        self.names = names
        self.patterns = patterns
        self.types = types
    }

    /// The indices of the nodes that the scope names.
    /// - Throws: `QuantizationError.ignoredScope` where a rule names none, `.pattern` where one can't be read.
    public func nodes(of graph: Graph) throws(QuantizationError) -> Set<Int> {
        var found: Set<Int> = []
        func add(_ rule: String, _ candidates: [String], _ matches: (Node) -> Bool) throws(QuantizationError) {
            let indices = graph.nodes.indices.filter { matches(graph.nodes[$0]) }
            guard !indices.isEmpty else { throw .ignoredScope(rule, near: nearest(to: rule, among: candidates)) }
            found.formUnion(indices)
        }
        let all = graph.nodes.map(\.name)
        for name in names { try add(name, all) { $0.name == name } }
        for pattern in patterns {
            let expression: Regex<AnyRegexOutput>
            do {
                expression = try Regex(pattern)
            } catch {
                throw .pattern(pattern)
            }
            try add(pattern, all) { $0.name.prefixMatch(of: expression) != nil }
        }
        for type in types { try add(type, Array(Set(graph.nodes.map(\.type)))) { $0.type == type } }
        return found
    }
}

/// Up to three of `candidates` that differ from `word` by a third of its letters at most, the nearest first.
func nearest(to word: String, among candidates: [String]) -> [String] {
    let letters = Array(word.lowercased().utf8)
    let limit = max(2, letters.count / 3)
    let distances = candidates.compactMap { candidate -> (Int, String)? in
        let other = Array(candidate.lowercased().utf8)
        guard abs(other.count - letters.count) <= limit else { return nil }
        let distance = editDistance(letters, other)
        return distance <= limit ? (distance, candidate) : nil
    }
    return distances.sorted { $0 < $1 }.prefix(3).map(\.1)
}

/// Letters put in, taken out or replaced to make one of the other (Levenshtein).
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
