import COpenVINO

/// The runtime (`ov_core_t`): lists devices, sets their properties, reads and compiles models.
///
/// One instance is enough for a program (`Core.shared`): it owns devices, properties and caches.
///
/// @unchecked: `handle` is written once, in init, and passed only to calls that OpenVINO documents as thread-safe
/// ("ov::Core … is thread-safe" for reading, compiling and properties).
public final class Core: @unchecked Sendable {
    let handle: OpaquePointer

    /// - Throws: `.runtime` if the runtime's libraries are incomplete.
    public init() throws(OpenVINOError) {
        handle = try create("ov_core_create", takesLong: true) { ov_core_create($0) }
    }

    deinit { ov_core_free(handle) }

    /// The shared instance, created at first use.
    public static var shared: Core { get throws(OpenVINOError) { try sharedResult.get() } }
    private static let sharedResult = Result { () throws(OpenVINOError) in try Core() }

    // MARK: Devices

    /// Devices of this machine, such as CPU, GPU.0, GPU.1.
    public var availableDevices: [Device] {
        get throws(OpenVINOError) {
            var list = ov_available_devices_t(devices: nil, size: 0)
            try checkLong("ov_core_get_available_devices") { ov_core_get_available_devices(handle, &list) }
            defer { ov_available_devices_free(&list) }
            return UnsafeBufferPointer(start: list.devices, count: list.size).compactMap { name in
                name.map { Device(String(cString: $0)) }
            }
        }
    }

    /// Versions of a device's plugins; several for a device such as `HETERO:GPU,CPU`.
    public func versions(of device: Device) throws(OpenVINOError) -> [Version] {
        try requireNoNUL(device.name, in: "name of a device")
        var list = ov_core_version_list_t(versions: nil, size: 0)
        do {
            try check("ov_core_get_versions_by_device_name") { ov_core_get_versions_by_device_name(handle, device.name, &list) }
        } catch .runtime(let call, .notFound, _) {
            throw .runtime(call: call, status: .notFound, details: "There is no device \(device).")
        }
        defer { ov_core_versions_free(&list) }
        return UnsafeBufferPointer(start: list.versions, count: list.size).map { version in
            Version(device: version.device_name.map { String(cString: $0) }, version.version)
        }
    }

    // MARK: Properties

    /// Reads a device's property.
    /// - Throws: `.runtime` for an unknown device or property; `.property` for a value of another type.
    public func property<Value>(_ key: PropertyKey<Value>, of device: Device = .cpu) throws(OpenVINOError) -> Value {
        try requireNoNUL(device.name, in: "name of a device")
        try requireNoNUL(key.name, in: "name of a property")
        var text: UnsafeMutablePointer<CChar>?
        try check("ov_core_get_property") { ov_core_get_property(handle, device.name, key.name, &text) }
        return try key.value(of: text.map { takeString($0) } ?? "")
    }

    /// Sets a device's properties for all models compiled afterwards.
    public func set(_ properties: Properties, of device: Device = .cpu) throws(OpenVINOError) {
        try requireNoNUL(device.name, in: "name of a device")
        try properties.withCProperties { (count, cProperties) throws(OpenVINOError) in
            try check("ov_core_set_properties") { ov_core_set_properties(handle, device.name, count, cProperties) }
        }
    }

    /// Loads an extension library with further operations, such as openvino_tokenizers.
    /// - Parameter path: a shared library built for this version of OpenVINO.
    public func addExtension(_ path: String) throws(OpenVINOError) {
        try requireNoNUL(path, in: "path")
        try checkLong("ov_core_add_extension") { ov_core_add_extension(handle, path) }
    }
}
