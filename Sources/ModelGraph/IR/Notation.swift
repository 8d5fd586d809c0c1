import TensorStore

// How IR writes shapes and lists of names as text.

extension PartialShape {
    /// The notation of IR's `shape` attribute: `1,?,2..8`; `...` for any rank.
    var irDescription: String { dimensions?.map(\.description).joined(separator: ",") ?? "..." }

    /// Reads IR's notation: `1,3,8`, `?`, `-1`, `1..8`, `2..`, `..8`, `...`, nothing for a scalar.
    init?(irDescription text: String) {
        let text = text.trimmingSpaces
        if text.isEmpty {
            self.init([])
            return
        }
        if text == "..." {
            self = .any
            return
        }
        var dimensions: [Dimension] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let dimension = Dimension(irDescription: part.trimmingSpaces) else { return nil }
            dimensions.append(dimension)
        }
        self.init(dimensions)
    }
}

extension Dimension {
    fileprivate init?(irDescription text: Substring) {
        if text == "?" || text == "-1" {
            self = .any
        } else if let size = Int(text), size >= 0 {
            self = .fixed(size)
        } else if let dots = text.firstRange(of: "..") {
            let (low, high) = (text[..<dots.lowerBound], text[dots.upperBound...])
            guard let minimum = low.isEmpty ? 0 : Int(low), high.isEmpty || Int(high) != nil, minimum >= 0,
                minimum <= Int(high) ?? .max
            else { return nil }
            self = minimum == Int(high) ? .fixed(minimum) : .dynamic(minimum: minimum, maximum: Int(high))
        } else {
            return nil
        }
    }
}

extension StringProtocol {
    fileprivate var trimmingSpaces: SubSequence {
        let start = drop { $0.isWhitespace }
        return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? start.prefix(0)
    }
}

/// Tensor names as one attribute, separated by commas. A comma inside of a name is escaped with a backslash. Backslashes are not
/// escaped, so a backslash at the end of a name would join it to the next name.
/// - Returns: nil if two names would be joined.
func irNames(_ names: [String]) -> String? {
    guard names.dropLast().allSatisfy({ $0.utf8.last != UInt8(ascii: "\\") }) else { return nil }
    var text: [UInt8] = []
    for name in names {
        if !text.isEmpty { text.append(UInt8(ascii: ",")) }
        for byte in name.utf8 {
            if byte == UInt8(ascii: ",") { text.append(UInt8(ascii: "\\")) }
            text.append(byte)
        }
    }
    return String(decoding: text, as: UTF8.self)
}

/// The names in the attribute that `irNames` writes.
func tensorNames(_ text: String) -> [String] {
    // By bytes: a comma with a combining character is one Character, and yet a comma.
    var names: [[UInt8]] = [[]]
    for byte in text.utf8 {
        if byte != UInt8(ascii: ",") {
            names[names.count - 1].append(byte)
        } else if names[names.count - 1].last == UInt8(ascii: "\\") {
            names[names.count - 1][names[names.count - 1].count - 1] = byte
        } else {
            names.append([])
        }
    }
    return names.filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
}

extension ElementType {
    /// IR's word for the type at a port (`<port precision="FP16">`); `<data>` uses the raw value.
    var irPrecision: String {
        switch self {
        case .boolean: "BOOL"
        case .f16: "FP16"
        case .f32: "FP32"
        case .f64: "FP64"
        case .u1: "BIN"
        case .dynamic: "UNSPECIFIED"
        default: rawValue.uppercased()
        }
    }

    private static let byPrecision = Dictionary(uniqueKeysWithValues: allCases.map { ($0.irPrecision, $0) })

    /// - Returns: nil for a word that is not a precision.
    init?(irPrecision: String) {
        guard let type = Self.byPrecision[irPrecision] else { return nil }
        self = type
    }
}
