import Dispatch
import Foundation
import Synchronization

/// Runs requests side by side, a thread each: a thread waits for its inference, so that the next one starts at once.
final class LaneGroup: Sendable {
    private struct State {
        var schedule: TurnSchedule?
        var start = ContinuousClock.now
        var running: Int
        var isCancelled = false
    }

    private let lanes: [RequestLane]
    private let makeSchedule: @Sendable (ContinuousClock.Instant) -> TurnSchedule
    private let state: Mutex<State>

    private init(_ lanes: [RequestLane], _ makeSchedule: @escaping @Sendable (ContinuousClock.Instant) -> TurnSchedule) {
        self.lanes = lanes
        self.makeSchedule = makeSchedule
        state = Mutex(State(running: lanes.count))
    }

    /// - Parameters:
    ///   - lanes: at least one.
    ///   - makeSchedule: makes the schedule of a measurement that starts at an instant.
    /// - Returns: the seconds from the start to the end of the last inference.
    /// - Throws: the first error of a lane; `CancellationError`.
    static func run(
        _ lanes: [RequestLane], _ makeSchedule: @escaping @Sendable (ContinuousClock.Instant) -> TurnSchedule
    ) async throws -> Double {
        let group = LaneGroup(lanes, makeSchedule)
        let seconds = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in group.startThreads { continuation.resume(returning: $0) } }
        } onCancel: {
            group.cancel()
        }
        try Task.checkCancellation()
        if let failure = lanes.lazy.compactMap(\.failure).first { throw failure }
        return seconds
    }

    private func startThreads(_ done: @escaping @Sendable (Double) -> Void) {
        let (ready, go) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        for lane in lanes {
            Thread.detachNewThread { [self] in
                ready.signal()
                go.wait()
                if let schedule = state.withLock({ $0.schedule }) { lane.run(schedule) }
                if let seconds = finish() { done(seconds) }
            }
        }
        // The clock starts when every thread is there.
        Thread.detachNewThread { [self] in
            for _ in lanes { ready.wait() }
            state.withLock { state in
                state.start = .now
                let schedule = makeSchedule(state.start)
                if state.isCancelled { schedule.stop() }
                state.schedule = schedule
            }
            for _ in lanes { go.signal() }
        }
    }

    /// Counts a lane that has ended.
    /// - Returns: the seconds of the measurement at the last one; nil before.
    private func finish() -> Double? {
        let start: ContinuousClock.Instant? = state.withLock { state in
            state.running -= 1
            return state.running == 0 ? state.start : nil
        }
        guard let start, let end = lanes.map(\.end).max() else { return nil }
        return max((end - start) / .seconds(1), 1e-9)
    }

    private func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.schedule?.stop()
        }
    }
}
