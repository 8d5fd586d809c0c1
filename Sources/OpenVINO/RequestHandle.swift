import COpenVINO
import Dispatch

/// Owner of an `ov_infer_request_t` and of what an inference needs, which may outlive its `InferRequest`.
///
/// @unchecked: other threads only wait and cancel, which OpenVINO allows from any thread; all else is done by the
/// one task that has the `InferRequest`, and fails with REQUEST_BUSY while an inference runs.
final class RequestHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    /// Keeps the memory of the constants.
    let model: CompiledModel
    /// Where waiting blocks a thread: one of its own, so that no other request's inference is waited for first.
    private let queue = DispatchQueue(label: "OpenVINO.InferRequest")
    /// What was set, by port: the runtime keeps tensors alive, not the memory of others that they lie over.
    var inputs: [Int: InferTensor] = [:]
    var outputs: [Int: InferTensor] = [:]

    init(owning pointer: OpaquePointer, of model: CompiledModel) {
        self.pointer = pointer
        self.model = model
    }

    /// Waits for an inference that still runs; only then the tensors and the model go.
    deinit { ov_infer_request_free(pointer) }

    /// Outside of the lock of `check`, as is `cancel`: a device may begin by inferring on this thread.
    func startAsync() throws(OpenVINOError) {
        try checkLong("ov_infer_request_start_async") { ov_infer_request_start_async(pointer) }
    }

    /// Whether there is anything to cancel, and whether it comes in time, shows when waiting.
    func cancel() {
        _ = ov_infer_request_cancel(pointer)
    }

    /// Blocks until the inference that was started is done.
    func wait() throws(OpenVINOError) {
        guard ov_infer_request_wait(pointer) != OK else { return }
        // The exception is kept: ask for it once more, at once now, and so with a message that is surely its own.
        try check("ov_infer_request_wait") { ov_infer_request_wait(pointer) }
    }

    /// Suspends until the inference that was started is done.
    ///
    /// Not by the request's callback: it drops the exception, and whether it or waiting returns first differs between
    /// releases, so that neither could free the request.
    func waitSuspended() async -> Result<Void, OpenVINOError> {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                continuation.resume(returning: Result { () throws(OpenVINOError) in try wait() })
            }
        }
    }
}
