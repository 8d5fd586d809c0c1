import TensorStore

/// The reader of a request's options. Every key must be known, and every value must have its type and be in range.
///
/// Keys are in snake_case. Metadata of earlier versions has `loras`, `embeddings` and the same names in camelCase; both forms are
/// read.
struct RequestOptionReader {
    private let reader: OptionReader<OptionError>
    private let known: Set<String>
    private(set) var errors: [OptionError] = []

    /// - Parameter known: the allowed keys.
    init(_ members: some Sequence<(key: String, value: JSONValue)>, known: [String]) {
        let known = Set(known)
        let current = members.map { key, value in
            let name = Self.currentName(of: key)
            return (key: known.contains(name) ? name : key, value: value)
        }
        reader = OptionReader(.object(JSONObject(current)))
        self.known = known
    }

    /// Sets the options of `root` from the object; an option with an error stays unchanged.
    mutating func read<Root>(_ options: [DescribedOption<Root>], into root: inout Root) {
        for option in options {
            guard let value = reader.given(option.key), !option.read(value, &root) else { continue }
            errors.append(reader.mismatch(option.key, option.expected, found: value))
        }
    }

    /// Ends the reading: unknown keys are errors.
    mutating func refuseUnknownKeys() { errors += reader.unknownKeys(known: known, otherNames: Self.otherNames) }

    /// Sets the options of `root` from a decoder.
    /// - Throws: the first `OptionError`.
    static func decode<Root>(_ decoder: any Decoder, _ options: [DescribedOption<Root>], into root: inout Root) throws {
        var reader = RequestOptionReader(
            try decoder.container(keyedBy: OptionKey.self).members(), known: options.map(\.key))
        reader.read(options, into: &root)
        reader.refuseUnknownKeys()
        if let error = reader.errors.first { throw error }
    }

    /// Whether the option is there and not null.
    func contains(_ key: String) -> Bool { reader.isGiven(key) }

    private static func currentName(of key: String) -> String {
        switch key {
        case "loras": return "lora"
        case "embeddings": return "embedding"
        default: break
        }
        guard key.contains(where: \.isUppercase), !key.contains("_"), !key.contains("-") else { return key }
        return key.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : "\($1)" }
    }

    private static let otherNames = [
        "text": "prompt", "negative": "negative_prompt", "num_inference_steps": "steps", "cfg": "guidance_scale",
        "cfg_scale": "guidance_scale", "guidance": "guidance_scale", "denoising_strength": "strength", "init_image": "image",
        "mask_image": "mask", "n": "count", "num_images": "count", "num_images_per_prompt": "count", "sampler": "scheduler",
        "file": "output", "filename": "output",
    ]
}

// MARK: Codable

/// A key of any name.
struct OptionKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}

/// A JSON value for `Codable` coders, without members of objects, which no option has.
private struct CodableValue: Codable {
    let value: JSONValue

    init(_ value: JSONValue) { self.value = value }

    init(from decoder: any Decoder) throws {
        if var array = try? decoder.unkeyedContainer() {
            var values: [JSONValue] = []
            while !array.isAtEnd { values.append(try array.decode(CodableValue.self).value) }
            value = .array(values)
            return
        }
        guard let container = try? decoder.singleValueContainer() else {
            value = .object(JSONObject())
            return
        }
        if container.decodeNil() {
            value = .null
        } else if let flag = try? container.decode(Bool.self) {
            value = .bool(flag)
        } else if let number = try? container.decode(Int.self) {
            value = .integer(number)
        } else if let number = try? container.decode(UInt64.self) {
            value = .string("\(number)")
        } else if let number = try? container.decode(Double.self) {
            value = .double(number)
        } else if let text = try? container.decode(String.self) {
            value = .string(text)
        } else {
            value = .object(JSONObject())
        }
    }

    func encode(to encoder: any Encoder) throws {
        if case .array(let values) = value {
            var container = encoder.unkeyedContainer()
            for value in values { try container.encode(CodableValue(value)) }
            return
        }
        var container = encoder.singleValueContainer()
        switch value {
        case .bool(let flag): try container.encode(flag)
        case .integer(let number): try container.encode(number)
        case .double(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .null, .array, .object: try container.encodeNil()
        }
    }
}

extension KeyedDecodingContainer<OptionKey> {
    /// All members, in the order of their keys.
    func members() throws -> [(key: String, value: JSONValue)] {
        try allKeys.sorted { $0.stringValue < $1.stringValue }.map {
            (key: $0.stringValue, value: try decode(CodableValue.self, forKey: $0).value)
        }
    }
}

extension KeyedEncodingContainer<OptionKey> {
    mutating func encode(_ values: [String: JSONValue]) throws {
        for (key, value) in values { try encode(CodableValue(value), forKey: OptionKey(key)) }
    }
}
