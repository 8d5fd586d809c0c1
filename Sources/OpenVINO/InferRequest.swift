import COpenVINO

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
