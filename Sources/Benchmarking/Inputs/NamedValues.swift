import TensorStore

/// Values of inputs in `benchmark_app`'s form: `input1[1,3,224,224],input2[1,4]`, `[1,3,224,224]` for all inputs, or
/// several for one input, `input1[1,8][1,16]`.
public struct NamedValues: Sendable, Equatable {
    /// The texts between brackets; the key "" stands for every input that is not named.
    public let values: [String: [String]]

    /// - Parameter option: the option's name in errors.
    /// - Throws: `BenchmarkError.option` for text of another form.
    public init(_ text: String, option: String) throws(BenchmarkError) {
        func failure(_ reason: String) -> BenchmarkError {
            .option(option, value: text, reason: "\(reason); give NAME[VALUES],NAME[VALUES] or [VALUES]")
        }
        var values: [String: [String]] = [:]
        var rest = text[...].drop { $0 == " " }
        while !rest.isEmpty {
            guard let open = rest.firstIndex(of: "["), let close = rest[open...].firstIndex(of: "]") else {
                throw failure("the brackets are missing or not closed")
            }
            // A name may have brackets neither in it nor around it, but dots, slashes and colons.
            let name = rest[..<open].filter { $0 != " " && $0 != "," }
            guard values[name] == nil else { throw failure("'\(name.isEmpty ? "every input" : name)' is named twice") }
            var found = [String(rest[rest.index(after: open)..<close])]
            rest = rest[rest.index(after: close)...]
            while rest.first == "[" {
                guard let close = rest.firstIndex(of: "]") else { throw failure("a bracket is not closed") }
                found.append(String(rest[rest.index(after: rest.startIndex)..<close]))
                rest = rest[rest.index(after: close)...]
            }
            values[name] = found
            rest = rest.drop { $0 == " " }
            guard rest.isEmpty || rest.first == "," else { throw failure("a comma is missing before '\(rest.prefix(20))'") }
            rest = rest.dropFirst().drop { $0 == " " }
        }
        guard !values.isEmpty else { throw failure("it is empty") }
        self.values = values
    }

    /// The values of each input by its index.
    /// - Parameter inputs: index and name of each input.
    /// - Throws: `BenchmarkError.unknownInput` for a name that no input has.
    func byInput(
        _ inputs: [(index: Int, name: String)], find: (String) -> Int?, option: String
    ) throws(BenchmarkError) -> [Int: [String]] {
        var result: [Int: [String]] = [:]
        for (name, value) in values where !name.isEmpty {
            guard let index = find(name) else {
                throw .unknownInput(name, option: option, inputs: inputs.map(\.name))
            }
            result[index] = value
        }
        if let all = values[""] { for (index, _) in inputs where result[index] == nil { result[index] = all } }
        return result
    }
}

extension PartialShape {
    /// A shape in `benchmark_app`'s form: numbers, `?` or `-1` for any size, `1..8`, `2..`, `..8`; separated by commas.
    /// - Returns: nil for anything else.
    init?(benchmarkText text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in part.filter { $0 != " " } }
        if parts == [""] {
            self.init([])
            return
        }
        var dimensions: [Dimension] = []
        for part in parts {
            guard let dimension = Dimension(benchmarkText: part) else { return nil }
            dimensions.append(dimension)
        }
        self.init(dimensions)
    }
}

extension Dimension {
    fileprivate init?(benchmarkText text: String) {
        if text == "?" || text == "-1" {
            self = .any
        } else if let value = Int(text), value >= 0 {
            self = .fixed(value)
        } else if let range = text.firstRange(of: "..") {
            let (low, high) = (text[..<range.lowerBound], text[range.upperBound...])
            let (minimum, maximum) = (low.isEmpty ? 0 : Int(low), high.isEmpty ? nil : Int(high))
            guard let minimum, minimum >= 0, high.isEmpty || maximum.map({ $0 >= minimum }) == true else { return nil }
            self = .dynamic(minimum: minimum, maximum: maximum)
        } else {
            return nil
        }
    }
}
