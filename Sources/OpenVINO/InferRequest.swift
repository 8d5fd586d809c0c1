import COpenVINO
import Dispatch
public import TensorStore

/// A request (`ov_infer_request_t`): runs one inference of a compiled model at a time, on its own inputs, outputs and
/// variables.
///
/// Not `Sendable`: one task uses it at a time. Several requests of one model run concurrently. Variables (`ReadValue`,
/// `Assign`) keep their values from one inference to the next; a new request starts with the initial values.
public final class InferRequest {
    public var model: CompiledModel { handle.model }
    let handle: RequestHandle

    init(of model: CompiledModel) throws(OpenVINOError) {
        let pointer = try create("ov_compiled_model_create_infer_request", takesLong: true) {
            ov_compiled_model_create_infer_request(model.handle, $0)
        }
        handle = RequestHandle(owning: pointer, of: model)
    }

    /// Runs an inference and blocks the calling thread until it is done.
    /// - Throws: `.runtime`, with REQUEST_BUSY if the request is already running. After a model with dynamic shapes has
    ///   failed for input shapes that don't fit, it also fails for the shapes of its last success, until it has run with
    ///   yet other shapes; compiling it again avoids this.
    public func infer() throws(OpenVINOError) {
        // `ov_infer_request_infer` of 2026.4.1 is not used: it returns OK when the CPU plugin fails, and the process
        // crashes after that has happened on several threads.
        try handle.startAsync()
        try handle.wait()
    }

    /// Runs an inference without blocking the calling thread.
    ///
    /// Cancelling the task stops the inference after the node that is running; the request can then be used again.
    /// - Throws: `CancellationError` if the task was cancelled before the end; `OpenVINOError`, with REQUEST_BUSY if the
    ///   request is already running.
    public func infer() async throws {
        try Task.checkCancellation()
        try handle.startAsync()
        let result = await withTaskCancellationHandler {
            await handle.waitSuspended()
        } onCancel: { [handle] in
            handle.cancel()
        }
        // A cancellation may arrive too late to stop the runtime, or make it fail with another error.
        try Task.checkCancellation()
        try result.get()
    }

    /// Times of the nodes in the device's graph, in execution order.
    ///
    /// On CPU a time is the mean over all inferences so far on this request's stream, including other requests'. Without
    /// `.enableProfiling(true)` at compile time, every node has the status `.notRun`.
    public func profilingInfo() throws(OpenVINOError) -> [ProfilingInfo] {
        var list = ov_profiling_info_list_t(profiling_infos: nil, size: 0)
        try check("ov_infer_request_get_profiling_info") { ov_infer_request_get_profiling_info(handle.pointer, &list) }
        defer { ov_profiling_info_list_free(&list) }
        return UnsafeBufferPointer(start: list.profiling_infos, count: list.size).map(ProfilingInfo.init)
    }
}

extension InferRequest {
    // MARK: Inputs

    /// Sets an input to the tensor's memory without a copy. The request retains it until another tensor is set.
    /// - Throws: `.unknownPort`, `.elementType`, `.shape`; `.runtime` with REQUEST_BUSY during an inference.
    public func setInput(_ key: some PortKey, to tensor: Tensor) throws(OpenVINOError) {
        try setInput(key, to: InferTensor(tensor))
    }

    /// Sets an input to memory shared with other users of `tensor`, such as the request that writes it.
    public func setInput(_ key: some PortKey, to tensor: InferTensor) throws(OpenVINOError) {
        let port = try model.input(key)
        try port.requireAccepts(tensor)
        try check("ov_infer_request_set_input_tensor_by_index") {
            ov_infer_request_set_input_tensor_by_index(handle.pointer, port.index, tensor.handle)
        }
        handle.inputs[port.index] = tensor
    }

    /// Sets an input to strings, row-major.
    /// - Throws: as with a tensor, and `.stringCount`, `.embeddedNUL`.
    public func setInput(_ key: some PortKey, to strings: [String], shape: Shape) throws(OpenVINOError) {
        try setInput(key, to: InferTensor(strings, shape: shape))
    }

    /// An input's current tensor: the one that was set, or the runtime's own, which can be written in place.
    public func input(_ key: some PortKey) throws(OpenVINOError) -> InferTensor {
        let port = try model.input(key)
        let pointer = try create("ov_infer_request_get_input_tensor_by_index") {
            ov_infer_request_get_input_tensor_by_index(handle.pointer, port.index, $0)
        }
        return InferTensor(owning: pointer, owner: .request(of: model, handle.inputs[port.index]))
    }

    // MARK: Outputs

