import COpenVINO

/// The status code of a call of the C API (`ov_status_e`).
public struct Status: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    init(_ status: ov_status_e) { rawValue = Int32(status.rawValue) }

    public static let ok = Status(rawValue: 0)
    /// Almost every exception of the runtime; its message says more.
    public static let generalError = Status(rawValue: -1)
    public static let notImplemented = Status(rawValue: -2)
    public static let notFound = Status(rawValue: -5)
    public static let outOfBounds = Status(rawValue: -6)
    public static let unexpected = Status(rawValue: -7)
    /// The request is being inferred.
    public static let requestBusy = Status(rawValue: -8)
    public static let resultNotReady = Status(rawValue: -9)
    public static let inferCancelled = Status(rawValue: -13)
    /// The C layer itself refused an argument; there is no message then.
    public static let invalidParameter = Status(rawValue: -14)
    public static let unknownException = Status(rawValue: -17)
}

extension Status: CustomStringConvertible {
    /// The C API's own word, such as `REQUEST_BUSY`.
    public var description: String {
        guard let text = ov_get_error_info(ov_status_e(rawValue: .init(rawValue))) else { return "status \(rawValue)" }
        return String(cString: text)
    }
}
