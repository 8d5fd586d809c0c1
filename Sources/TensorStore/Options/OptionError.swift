/// An error in one option of a JSON object.
public struct OptionError: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        /// A required option is absent or null.
        case missing
        /// A value of another type, or outside its range. `expected` completes "must be …".
        case value(expected: String, found: JSONValue)
        /// A word outside a fixed set, or a value that is not a word.
        case choice(known: [String], found: JSONValue)
        /// A valid value that is not implemented; `supported` is the only one that is.
        case unsupported(found: JSONValue, supported: String)
        /// A key that is not an option. `near` are options that are spelled alike.
        case unknown(near: [String], known: [String])
    }

    public let key: String
    public let reason: Reason
    /// The file's name; nil for an option that was set in code.
    public let file: String?
    /// The class or kind of object that the options belong to; nil where the file says it all.
    public let owner: String?

    public init(_ key: String, _ reason: Reason, file: String?, owner: String? = nil) {
        self.key = key
        self.reason = reason
        self.file = file
        self.owner = owner
    }
}

extension OptionError {
    /// The facts as two phrases, for errors of the form "KEY must be EXPECTED; it is FOUND".
    public var phrases: (expected: String, found: String) {
        switch reason {
        case .missing: ("given", "missing")
        case .value(let expected, let found): (expected, found.abbreviated)
        case .choice(let known, let found): ("one of \(known.joined(separator: ", "))", found.abbreviated)
        case .unsupported(let found, let supported): ("\(supported), as nothing else is supported", found.abbreviated)
        case .unknown(let near, let known):
            ("one of \((near.isEmpty ? known : near).joined(separator: ", "))", "not an option")
        }
    }
}

/// A module's own error type for options, so that its readers throw one type.
public protocol OptionFailure: Error {
    init(_ error: OptionError)
}

extension OptionError: OptionFailure {
    public init(_ error: OptionError) { self = error }
}

extension OptionError: CustomStringConvertible {
    private static let shownKeyLength = 40

    public var description: String {
        let name = key.count > Self.shownKeyLength ? "\(key.prefix(Self.shownKeyLength))…" : key
        let option = "\(file.map { "\($0): " } ?? "")\(name)\(owner.map { " of \($0)" } ?? "")"
        switch reason {
        case .missing: return "\(option) is missing."
        case .value(let expected, let found): return "\(option) must be \(expected); it is \(found.abbreviated)."
        case .choice(let known, let found):
            return "\(option) must be one of \(known.joined(separator: ", ")); it is \(found.abbreviated)."
        case .unsupported(let found, let supported):
            return "\(option) is \(found.abbreviated), which is not supported; \(supported) is."
        case .unknown(let near, let known):
            let hint =
                near.isEmpty ? "known are \(known.joined(separator: ", "))" : "did you mean \(near.joined(separator: " or "))?"
            return "\(option) is not an option; \(hint)\(near.isEmpty ? "." : "")"
        }
    }
}

extension JSONValue {
    /// The value for an error message, at most a line long.
    public var abbreviated: String {
        let limit = 80
        let text = description
        return text.count > limit ? "\(text.prefix(limit))…" : text
    }
}

/// Up to three of `candidates` that resemble `word`, the nearest first: for "did you mean" in errors.
///
/// Those that begin with the word are meant first, as `negative_prompt` by `neg`; the shortest of them is the nearest.
/// A candidate resembles the word where at most a third of the word's letters, and two in any case, are inserted, deleted or
/// replaced (Levenshtein's distance), and at most twice as many as in the best candidate. Upper and lower case are the same, and so are `-` and `_`.
public func nearest(to word: String, among candidates: some Collection<String>) -> [String] {
    /// Words in errors are short; a longer one is not worth comparing.
    let lengthLimit = 256
    let letters = normalized(word)
    guard letters.count <= lengthLimit else { return [] }
    let longer =
        letters.count < 2 ? [] : candidates.filter { $0.utf8.count > letters.count && normalized($0).starts(with: letters) }
    guard longer.isEmpty else { return longer.sorted { ($0.count, $0) < ($1.count, $1) }.prefix(3).map(\.self) }
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
