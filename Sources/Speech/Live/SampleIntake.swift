import Audio
import Synchronization

/// Sound between the one who brings it and the one who listens: neither waits for the other's work, up to a minute of sound.
final class SampleIntake: Sendable {
    private struct State {
        var samples: [Float] = []
        /// All that came so far.
        var arrived = 0
        var hasEnded = false
        var isClosed = false
        var failure: (any Error)?
        /// The waiting listener, and the number of samples that it wants.
        var listener: (count: Int, continuation: CheckedContinuation<Void, Never>)?
        var bringer: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private static let limit = 60 * LogMelSpectrogram.sampleRate

    /// Seconds of sound that came so far.
    var arrived: Double { Double(state.withLock(\.arrived)) / Double(LogMelSpectrogram.sampleRate) }

    /// The error that ended the sound.
    var failure: (any Error)? { state.withLock(\.failure) }

    /// Adds samples, and waits while there are too many.
    /// - Throws: `CancellationError` when nobody listens any more.
    func append(_ samples: [Float]) async throws {
        change { state in
            state.samples += samples
            state.arrived += samples.count
        }
        await withCheckedContinuation { continuation in
            change { state in state.bringer = continuation }
        }
        if state.withLock(\.isClosed) { throw CancellationError() }
    }

    func finish(throwing error: (any Error)? = nil) {
        change { state in (state.hasEnded, state.failure) = (true, error) }
    }

    /// Lets nobody wait any more.
    func close() { change { $0.isClosed = true } }

    /// Takes samples as soon as there are enough, or the sound has ended.
    /// - Returns: `most` samples at most, and whether they are the last.
    /// - Throws: `CancellationError`.
    func take(atLeast least: Int, atMost most: Int) async throws -> (samples: [Float], isLast: Bool) {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                change { state in state.listener = (least, continuation) }
            }
        } onCancel: {
            close()
        }
        try Task.checkCancellation()
        var result: (samples: [Float], isLast: Bool) = ([], false)
        change { state in
            result.samples = Array(state.samples.prefix(most))
            state.samples.removeFirst(result.samples.count)
            result.isLast = state.hasEnded && state.samples.isEmpty
        }
        return result
    }

    /// Changes the state, and resumes those who need not wait any more.
    private func change(_ body: (inout State) -> Void) {
        let resumed = state.withLock { state in
            body(&state)
            var resumed: [CheckedContinuation<Void, Never>] = []
            let isOver = state.hasEnded || state.isClosed
            if let listener = state.listener, isOver || state.samples.count >= listener.count {
                resumed.append(listener.continuation)
                state.listener = nil
            }
            if let bringer = state.bringer, state.isClosed || state.samples.count < Self.limit {
                resumed.append(bringer)
                state.bringer = nil
            }
            return resumed
        }
        for continuation in resumed { continuation.resume() }
    }
}
