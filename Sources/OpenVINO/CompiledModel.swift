import COpenVINO
import TensorStore

/// A model compiled for a device (`ov_compiled_model_t`). Any number of requests in any number of tasks can share it.
///
/// @unchecked: `handle` is written once, in init. A compiled model is immutable, and OpenVINO allows several threads to
/// create requests and read properties; all other members are values.
public final class CompiledModel: @unchecked Sendable {
    let handle: OpaquePointer
    /// Owner of the memory that constants may still lie in: the weights or the blob.
    private let memory: Tensor?

    /// In the model's order.
    public let inputs: [Port]
    /// In the model's order.
    public let outputs: [Port]

    init(owning handle: OpaquePointer, memory: Tensor?) throws(OpenVINOError) {
        self.handle = handle
        self.memory = memory
        do {
            inputs = try Self.inputReader(handle).ports()
            outputs = try Self.outputReader(handle).ports()
        } catch {
            // When init throws, deinit does not run, so the handle is freed here.
            ov_compiled_model_free(handle)
            throw error
        }
    }

    deinit { ov_compiled_model_free(handle) }

    /// - Throws: `.unknownPort`, which lists the existing ports.
    public func input(_ key: some PortKey) throws(OpenVINOError) -> Port {
        try Self.inputReader(handle).port(key.portReference, among: inputs)
    }

    /// - Throws: `.unknownPort`, which lists the existing ports.
    public func output(_ key: some PortKey) throws(OpenVINOError) -> Port {
        try Self.outputReader(handle).port(key.portReference, among: outputs)
    }

    /// Creates a request with its own inputs, outputs and variables. Variables have the model's initial values.
    public func makeRequest() throws(OpenVINOError) -> InferRequest {
        try InferRequest(of: self)
    }

    /// Writes the compiled model to a file. `Core.importModel` can read it with the same device and OpenVINO version.
    /// - Parameter path: an existing file is overwritten.
    public func exportModel(to path: String) throws(OpenVINOError) {
        try requireNoNUL(path, in: "path")
        try checkLong("ov_compiled_model_export_model") { ov_compiled_model_export_model(handle, path) }
    }

    // MARK: Properties

    /// Reads a property, such as `.optimalNumberOfInferRequests`.
    /// - Throws: `.runtime` for a property that compiled models don't have; `.property` for a value of another type.
    public func property<Value>(_ key: PropertyKey<Value>) throws(OpenVINOError) -> Value {
        try requireNoNUL(key.name, in: "name of a property")
        var text: UnsafeMutablePointer<CChar>?
        try check("ov_compiled_model_get_property") { ov_compiled_model_get_property(handle, key.name, &text) }
        return try key.value(of: text.map { takeString($0) } ?? "")
    }

    /// Changes properties after compiling. The CPU device has no property that can be changed then.
    public func set(_ properties: Properties) throws(OpenVINOError) {
        try properties.withCProperties { (count, cProperties) throws(OpenVINOError) in
            try check("ov_compiled_model_set_properties") { ov_compiled_model_set_properties(handle, count, cProperties) }
        }
    }

    private static func inputReader(_ handle: OpaquePointer) -> PortReader {
        PortReader(
            direction: .input, handle: handle, countCall: ov_compiled_model_inputs_size,
            indexCall: ov_compiled_model_input_by_index, nameCall: ov_compiled_model_input_by_name)
    }

    private static func outputReader(_ handle: OpaquePointer) -> PortReader {
        PortReader(
            direction: .output, handle: handle, countCall: ov_compiled_model_outputs_size,
            indexCall: ov_compiled_model_output_by_index, nameCall: ov_compiled_model_output_by_name)
    }
}

/// Time and kernel of one node of a device's graph.
public struct ProfilingInfo: Sendable, Hashable {
    public enum Status: Sendable, Hashable { case notRun, optimizedOut, executed }

    public let nodeName: String
    /// The operation, such as `Convolution`.
    public let nodeType: String
    /// Kernel, instruction set and precision, such as `brgemm_avx512_f32`.
    public let execType: String
    public let status: Status
    /// Wall-clock time; a multiple of 1 µs.
    public let realTime: Duration
    /// Processor time; a multiple of 1 µs.
    public let cpuTime: Duration

    init(_ info: ov_profiling_info_t) {
        nodeName = info.node_name.map { String(cString: $0) } ?? ""
        nodeType = info.node_type.map { String(cString: $0) } ?? ""
        execType = info.exec_type.map { String(cString: $0) } ?? ""
        status =
            switch info.status {
            case EXECUTED: .executed
            case OPTIMIZED_OUT: .optimizedOut
            default: .notRun
            }
        realTime = .microseconds(info.real_time)
        cpuTime = .microseconds(info.cpu_time)
    }
}
