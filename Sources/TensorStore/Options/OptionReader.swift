/// Reads the options of a JSON object by name, type and range: configs of networks, schedulers and tokenizers, prompt files.
///
/// Methods without a default give nil where the option is absent or null. The reader remembers which options were asked for,
/// so that `refuseUnknownKeys` needs no second list of them.
public final class OptionReader<Failure: OptionFailure> {
    /// Rules for all options of an object.
    public struct Rules: Sendable {
        /// Whether null is an error for options with a default; otherwise it is the same as leaving the option out.
        public var refusesNull = false
        /// The range of whole numbers for which the call gives none.
        public var integers: ClosedRange<Int>?
        /// The range of other numbers for which the call gives none.
        public var numbers: ClosedRange<Double>?

        public init(
            refusesNull: Bool = false, integers: ClosedRange<Int>? = nil, numbers: ClosedRange<Double>? = nil
        ) {
            self.refusesNull = refusesNull
            self.integers = integers
            self.numbers = numbers
        }
    }

    /// The file's name, for errors; empty where the values are in no file.
    public let file: String
    /// The class that the options belong to, for errors.
    public let owner: String?
    private let values: JSONObject
    private let override: [String: JSONValue]
    private let rules: Rules
    /// The options asked for so far.
    public private(set) var asked: Set<String> = []

    /// - Parameters:
    ///   - values: the options; other values than an object have none.
    ///   - override: options set in code, which win over `values` and whose errors name no file.
    public init(
        _ values: JSONValue, file: String = "", owner: String? = nil, overriding override: [String: JSONValue] = [:],
        rules: Rules = Rules()
    ) {
        self.values = values.object ?? JSONObject()
        self.file = file
        self.owner = owner
        self.override = override
        self.rules = rules
    }

    // MARK: Presence

    /// Whether the option is there, null or not.
    public func isPresent(_ key: String) -> Bool { raw(key) != nil }

    /// Whether the option is there and not null.
    public func isGiven(_ key: String) -> Bool { given(key) != nil }

    /// The value as it is; nil where it is absent or null.
    public func given(_ key: String) -> JSONValue? {
        guard let value = raw(key), !value.isNull else { return nil }
        return value
    }

    private func raw(_ key: String) -> JSONValue? {
        asked.insert(key)
        return override[key] ?? values[key]
    }

    // MARK: Any type

    /// An option of any type; nil where it is absent or null.
    /// - Parameters:
    ///   - expected: completes "must be …".
    ///   - convert: nil for a value that is refused.
    public func value<Value>(
        _ key: String, _ expected: String, _ convert: (JSONValue) throws(Failure) -> Value?
    ) throws(Failure) -> Value? {
        guard let found = given(key) else { return nil }
        guard let value = try convert(found) else { throw mismatch(key, expected, found: found) }
        return value
    }

    /// An option that may not be absent or null: `reader.required("size") { try reader.integer($0) }`.
    public func required<Value>(_ key: String, _ read: (String) throws(Failure) -> Value?) throws(Failure) -> Value {
        guard let value = try read(key) else { throw failure(key, .missing) }
        return value
    }

    /// Whether an option with a default is left out: absent, or null where null is not refused.
    /// - Parameter expected: completes "must be …".
    /// - Throws: `OptionError.Reason.value` for a null that is refused.
    public func isLeftOut(_ key: String, _ expected: String) throws(Failure) -> Bool {
        guard let found = raw(key) else { return true }
        guard found.isNull else { return false }
        guard !rules.refusesNull else { throw mismatch(key, expected, found: found) }
        return true
    }

    // MARK: Numbers and flags

    /// A whole number written as one: `1`, not `1.0`.
    public func integer(_ key: String, in range: ClosedRange<Int>? = nil) throws(Failure) -> Int? {
        let range = range ?? rules.integers
        return try value(key, Self.expected(range)) { Self.integer($0, range) }
    }

    public func integer(_ key: String, default fallback: Int, in range: ClosedRange<Int>? = nil) throws(Failure) -> Int {
        try isLeftOut(key, Self.expected(range ?? rules.integers)) ? fallback : integer(key, in: range) ?? fallback
    }

    /// Any finite number.
    public func number(_ key: String, in range: ClosedRange<Double>? = nil) throws(Failure) -> Double? {
        let range = range ?? rules.numbers
        return try value(key, Self.expected(range)) { Self.number($0, range) }
    }

    public func number(_ key: String, default fallback: Double, in range: ClosedRange<Double>? = nil) throws(Failure) -> Double {
        try isLeftOut(key, Self.expected(range ?? rules.numbers)) ? fallback : number(key, in: range) ?? fallback
    }

    public func flag(_ key: String) throws(Failure) -> Bool? { try value(key, "true or false") { $0.bool } }

    public func flag(_ key: String, default fallback: Bool) throws(Failure) -> Bool {
        try isLeftOut(key, "true or false") ? fallback : flag(key) ?? fallback
    }

    // MARK: Texts and choices

