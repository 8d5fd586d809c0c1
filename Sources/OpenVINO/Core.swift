import COpenVINO
public import TensorStore

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

extension Core {
    // MARK: Reading

    /// Reads a model file: IR, ONNX, TensorFlow, TensorFlow Lite or PaddlePaddle.
    /// - Parameter weights: the IR's file of constants; by default the .bin file of the same name.
    /// - Throws: `.missingVariableID`; `.runtime` if the file is missing or not a model.
    public func readModel(path: String, weights: String? = nil) throws(OpenVINOError) -> Model {
        try requireNoNUL(path, in: "path")
        if let weights { try requireNoNUL(weights, in: "path") }
        try VariableCheck.check(path: path)
        let model = try create("ov_core_read_model", takesLong: true) { ov_core_read_model(handle, path, weights, $0) }
        return Model(owning: model, weights: nil)
    }

    /// Reads IR text whose constants lie at byte offsets in `weights`.
    ///
    /// Constants are not copied: the model and every model compiled from it retain `weights`, and so its memory.
    /// - Parameter xml: IR, in UTF-8.
    /// - Parameter weights: a buffer of bytes (type and shape are ignored); nil for a model without constants.
    /// - Throws: `.missingVariableID`; `.runtime` for text that is not a model, or constants outside `weights`.
    public func readModel(xml: some Collection<UInt8>, weights: Tensor? = nil) throws(OpenVINOError) -> Model {
        let text = ContiguousArray(xml)
        let tensor = try weights.map { (weights) throws(OpenVINOError) in try InferTensor(weights) }
        defer { withExtendedLifetime(tensor) {} }
        let model = try text.withUnsafeBufferPointer { (text) throws(OpenVINOError) in
            let bytes = UnsafeRawBufferPointer(text)
            try VariableCheck.check(bytes, model: "IR in memory")
            return try create("ov_core_read_model_from_memory_buffer", takesLong: true) {
                ov_core_read_model_from_memory_buffer(
                    handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, tensor?.handle, $0)
            }
        }
        return Model(owning: model, weights: weights)
    }

    /// Reads IR text given as a string; otherwise the same as with bytes.
    public func readModel(xml: String, weights: Tensor? = nil) throws(OpenVINOError) -> Model {
        try readModel(xml: xml.utf8, weights: weights)
    }

    // MARK: Compiling

    /// Compiles a model for a device. The model may be reshaped or released afterwards.
    /// - Throws: `.runtime` for an unknown device or property, or a model that the device can't run.
    public func compile(
        _ model: Model, device: Device = .cpu, properties: Properties = []
    ) throws(OpenVINOError) -> CompiledModel {
        try requireNoNUL(device.name, in: "name of a device")
        let compiled = try properties.withCProperties { (count, cProperties) throws(OpenVINOError) in
            try create("ov_core_compile_model_props", takesLong: true) {
                ov_core_compile_model_props(handle, model.handle, device.name, count, cProperties, $0)
            }
        }
        return try CompiledModel(owning: compiled, memory: model.weights)
    }

    /// Reads and compiles a file in one call. The file is not parsed if the cache holds the compiled model.
    public func compile(
        path: String, device: Device = .cpu, properties: Properties = []
    ) throws(OpenVINOError) -> CompiledModel {
        try requireNoNUL(path, in: "path")
        try requireNoNUL(device.name, in: "name of a device")
        try VariableCheck.check(path: path)
        let compiled = try properties.withCProperties { (count, cProperties) throws(OpenVINOError) in
            try create("ov_core_compile_model_from_file_props", takesLong: true) {
                ov_core_compile_model_from_file_props(handle, path, device.name, count, cProperties, $0)
            }
        }
        return try CompiledModel(owning: compiled, memory: nil)
    }

    /// Reads a compiled model from bytes that `CompiledModel.exportModel` wrote for the same kind of device.
    ///
    /// Constants are not copied, so the compiled model retains `blob`. There is no parameter for properties: the model's
    /// are in the blob, and the device's are set by `set(_:of:)`.
    /// - Throws: `.runtime` for bytes that were not written by this device and version.
    public func importModel(_ blob: Tensor, device: Device = .cpu) throws(OpenVINOError) -> CompiledModel {
        try requireNoNUL(device.name, in: "name of a device")
        // A tensor's buffer keeps its address while any copy of the tensor exists.
        let bytes = blob.withUnsafeBytes { $0 }
        let compiled = try create("ov_core_import_model", takesLong: true) {
            ov_core_import_model(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, device.name, $0)
        }
        return try CompiledModel(owning: compiled, memory: blob)
    }

    /// Reads a compiled model from a file, which is mapped into memory.
    /// - Throws: `.unreadableFile`, and the errors of `importModel(_:device:)`.
    public func importModel(path: String, device: Device = .cpu) throws(OpenVINOError) -> CompiledModel {
        let blob: Tensor
        do {
            let file = try MappedFile(path: path)
            blob = try Tensor(borrowing: file.bytes, owner: file, shape: [file.byteCount], of: .u8)
        } catch {
            throw .unreadableFile(path: path, reason: "\(error)")
        }
        return try importModel(blob, device: device)
    }
}
