import COpenVINO

/// One inference at a time of a compiled model, with inputs, outputs and variables of its own (`ov_infer_request_t`).
///
/// Not `Sendable`: one task uses it at a time. Several requests of one model run side by side. Variables (`ReadValue`,
/// `Assign`) carry over from one inference to the next; a new request starts them afresh.
public final class InferRequest {
    public var model: CompiledModel { handle.model }
    let handle: RequestHandle

    init(of model: CompiledModel) throws(OpenVINOError) {
        let pointer = try create("ov_compiled_model_create_infer_request", takesLong: true) {
            ov_compiled_model_create_infer_request(model.handle, $0)
        }
        handle = RequestHandle(owning: pointer, of: model)
    }

    /// Infers, and blocks the calling thread until done.
    /// - Throws: `.runtime`, with REQUEST_BUSY where the request is already being inferred. A model of dynamic shapes that
    ///   failed over shapes which don't fit goes on failing over those of its last success until it has had others;
    ///   compile it anew to be sure.
    public func infer() throws(OpenVINOError) {
        // Not by `ov_infer_request_infer`: in 2026.4.1 it returns OK when the CPU plugin fails, and once that happened on
        // several threads, the process crashes.
        try handle.startAsync()
        try handle.wait()
    }

    /// Infers without blocking the calling thread.
    ///
    /// Cancelling the task stops the inference after the node that it is at; the request can then be used again.
    /// - Throws: `CancellationError` where the task was cancelled before the end; `OpenVINOError`, with REQUEST_BUSY where
    ///   the request is already being inferred.
    public func infer() async throws {
        try Task.checkCancellation()
        try handle.startAsync()
        let result = await withTaskCancellationHandler {
            await handle.waitSuspended()
        } onCancel: { [handle] in
            handle.cancel()
        }
        // Cancelling may come too late to stop the runtime, or make it fail in another way.
        try Task.checkCancellation()
        try result.get()
    }

    /// Durations of the nodes of the device's graph, in the order in which they run.
    ///
    /// On CPU the times are means over all inferences so far on this request's stream, those of other requests too.
    /// Unless the model was compiled with `.enableProfiling(true)`, no node has run.
    public func profilingInfo() throws(OpenVINOError) -> [ProfilingInfo] {
        var list = ov_profiling_info_list_t(profiling_infos: nil, size: 0)
        try check("ov_infer_request_get_profiling_info") { ov_infer_request_get_profiling_info(handle.pointer, &list) }
        defer { ov_profiling_info_list_free(&list) }
        return UnsafeBufferPointer(start: list.profiling_infos, count: list.size).map(ProfilingInfo.init)
    }
}
