import COpenVINO

/// A device by its name in the runtime, such as `"CPU"`, `"GPU.0"` or `"AUTO:GPU,CPU"`.
public struct Device: Sendable, Hashable {
    public let name: String
    public init(_ name: String) { self.name = name }

    public static let cpu = Device("CPU")
    public static let gpu = Device("GPU")
    public static let npu = Device("NPU")
    /// The runtime selects one of the available devices.
    public static let auto = Device("AUTO")
    /// No device: stands for the runtime as a whole in properties such as `.enableMmap`.
    public static let core = Device("")
}

extension Device: ExpressibleByStringLiteral {
    public init(stringLiteral name: String) { self.init(name) }
}

extension Device: CustomStringConvertible {
    public var description: String { name.isEmpty ? "core" : name }
}

/// The version of the runtime, or of a device's plugin.
public struct Version: Sendable, Hashable {
    /// The device's name; nil for the runtime itself.
    public let device: String?
    /// Build number, such as "2026.4.1-22982-e213a147257-releases/2026/4".
    public let build: String
    public let description: String

    init(device: String? = nil, _ version: ov_version_t) {
        self.device = device
        build = version.buildNumber.map { String(cString: $0) } ?? ""
        description = version.description.map { String(cString: $0) } ?? ""
    }

    /// The version of the loaded runtime.
    public static var runtime: Version {
        get throws(OpenVINOError) {
            var version = ov_version_t(buildNumber: nil, description: nil)
            try check("ov_get_openvino_version") { ov_get_openvino_version(&version) }
            defer { ov_version_free(&version) }
            return Version(version)
        }
    }
}
