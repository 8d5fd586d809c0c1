public import TensorStore

/// Reads the parameters of a diffusers or transformers class from its config.json, each by its name and with the class's
/// own default.
///
/// Keys that are no parameter (`_class_name`, `torch_dtype` …) are never asked for, and so are ignored.
public struct ConfigReader: Sendable {
    private let values: JSONValue
    /// The class that the parameters are of, for messages.
    public let className: String
    /// The file they were read from, for messages.
    public let file: String

    public init(_ values: JSONValue, className: String, file: String) {
        self.values = values
        self.className = className
        self.file = file
    }

    /// A parameter whose null means the same as leaving it out.
    private func value(_ name: String) -> JSONValue? {
        guard let value = values[name], !value.isNull else { return nil }
        return value
    }

    /// A parameter that the class gives a default, and that can't be null.
    private func value(_ name: String, neverNull expected: String) throws(ArchitectureError) -> JSONValue? {
        guard let value = values[name] else { return nil }
        guard !value.isNull else { throw mismatch(name, value, expected) }
        return value
    }

    /// Whether the parameter is in the file, null or not.
    func isPresent(_ name: String) -> Bool { values[name] != nil }

    /// Whether the parameter is given and not null.
    func isGiven(_ name: String) -> Bool { value(name) != nil }

    private func mismatch(_ name: String, _ value: JSONValue, _ expected: String) -> ArchitectureError {
        .parameter(name, value: "\(value)", expected: expected, class: className, file: file)
    }

