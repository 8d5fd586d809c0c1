import TensorStore

/// Reads options by name and type from a `scheduler_config.json`, where absent or null each with the class's default.
final class SchedulerConfigReader {
    private let json: JSONValue
    private let file: String
    private let override: [String: JSONValue]
    /// The options asked for so far: those that the class has.
    private(set) var known: Set<String> = []

    /// - Parameter override: options that win over the file's.
    init(_ json: JSONValue, file: String, overriding override: [String: JSONValue] = [:]) throws(SchedulerError) {
        guard json.object != nil else { throw .file(file, reason: "it must be an object in braces.") }
        self.json = json
        self.file = file
        self.override = override
    }

    func integer(_ key: String, default fallback: Int) throws(SchedulerError) -> Int {
        try read(key, "a whole number", \.int) ?? fallback
    }

    func number(_ key: String, default fallback: Double) throws(SchedulerError) -> Double {
        try number(key) ?? fallback
    }

    func number(_ key: String) throws(SchedulerError) -> Double? {
        try read(key, "a number", Self.finite)
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

    func integers(_ key: String) throws(SchedulerError) -> [Int]? {
        try read(key, "a list of whole numbers") { value in
            guard let list = value.array else { return nil }
            let numbers = list.compactMap(\.int)
            return numbers.count == list.count ? numbers : nil
        }
    }

    /// - Parameter synonyms: words that diffusers takes for one of the choices.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, default fallback: Choice, synonyms: [String: Choice] = [:]
    ) throws(SchedulerError) -> Choice {
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return try read(key, "one of \(known)") { value in
            value.string.flatMap { Choice(rawValue: $0) ?? synonyms[$0] }
        } ?? fallback
    }

    /// Refuses an option that is not supported, unless it is absent, null, or `inert`.
    func refuse(_ key: String, unless inert: JSONValue) throws(SchedulerError) {
        _ = try read(key, "\(inert), as nothing else is supported") { $0 == inert ? true : nil }
    }

    private func read<Value>(
        _ key: String, _ expected: String, _ convert: (JSONValue) -> Value?
    ) throws(SchedulerError) -> Value? {
        known.insert(key)
        let chosen = override[key]
        let given = json[key]
        guard let found = chosen ?? given, !found.isNull else { return nil }
        guard let value = convert(found) else {
            throw .option(key, expected: expected, found: "\(found)", file: chosen == nil ? file : nil)
        }
        return value
    }

    private static func finite(_ value: JSONValue) -> Double? {
        value.double.flatMap { $0.isFinite ? $0 : nil }
    }
}