    public func text(_ key: String, mayBeEmpty: Bool = false) throws(Failure) -> String? {
        try value(key, mayBeEmpty ? "text" : "text that is not empty") { value in
            value.string.flatMap { mayBeEmpty || $0.contains { !$0.isWhitespace } ? $0 : nil }
        }
    }

    /// One of a fixed set of words.
    /// - Parameter synonyms: further words for some of them.
    public func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, synonyms: [String: Choice] = [:]
    ) throws(Failure) -> Choice? {
        guard let found = given(key) else { return nil }
        return try choice(key, found, synonyms)
    }

    public func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, default fallback: Choice, synonyms: [String: Choice] = [:]
    ) throws(Failure) -> Choice {
        try isLeftOut(key, "a name") ? fallback : choice(key, synonyms: synonyms) ?? fallback
    }

    /// A list of words of a fixed set.
    /// - Parameter count: how long the list may be.
    public func choices<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, default fallback: [Choice], count: ClosedRange<Int>
    ) throws(Failure) -> [Choice] {
        let expected = "a list of \(count.lowerBound) to \(count.upperBound) names"
        guard try !isLeftOut(key, expected), let found = given(key) else { return fallback }
        guard let list = found.array, count.contains(list.count) else { throw mismatch(key, expected, found: found) }
        var choices: [Choice] = []
        for element in list { choices.append(try choice(key, element, [:])) }
        return choices
    }

    private func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ found: JSONValue, _ synonyms: [String: Choice]
    ) throws(Failure) -> Choice {
        if let word = found.string, let choice = Choice(rawValue: word) ?? synonyms[word] { return choice }
        throw failure(key, .choice(known: Choice.allCases.map(\.rawValue) + synonyms.keys.sorted(), found: found))
    }

    // MARK: Lists

    /// A list of whole numbers, any number of them.
    public func integers(_ key: String, in range: ClosedRange<Int>? = nil) throws(Failure) -> [Int]? {
        try value(key, "a list of whole numbers") { $0.list { Self.integer($0, range) } }
    }

    /// A list of finite numbers.
    public func numbers(_ key: String, in range: ClosedRange<Double>? = nil) throws(Failure) -> [Double]? {
        try value(key, "a list of numbers") { $0.list { Self.number($0, range) } }
    }

    // MARK: Refusals

    /// Refuses a value that is not implemented, unless it is absent, `neutral`, or null.
    /// - Parameter orNull: whether null is taken.
    public func refuse(_ key: String, unless neutral: JSONValue = .null, orNull: Bool = true) throws(Failure) {
        guard let found = raw(key), found != neutral, !(orNull && found.isNull) else { return }
        throw failure(key, .unsupported(found: found, supported: neutral.string ?? "\(neutral)"))
    }

    /// Refuses the first key of the file that is neither among `asked` nor among `known`.
    public func refuseUnknownKeys(known: Set<String> = []) throws(Failure) {
        if let failure = unknownKeys(known: known).first { throw failure }
    }

    /// The errors of all keys of the file that are neither among `asked` nor among `known`.
    /// - Parameter otherNames: names that other programs give to options.
    public func unknownKeys(known: Set<String> = [], otherNames: [String: String] = [:]) -> [Failure] {
        let known = asked.union(known)
        return values.keys.filter { !known.contains($0) }.map { key in
            let near = otherNames[key.lowercased()].map { [$0] } ?? nearest(to: key, among: known)
            return failure(key, .unknown(near: near.filter(known.contains), known: known.sorted()))
        }
    }

    // MARK: Errors

    public func failure(_ key: String, _ reason: OptionError.Reason) -> Failure {
        Failure(OptionError(key, reason, file: override[key] == nil && !file.isEmpty ? file : nil, owner: owner))
    }

    /// - Parameter expected: completes "must be …".
    public func mismatch(_ key: String, _ expected: String, found: JSONValue? = nil) -> Failure {
        failure(key, .value(expected: expected, found: found ?? raw(key) ?? .null))
    }

    /// The phrase for whole numbers in a range, which completes "must be …".
    public static func expected(_ range: ClosedRange<Int>?) -> String {
        range.map { "a whole number from \($0.lowerBound) to \($0.upperBound)" } ?? "a whole number"
    }

    private static func expected(_ range: ClosedRange<Double>?) -> String {
        range.map { "a number from \($0.lowerBound) to \($0.upperBound)" } ?? "a number"
    }

    private static func integer(_ value: JSONValue, _ range: ClosedRange<Int>?) -> Int? {
        value.int.flatMap { range?.contains($0) ?? true ? $0 : nil }
    }

    private static func number(_ value: JSONValue, _ range: ClosedRange<Double>?) -> Double? {
        value.double.flatMap { $0.isFinite && range?.contains($0) ?? true ? $0 : nil }
    }
}

extension JSONValue {
    /// The elements of an array, each converted; nil where this is not an array or an element is refused.
    public func list<Element>(_ convert: (JSONValue) -> Element?) -> [Element]? {
        guard let array else { return nil }
        let elements = array.compactMap(convert)
        return elements.count == array.count ? elements : nil
    }
}
