import Synchronization

/// Lets one caller at a time work: the waiting caller with the highest priority, and among equals the first.
final class TurnQueue: Sendable {
    private struct Ticket {
        let id: Int
        let priority: Int
        /// nil until its caller waits.
        var continuation: CheckedContinuation<Void, any Error>?
    }

    private struct State {
        var waiting: [Ticket] = []
        /// The caller whose turn it is.
        var holder: Int?
        var nextID = 0
    }

    private let state = Mutex(State())

    /// The number of waiting callers.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Takes a place behind the callers of the same priority.
    /// - Returns: the ticket to `wait` with, once.
    func enter(priority: Int) -> Int {
        state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            let place = state.waiting.firstIndex { $0.priority < priority } ?? state.waiting.endIndex
            state.waiting.insert(Ticket(id: id, priority: priority), at: place)
            return id
        }
    }

    /// Waits for the turn, which `leave` ends.
    /// - Throws: `CancellationError`; the ticket is then invalid.
    func wait(_ id: Int) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // A cancelled task needs no turn, and its handler may have run before.
                let isCancelled = Task.isCancelled
                resume { state in
                    guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return [(continuation, true)] }
                    guard !isCancelled else {
                        state.waiting.remove(at: index)
                        return [(continuation, true)]
                    }
                    state.waiting[index].continuation = continuation
                    return []
                }
            }
        } onCancel: {
            resume { state in
                guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return [] }
                let ticket = state.waiting.remove(at: index)
                return ticket.continuation.map { [($0, true)] } ?? []
            }
        }
    }

    /// Ends a turn.
    func leave(_ id: Int) {
        resume { state in
            if state.holder == id { state.holder = nil }
            return []
        }
    }

    private typealias Resumption = (continuation: CheckedContinuation<Void, any Error>, isCancelled: Bool)

    /// Changes the state, gives a free turn to the first ticket, and resumes the callers concerned.
    private func resume(_ change: (inout State) -> [Resumption]) {
        let resumptions = state.withLock { state in
            var resumptions = change(&state)
            if state.holder == nil, let first = state.waiting.first, let continuation = first.continuation {
                state.waiting.removeFirst()
                state.holder = first.id
                resumptions.append((continuation, false))
            }
            return resumptions
        }
        for (continuation, isCancelled) in resumptions {
            if isCancelled { continuation.resume(throwing: CancellationError()) } else { continuation.resume() }
        }
    }
}