    /// - Parameter range: what the network can be built with; sizes are bounded so that arithmetic over them can't overflow.
    func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int> = 1...1 << 24) throws(ArchitectureError) -> Int
    {
        guard let value = try value(name, neverNull: Self.expected(range)) else { return fallback }
        return try checked(name, value, range)
    }

    func optionalInteger(_ name: String, in range: ClosedRange<Int> = 1...1 << 24) throws(ArchitectureError) -> Int? {
        guard let value = value(name) else { return nil }
        return try checked(name, value, range)
    }

    private func checked(_ name: String, _ value: JSONValue, _ range: ClosedRange<Int>) throws(ArchitectureError) -> Int {
        guard let number = value.int, range.contains(number) else { throw mismatch(name, value, Self.expected(range)) }
        return number
    }

    private static func expected(_ range: ClosedRange<Int>) -> String {
        "a whole number from \(range.lowerBound) to \(range.upperBound)"
    }

    /// - Parameter range: by default what has a finite square in single precision.
    func double(
        _ name: String, default fallback: Double, in range: ClosedRange<Double> = -1e18...1e18
    ) throws(ArchitectureError) -> Double {
        let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
        guard let value = try value(name, neverNull: expected) else { return fallback }
        guard let number = value.double, range.contains(number) else { throw mismatch(name, value, expected) }
        return number
    }

    /// A number that null means 0 for.
    func doubleOrZero(_ name: String) throws(ArchitectureError) -> Double {
        value(name) == nil ? 0 : try double(name, default: 0)
    }

    /// A flag; null is false, as where the reference asks for its truth.
    func bool(_ name: String, default fallback: Bool) throws(ArchitectureError) -> Bool {
        guard let value = values[name] else { return fallback }
        guard let flag = value.isNull ? false : value.bool else { throw mismatch(name, value, "true or false") }
        return flag
    }

    func integers(_ name: String, default fallback: [Int], in range: ClosedRange<Int> = 1...1 << 24) throws(ArchitectureError)
        -> [Int]
    {
        let expected = "a list of whole numbers"
        guard let value = try value(name, neverNull: expected) else { return fallback }
        guard let list = value.array, !list.isEmpty, list.count <= 64 else { throw mismatch(name, value, expected) }
        var numbers: [Int] = []
        for element in list { numbers.append(try checked(name, element, range)) }
        return numbers
    }

    /// One number, or height and width, which must be the same.
    func squareSize(_ name: String) throws(ArchitectureError) -> Int? {
        guard let value = value(name), value.array != nil else { return try optionalInteger(name) }
        let sizes = try integers(name, default: [])
        guard sizes.count == 2 else { throw mismatch(name, value, "a whole number, or two") }
        guard sizes[0] == sizes[1] else {
            throw unsupported(name, "\(value)", supported: "a height and width that are the same")
        }
        return sizes[0]
    }

    /// A number for every block: a list of `count`, or one for all.
    func perBlock(
        _ name: String, default fallback: Int, count: Int, in range: ClosedRange<Int> = 1...1 << 24
    ) throws(ArchitectureError) -> [Int] {
        let expected = "a number, or one for each of \(count) blocks"
        guard let value = try value(name, neverNull: expected) else { return Array(repeating: fallback, count: count) }
        guard value.array != nil else { return Array(repeating: try checked(name, value, range), count: count) }
        let numbers = try integers(name, default: [], in: range)
        guard numbers.count == count else { throw mismatch(name, value, expected) }
        return numbers
    }

    /// A number for every layer of every block: one for all, one for each block, or a list for each block.
    /// - Parameter layers: how many layers each block has.
    func perLayer(_ name: String, default fallback: Int, layers: [Int]) throws(ArchitectureError) -> [[Int]] {
        guard let value = try value(name, neverNull: "a number, or one for each block") else {
            return layers.map { Array(repeating: fallback, count: $0) }
        }
        guard let list = value.array else {
            let number = try checked(name, value, 1...1024)
            return layers.map { Array(repeating: number, count: $0) }
        }
        guard list.count == layers.count else { throw mismatch(name, value, "one entry for each of \(layers.count) blocks") }
        var result: [[Int]] = []
        for (element, count) in zip(list, layers) {
            guard let inner = element.array else {
                result.append(Array(repeating: try checked(name, element, 0...1024), count: count))
                continue
            }
            guard inner.count == count else { throw mismatch(name, value, "lists as long as the blocks have layers") }
            var numbers: [Int] = []
            for number in inner { numbers.append(try checked(name, number, 0...1024)) }
            result.append(numbers)
        }
        return result
    }

    /// A flag for every block: a list of `count`, or one for all.
    func flags(_ name: String, default fallback: Bool, count: Int) throws(ArchitectureError) -> [Bool] {
        let expected = "true, false or one of them for each of \(count) blocks"
        guard let value = try value(name, neverNull: expected) else { return Array(repeating: fallback, count: count) }
        if let flag = value.bool { return Array(repeating: flag, count: count) }
        let flags = (value.array ?? []).compactMap(\.bool)
        guard flags.count == count, value.array?.count == count else { throw mismatch(name, value, expected) }
        return flags
    }

    /// One of a fixed set of words; `aliases` are further words for them.
    func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ name: String, default fallback: Choice, aliases: [String: Choice] = [:]
    ) throws(ArchitectureError) -> Choice where Choice.RawValue == String {
        guard let value = try value(name, neverNull: "a name") else { return fallback }
        return try choice(name, value, aliases)
    }

    func optionalChoice<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ name: String, aliases: [String: Choice] = [:]
    ) throws(ArchitectureError) -> Choice? where Choice.RawValue == String {
        guard let value = value(name) else { return nil }
        return try choice(name, value, aliases)
    }

    func choices<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ name: String, default fallback: [Choice]
    ) throws(ArchitectureError) -> [Choice] where Choice.RawValue == String {
        let expected = "a list of names"
        guard let value = try value(name, neverNull: expected) else { return fallback }
        guard let list = value.array, !list.isEmpty, list.count <= 64 else { throw mismatch(name, value, expected) }
        var choices: [Choice] = []
        for element in list { choices.append(try choice(name, element, [:])) }
        return choices
    }

    private func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ value: JSONValue, _ aliases: [String: Choice]
    ) throws(ArchitectureError) -> Choice where Choice.RawValue == String {
        guard let word = value.string else { throw mismatch(name, value, "a name") }
        guard let choice = Choice(rawValue: word) ?? aliases[word] else {
            let known = Choice.allCases.map(\.rawValue) + aliases.keys.sorted()
            throw unsupported(name, word, supported: known.joined(separator: ", "))
        }
        return choice
    }

    /// Refuses a parameter that is implemented for its default alone, where it is given with another value than null and
    /// the one that means the default.
    func refuse(_ name: String) throws(ArchitectureError) {
        if let value = value(name) { throw unsupported(name, "\(value)", supported: "null") }
    }

    func refuse(_ name: String, unless neutral: Bool) throws(ArchitectureError) {
        if let value = value(name), value.bool != neutral { throw unsupported(name, "\(value)", supported: "\(neutral)") }
    }

    func refuse(_ name: String, unless neutral: String, orNull: Bool = true) throws(ArchitectureError) {
        if let value = values[name], value.string != neutral, !(orNull && value.isNull) {
            throw unsupported(name, "\(value)", supported: neutral)
        }
    }

    func unsupported(_ name: String, _ value: String, supported: String) -> ArchitectureError {
        .unsupported(parameter: name, value: value, supported: supported, class: className, file: file)
    }

    func inconsistent(_ reason: String) -> ArchitectureError { .inconsistent(reason, class: className, file: file) }
}
