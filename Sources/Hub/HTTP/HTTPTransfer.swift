import Synchronization

/// One request and the part of its response that is not yet read: a channel from the session's thread to one task.
final class HTTPTransfer: Sendable {
    private struct State {
        var head = HTTPHead()
        var unread: [UInt8] = []
        /// Whether libcurl waits for `unread` to be read.
        var isPaused = false
        /// Set at the end of the transfer.
        var end: Result<Void, any Error>?
        /// The waiting task.
        var waiter: CheckedContinuation<Void, Never>?
        /// Whether something has changed that no task was waiting for.
        var hasNews = false
    }

    let request: HTTPRequest
    private let session: CurlSession
    private let state = Mutex(State())

    /// Bytes that are held before the transfer pauses.
    private static let capacity = 1 << 20

    init(_ request: HTTPRequest, session: CurlSession) {
        self.request = request
        self.session = session
    }

    // MARK: The session's thread

    func receive(headerLine: String) {
        change { state in
            state.head.add(headerLine)
            return state.head.isComplete
        }
    }

    /// Takes a part of the body.
    /// - Returns: false to pause. The same bytes then come again, after the session's `resume`.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var isTaken = true
        change { state in
            isTaken = state.unread.count < Self.capacity
            state.isPaused = !isTaken
            if isTaken { state.unread += bytes }
            return isTaken
        }
        return isTaken
    }

    /// Ends the transfer, unless it has ended.
    func end(_ result: Result<Void, any Error>) {
        change { state in
            guard state.end == nil else { return false }
            state.end = result
            return true
        }
    }

    /// Changes the state, and wakes the waiting task if `body` returns true.
    private func change(_ body: (inout State) -> Bool) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard body(&state) else { return nil }
            state.hasNews = state.waiter == nil
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    // MARK: The reading task

    /// Cancels the transfer, unless it has ended.
    func stop() {
        guard state.withLock({ $0.end == nil }) else { return }
        end(.failure(CancellationError()))
        session.stop(self)
    }

    /// Waits for status and header fields.
    /// - Throws: `HTTPFailure`, `CancellationError`.
    func head() async throws -> HTTPHead {
        while true {
            let (head, end) = state.withLock { ($0.head, $0.end) }
            if head.isComplete { return head }
            if let end {
                try end.get()
                throw HTTPFailure.malformed
            }
            await waitForNews()
        }
    }

    /// Waits for the next bytes of the body; nil at its end.
    /// - Throws: `HTTPFailure`, `CancellationError`.
    func chunk() async throws -> [UInt8]? {
        while true {
            let (bytes, wasPaused, end) = state.withLock { state in
                defer { (state.unread, state.isPaused) = ([], false) }
                return (state.unread, state.isPaused, state.end)
            }
            if wasPaused { session.resume(self) }
            if !bytes.isEmpty { return bytes }
            if let end {
                try end.get()
                return nil
            }
            await waitForNews()
        }
    }

    private func waitForNews() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isNow = state.withLock { state in
                    precondition(state.waiter == nil, "a response is read by one task")
                    if !state.hasNews { state.waiter = continuation }
                    defer { state.hasNews = false }
                    return state.hasNews
                }
                if isNow { continuation.resume() }
            }
        } onCancel: {
            stop()
        }
    }
}
