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

    private func value(_ name: String) -> JSONValue? {
        guard let value = values[name], !value.isNull else { return nil }
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
    func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int> = 1...1 << 24) throws(ArchitectureError) -> Int {
        try optionalInteger(name, in: range) ?? fallback
    }

    func optionalInteger(_ name: String, in range: ClosedRange<Int> = 1...1 << 24) throws(ArchitectureError) -> Int? {
        guard let value = value(name) else { return nil }
        return try checked(name, value, range)
    }

    private func checked(_ name: String, _ value: JSONValue, _ range: ClosedRange<Int>) throws(ArchitectureError) -> Int {
        guard let number = value.int, range.contains(number) else {
            throw mismatch(name, value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func double(_ name: String, default fallback: Double) throws(ArchitectureError) -> Double {
        guard let value = value(name) else { return fallback }
        guard let number = value.double, number.isFinite else { throw mismatch(name, value, "a number") }
        return number
    }

    func bool(_ name: String, default fallback: Bool) throws(ArchitectureError) -> Bool {
        guard let value = value(name) else { return fallback }
        guard let flag = value.bool else { throw mismatch(name, value, "true or false") }
        return flag
    }

    func integers(_ name: String, default fallback: [Int], in range: ClosedRange<Int> = 1...1 << 24) throws(ArchitectureError) -> [Int] {
        guard let value = value(name) else { return fallback }
        guard let list = value.array, !list.isEmpty, list.count <= 64 else { throw mismatch(name, value, "a list of whole numbers") }
        var numbers: [Int] = []
        for element in list { numbers.append(try checked(name, element, range)) }
        return numbers
    }

    /// A number for every block: a list of `count`, or one for all.
    func perBlock(_ name: String, default fallback: Int, count: Int) throws(ArchitectureError) -> [Int] {
        guard let value = value(name) else { return Array(repeating: fallback, count: count) }
        guard value.array != nil else { return Array(repeating: try checked(name, value, 1...1 << 24), count: count) }
        let numbers = try integers(name, default: [])
        guard numbers.count == count else { throw mismatch(name, value, "one number for each of \(count) blocks") }
        return numbers
    }

    /// A number for every layer of every block: one for all, one for each block, or a list for each block.
    /// - Parameter layers: how many layers each block has.
    func perLayer(_ name: String, default fallback: Int, layers: [Int]) throws(ArchitectureError) -> [[Int]] {
        guard let value = value(name) else { return layers.map { Array(repeating: fallback, count: $0) } }
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
        guard let value = value(name) else { return Array(repeating: fallback, count: count) }
        if let flag = value.bool { return Array(repeating: flag, count: count) }
        let flags = (value.array ?? []).compactMap(\.bool)
        guard flags.count == count, value.array?.count == count else {
            throw mismatch(name, value, "true, false or one of them for each of \(count) blocks")
        }
        return flags
    }

    /// One of a fixed set of words; `aliases` are further words for them.
    func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ name: String, default fallback: Choice, aliases: [String: Choice] = [:]
    ) throws(ArchitectureError) -> Choice where Choice.RawValue == String {
        try optionalChoice(name, aliases: aliases) ?? fallback
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
        guard let value = value(name) else { return fallback }
        guard let list = value.array, !list.isEmpty, list.count <= 64 else { throw mismatch(name, value, "a list of names") }
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

    func refuse(_ name: String, unless neutral: String) throws(ArchitectureError) {
        if let value = value(name), value.string != neutral { throw unsupported(name, "\(value)", supported: neutral) }
    }

    func unsupported(_ name: String, _ value: String, supported: String) -> ArchitectureError {
        .unsupported(parameter: name, value: value, supported: supported, class: className, file: file)
    }

    func inconsistent(_ reason: String) -> ArchitectureError { .inconsistent(reason, class: className, file: file) }
}
