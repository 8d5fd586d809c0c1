import TensorStore

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

    /// - Returns: nil for a word that is no precision.
    init?(irPrecision: String) {
        guard let type = Self.byPrecision[irPrecision] else { return nil }
        self = type
    }
}
