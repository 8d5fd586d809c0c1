/// An error in options from JSON.
public enum RequestOptionError: Error, Equatable, Sendable {
    /// - Parameters:
    ///   - near: keys with similar spelling.
    ///   - known: all keys.
    case unknownKey(String, near: [String], known: [String])
    case value(key: String, expected: String, found: String)
}

extension RequestOptionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownKey(let key, let near, let known):
            "there is no option '\(key)'; "
                + (near.isEmpty
                    ? "there are \(known.joined(separator: ", "))."
                    : "the nearest \(near.count == 1 ? "is" : "are") \(near.joined(separator: ", ")).")
        case .value(let key, let expected, let found): "'\(key)' must be \(expected); it is \(found)."
        }
    }
}
