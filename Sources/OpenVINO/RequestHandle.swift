import COpenVINO
import Dispatch

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
