/// A GET request.
struct HTTPRequest: Sendable {
    /// An http or https URL.
    let url: String
    var headers: [(name: String, value: String)] = []
}

/// A response whose content is still to be read.
struct HTTPResponse: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: HTTPBody
}

/// Header fields of a response.
struct HTTPHeaders: Sendable {
    private var fields: [(name: String, value: String)]

    init(_ fields: [(name: String, value: String)] = []) { self.fields = fields }

    /// Value of the first field with this name, in upper or lower case.
    subscript(name: String) -> String? {
        let name = name.lowercased()
        return fields.first { $0.name.lowercased() == name }?.value
    }

    mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }
}

/// Status and header fields of a response, parsed line by line.
struct HTTPHead: Sendable {
    private(set) var status = 0
    private(set) var headers = HTTPHeaders()
    /// Whether the header has ended, and the body follows.
    private(set) var isComplete = false

    /// Adds a line with its line break: the status line, a field, or the empty line at the end. Later lines, such as fields
    /// after the body, are ignored.
    mutating func add(_ line: String) {
        guard !isComplete else { return }
        let line = line.trimming(while: \.isWhitespace)
        if line.hasPrefix("HTTP/") {
            self = HTTPHead()
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if line.isEmpty {
            // After an interim response (1xx) the final one follows.
            isComplete = !(100..<200).contains(status)
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].trimming(while: \.isWhitespace)
            headers.add(String(line[..<colon]), String(value))
        }
    }
}

extension StringProtocol {
    fileprivate func trimming(while isOutside: (Character) -> Bool) -> SubSequence {
        guard let first = firstIndex(where: { !isOutside($0) }), let last = lastIndex(where: { !isOutside($0) }) else {
            return self[endIndex...]
        }
        return self[first...last]
    }
}
