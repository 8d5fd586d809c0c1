import TensorStore

/// Reads options by name and type from a `scheduler_config.json`, where absent or null each with the class's default.
struct SchedulerConfigReader {
    private let json: JSONValue
    private let file: String

    init(_ json: JSONValue, file: String) throws(SchedulerError) {
        guard json.object != nil else { throw .file(file, reason: "it must be an object in braces.") }
        self.json = json
        self.file = file
    }

    func integer(_ key: String, default fallback: Int) throws(SchedulerError) -> Int {
        try read(key, "a whole number", \.int) ?? fallback
    }

    func number(_ key: String, default fallback: Double) throws(SchedulerError) -> Double {
        try read(key, "a number", Self.finite) ?? fallback
    }

    func flag(_ key: String, default fallback: Bool) throws(SchedulerError) -> Bool {
        try read(key, "true or false", \.bool) ?? fallback
    }

    func numbers(_ key: String) throws(SchedulerError) -> [Double]? {
        try read(key, "a list of numbers") { value in
            guard let list = value.array else { return nil }
            let numbers = list.compactMap(Self.finite)
            return numbers.count == list.count ? numbers : nil
        }
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, default fallback: Choice
    ) throws(SchedulerError) -> Choice {
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return try read(key, "one of \(known)") { $0.string.flatMap(Choice.init(rawValue:)) } ?? fallback
    }

    private func read<Value>(
        _ key: String, _ expected: String, _ convert: (JSONValue) -> Value?
    ) throws(SchedulerError) -> Value? {
        guard let found = json[key], !found.isNull else { return nil }
        guard let value = convert(found) else {
            throw .option(key, expected: expected, found: "\(found)", file: file)
        }
        return value
    }

    private static func finite(_ value: JSONValue) -> Double? {
        value.double.flatMap { $0.isFinite ? $0 : nil }
    }
}
