public import TensorStore

extension JSONValue {
    /// An object of these members, each key once; those that are nil are left out.
    public static func members(_ members: [(String, JSONValue?)]) -> JSONValue {
        let text = members.compactMap { key, value in value.map { "\(JSONValue.string(key)): \($0)" } }
        // What is written by the same type is always read again.
        return (try? JSONValue(parsing: "{\(text.joined(separator: ", "))}".utf8)) ?? .object(JSONObject())
    }

    public static func integers(_ numbers: [Int]) -> JSONValue { .array(numbers.map(JSONValue.integer)) }

    public static func strings(_ words: [String]) -> JSONValue { .array(words.map(JSONValue.string)) }
}
