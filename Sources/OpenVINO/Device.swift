/// A device of the runtime by its name, such as `"CPU"`, `"GPU.0"` or `"AUTO:GPU,CPU"`.
public struct Device: Sendable, Hashable {
    public let name: String
    public init(_ name: String) { self.name = name }

    public static let cpu = Device("CPU")
    public static let gpu = Device("GPU")
    public static let npu = Device("NPU")
    /// The runtime chooses among the devices that there are.
    public static let auto = Device("AUTO")
    /// No device: what concerns the runtime as a whole (such as `.enableMmap`).
    public static let core = Device("")
}

extension Device: ExpressibleByStringLiteral {
    public init(stringLiteral name: String) { self.init(name) }
}

extension Device: CustomStringConvertible {
    public var description: String { name.isEmpty ? "core" : name }
}
