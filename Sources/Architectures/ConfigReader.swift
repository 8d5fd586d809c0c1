public import TensorStore

/// Reads the parameters of a diffusers or transformers class from its config.json by name, with the class's defaults.
///
/// Keys that are not parameters (`_class_name`, `torch_dtype` …) are ignored.
public typealias ConfigReader = OptionReader<ArchitectureError>

extension OptionReader where Failure == ArchitectureError {
    /// The range of sizes in a config; arithmetic over sizes can't overflow.
    private static var sizes: ClosedRange<Int> { 1...1 << 24 }
    /// The longest list in a config.
    static var listLimit: Int { 16 }

    /// - Parameters:
    ///   - className: the class name in errors.
    ///   - file: the file's name in errors.
    public convenience init(_ values: JSONValue, className: String, file: String) {
        // The square of a number must be finite in single precision.
        self.init(
            values, file: file, owner: className,
            rules: Rules(refusesNull: true, integers: Self.sizes, numbers: -1e18...1e18))
    }

    /// The class of the parameters.
    public var className: String { owner ?? "" }

    /// A flag; null means false where the reference tests it for truth.
    func bool(_ name: String, default fallback: Bool) throws(ArchitectureError) -> Bool {
        guard isPresent(name) else { return fallback }
        return try flag(name) ?? false
    }

    /// A list of 1 to 16 whole numbers.
    func integers(
        _ name: String, default fallback: [Int], in range: ClosedRange<Int>? = nil
    ) throws(ArchitectureError) -> [Int] {
        let expected = "a list of 1 to \(Self.listLimit) whole numbers"
        guard try !isLeftOut(name, expected), let value = given(name) else { return fallback }
        guard let list = value.array, !list.isEmpty, list.count <= Self.listLimit else { throw mismatch(name, expected) }
        return try checked(name, list, range ?? Self.sizes)
    }

    private func checked(_ name: String, _ value: JSONValue, _ range: ClosedRange<Int>) throws(ArchitectureError) -> Int {
        guard let number = value.int, range.contains(number) else { throw mismatch(name, Self.expected(range), found: value) }
        return number
    }

    private func checked(_ name: String, _ list: [JSONValue], _ range: ClosedRange<Int>) throws(ArchitectureError) -> [Int] {
        var numbers: [Int] = []
        for element in list { numbers.append(try checked(name, element, range)) }
        return numbers
    }

    /// One number, or an equal height and width, of at most 8192.
    func squareSize(_ name: String) throws(ArchitectureError) -> Int? {
        let range = 1...8192
        guard given(name)?.array != nil else { return try integer(name, in: range) }
        let sizes = try integers(name, default: [], in: range)
        guard sizes.count == 2 else { throw mismatch(name, "a whole number, or two") }
        guard sizes[0] == sizes[1] else {
            throw failure(name, .unsupported(found: given(name) ?? .null, supported: "a height and width that are the same"))
        }
        return sizes[0]
    }

    /// A number for every block: a list of `count`, or one for all.
    func perBlock(
        _ name: String, default fallback: Int, count: Int, in range: ClosedRange<Int>? = nil
    ) throws(ArchitectureError) -> [Int] {
        let expected = "a number, or one for each of \(count) blocks"
        guard try !isLeftOut(name, expected), let value = given(name) else { return Array(repeating: fallback, count: count) }
        guard value.array != nil else {
            return Array(repeating: try checked(name, value, range ?? Self.sizes), count: count)
        }
        let numbers = try integers(name, default: [], in: range)
        guard numbers.count == count else { throw mismatch(name, expected) }
        return numbers
    }

    /// Reads a number for each layer of each block. The config has one number for all, one for each block, or a list for each block.
    /// - Parameter layers: the number of layers of each block.
    func perLayer(_ name: String, default fallback: Int, layers: [Int]) throws(ArchitectureError) -> [[Int]] {
        guard try !isLeftOut(name, "a number, or one for each block"), let value = given(name) else {
            return layers.map { Array(repeating: fallback, count: $0) }
        }
        guard let list = value.array else {
            let number = try checked(name, value, 1...1024)
            return layers.map { Array(repeating: number, count: $0) }
        }
        guard list.count == layers.count else { throw mismatch(name, "one entry for each of \(layers.count) blocks") }
        var result: [[Int]] = []
        for (element, count) in zip(list, layers) {
            guard let inner = element.array else {
                result.append(Array(repeating: try checked(name, element, 0...1024), count: count))
                continue
            }
            guard inner.count == count else { throw mismatch(name, "lists as long as the blocks have layers") }
            result.append(try checked(name, inner, 0...1024))
        }
        return result
    }

    /// A flag for every block: a list of `count`, or one for all.
    func flags(_ name: String, default fallback: Bool, count: Int) throws(ArchitectureError) -> [Bool] {
        let expected = "true, false or one of them for each of \(count) blocks"
        guard try !isLeftOut(name, expected), let value = given(name) else { return Array(repeating: fallback, count: count) }
        if let flag = value.bool { return Array(repeating: flag, count: count) }
        guard let flags = value.list(\.bool), flags.count == count else { throw mismatch(name, expected) }
        return flags
    }

    func inconsistent(_ reason: String) -> ArchitectureError { .inconsistent(reason, class: className, file: file) }
}

extension ArchitectureError: OptionFailure {
    public init(_ error: OptionError) {
        let (name, file, type) = (error.key, error.file ?? "", error.owner ?? "")
        switch error.reason {
        case .unsupported(let found, let supported):
            self = .unsupported(parameter: name, value: "\(found)", supported: supported, class: type, file: file)
        case .choice(let known, .string(let word)):
            self = .unsupported(
                parameter: name, value: word, supported: known.joined(separator: ", "), class: type, file: file)
        default:
            let (expected, found) = error.phrases
            self = .parameter(name, value: found, expected: expected, class: type, file: file)
        }
    }
}