    /// Sets the memory that an output is written to. Its type and shape must be the output's.
    /// - Throws: as `setInput`, and `.readOnly` for memory of a `Tensor`.
    public func setOutput(_ key: some PortKey, to tensor: InferTensor) throws(OpenVINOError) {
        let port = try model.output(key)
        guard !tensor.isReadOnly else { throw .readOnly(port: port.label) }
        try port.requireAccepts(tensor)
        try check("ov_infer_request_set_output_tensor_by_index") {
            ov_infer_request_set_output_tensor_by_index(handle.pointer, port.index, tensor.handle)
        }
        handle.outputs[port.index] = tensor
    }

    /// The tensor that an output is written to, without a copy. The request's next inference overwrites it. To pass a
    /// result on, set it as an input of another request.
    public func output(_ key: some PortKey) throws(OpenVINOError) -> InferTensor {
        let port = try model.output(key)
        let pointer = try create("ov_infer_request_get_output_tensor_by_index") {
            ov_infer_request_get_output_tensor_by_index(handle.pointer, port.index, $0)
        }
        return InferTensor(owning: pointer, owner: .request(of: model, handle.outputs[port.index]))
    }

    /// Copies an output.
    public func outputTensor(_ key: some PortKey) throws -> Tensor {
        try output(key).copy()
    }

    /// Copies an output of strings, row-major.
    public func outputStrings(_ key: some PortKey) throws(OpenVINOError) -> [String] {
        try output(key).strings()
    }

    /// Lends an output's bytes (row-major), shape and type to `body`.
    public func withOutput<Result>(
        _ key: some PortKey, _ body: (UnsafeRawBufferPointer, Shape, ElementType) throws -> Result
    ) throws -> Result {
        let tensor = try output(key)
        let (shape, type) = (try tensor.shape, try tensor.elementType)
        return try tensor.withUnsafeBytes { try body($0, shape, type) }
    }
}

extension Port {
    /// Refuses a tensor of another type or shape. The runtime does so too, but with a message that is hard to read.
    fileprivate func requireAccepts(_ tensor: InferTensor) throws(OpenVINOError) {
        let (foundType, foundShape) = (try tensor.elementType, try tensor.shape)
        guard elementType == foundType || elementType == .dynamic else {
            throw .elementType(port: label, expected: elementType, found: foundType)
        }
        guard shape.accepts(foundShape) else { throw .shape(port: label, expected: shape, found: foundShape) }
    }
}

/// Owner of an `ov_infer_request_t` and of the memory that an inference uses. It may outlive its `InferRequest`.
///
/// @unchecked: other threads only wait and cancel, which OpenVINO allows from any thread. Everything else is done by the
/// one task that holds the `InferRequest`, and fails with REQUEST_BUSY while an inference runs.
final class RequestHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    /// Retains the memory of the constants.
    let model: CompiledModel
    /// Queue on which waiting blocks a thread. Each request has its own, so that waits don't queue up behind each other.
    private let queue = DispatchQueue(label: "OpenVINO.InferRequest")
    /// Tensors that were set, by port. The runtime retains its tensor objects, but not the borrowed memory they wrap.
    var inputs: [Int: InferTensor] = [:]
    var outputs: [Int: InferTensor] = [:]

    init(owning pointer: OpaquePointer, of model: CompiledModel) {
        self.pointer = pointer
        self.model = model
    }

    /// Waits for a running inference; tensors and model are released afterwards.
    deinit { ov_infer_request_free(pointer) }

    /// Starts an inference. The lock of `check` is not held, nor in `cancel`: a device may start by computing on this thread.
    func startAsync() throws(OpenVINOError) {
        try checkLong("ov_infer_request_start_async") { ov_infer_request_start_async(pointer) }
    }

    /// Asks the runtime to cancel. Its status is ignored: waiting shows whether the inference was cancelled.
    func cancel() {
        _ = ov_infer_request_cancel(pointer)
    }

    /// Blocks until the started inference is done.
    func wait() throws(OpenVINOError) {
        guard ov_infer_request_wait(pointer) != OK else { return }
        // The runtime keeps the exception, so a second wait returns at once. Under the lock, its message is certain.
        try check("ov_infer_request_wait") { ov_infer_request_wait(pointer) }
    }

    /// Suspends until the started inference is done.
    ///
    /// The request's callback is not used: it drops the exception, and releases differ in whether the callback or the
    /// wait returns first, so neither could safely free the request.
    func waitSuspended() async -> Result<Void, OpenVINOError> {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                continuation.resume(returning: Result { () throws(OpenVINOError) in try wait() })
            }
        }
    }
}
