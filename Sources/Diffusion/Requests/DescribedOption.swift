import TensorStore

/// The JSON form of an option's values, and the allowed values.
struct OptionForm<Value: Sendable>: Sendable {
    /// The allowed values, as a phrase that follows "must be".
    let expected: String
    /// nil for JSON of another type or form.
    let read: @Sendable (JSONValue) -> Value?
    /// nil for a value that JSON can't hold, such as a picture in memory.
    let json: @Sendable (Value) -> JSONValue?
    /// Whether a value of the type is in range.
    var allows: @Sendable (Value) -> Bool = { _ in true }
}

/// An option of `Root` under its name in JSON: defines how it is read, checked and written.
struct DescribedOption<Root>: Sendable {
    let key: String
    let expected: String
    /// Sets the option; false, with the option unchanged, where the value has another type or is out of range.
    let read: @Sendable (JSONValue, inout Root) -> Bool
    /// The value in JSON; nil where it is the default.
    let json: @Sendable (Root) -> JSONValue?
    /// The value as text, if it is out of range.
    let refused: @Sendable (Root) -> String?

    /// An option that is nil by default.
    init<Value>(_ key: String, _ path: any WritableKeyPath<Root, Value?> & Sendable, _ form: OptionForm<Value>) {
        self.key = key
        expected = form.expected
        read = { value, root in
            guard let value = form.read(value), form.allows(value) else { return false }
            root[keyPath: path] = value
            return true
        }
        json = { $0[keyPath: path].flatMap(form.json) }
        refused = { root in
            guard let value = root[keyPath: path], !form.allows(value) else { return nil }
            return "\(value)"
        }
    }

    /// An option that always has a value.
    /// - Parameter standard: the default, which is not written; nil to write every value.
    init<Value: Equatable & Sendable>(
        _ key: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ form: OptionForm<Value>, omitting standard: Value?
    ) {
        self.key = key
        expected = form.expected
        read = { value, root in
            guard let value = form.read(value), form.allows(value) else { return false }
            root[keyPath: path] = value
            return true
        }
        json = { root in
            let value = root[keyPath: path]
            return value == standard ? nil : form.json(value)
        }
        refused = { root in
            let value = root[keyPath: path]
            return form.allows(value) ? nil : "\(value)"
        }
    }
}

// MARK: Forms

extension OptionForm<String> {
    static let text = OptionForm(
        expected: "text that is not empty", read: \.string, json: { .string($0) },
        allows: { $0.contains { !$0.isWhitespace } })
    static let anyText = OptionForm(expected: "text", read: \.string, json: { .string($0) })
}

extension OptionForm<[String]> {
    /// One text, or an array of texts; always written as an array.
    static let texts = OptionForm(
        expected: "text, or an array of texts",
        read: { value in
            let texts = (value.array ?? [value]).map(\.string)
            return texts.contains(nil) ? nil : texts.compactMap(\.self)
        },
        json: { .array($0.map { .string($0) }) }, allows: { !$0.contains("") })
}

extension OptionForm<Bool> {
    static let flag = OptionForm(expected: "true or false", read: \.bool, json: { .bool($0) })
}

extension OptionForm<Int> {
    static func integer(in range: ClosedRange<Int>) -> OptionForm {
        OptionForm(
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)", read: \.int, json: { .integer($0) },
            allows: { range.contains($0) })
    }
}

extension OptionForm<[Int]> {
    static let integers = OptionForm(
        expected: "an array of whole numbers",
        read: { value in
            let numbers = value.array?.map(\.int) ?? [nil]
            return numbers.contains(nil) ? nil : numbers.compactMap(\.self)
        },
        json: { .array($0.map { .integer($0) }) })
}

extension OptionForm<Double> {
    /// - Parameter expected: the range in words.
    static func number(_ expected: String, where allows: @escaping @Sendable (Double) -> Bool) -> OptionForm {
        OptionForm(expected: expected, read: \.double, json: { .double($0) }, allows: allows)
    }
}

extension OptionForm<[Float]> {
    static let numbers = OptionForm(
        expected: "an array of numbers",
        read: { value in
            let numbers = value.array?.map(\.double) ?? [nil]
            return numbers.contains(nil) ? nil : numbers.compactMap { $0.map { Float($0) } }
        },
        json: { .array($0.map { .double(Double("\($0)") ?? 0) }) }, allows: { $0.allSatisfy(\.isFinite) })
}

extension OptionForm<UInt64> {
    /// Numbers above `Int.max` are written as text, which keeps all of their digits in every reader of JSON. -1 and `random` are
    /// read as a random number.
    static let seed = OptionForm(
        expected: GenerationRequest.seedRange,
        read: { value in
            (value.int.map { "\($0)" } ?? value.string).flatMap { text in
                GenerationRequest.isRandomSeed(text) ? GenerationRequest.randomSeed() : UInt64(text)
            }
        },
        json: { seed in Int(exactly: seed).map { .integer($0) } ?? .string("\(seed)") })
}

extension OptionForm where Value: RawRepresentable<String> & CaseIterable {
    static var choice: OptionForm {
        OptionForm(
            expected: "one of " + Value.allCases.map(\.rawValue).joined(separator: ", "),
            read: { $0.string.flatMap { Value(rawValue: $0) } }, json: { .string($0.rawValue) })
    }
}
