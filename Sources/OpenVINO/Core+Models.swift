import COpenVINO
public import TensorStore

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
