import Synchronization

/// Hands out the turns of a measurement to requests that run side by side, until its limits are reached.
final class TurnSchedule: Sendable {
    private struct State {
        var next = 0
        var isOver = false
    }

    private let state = Mutex(State())
    private let start: ContinuousClock.Instant
    private let seconds: Double
    private let iterations: Int
    /// The number of turns is a multiple of it, as in `benchmark_app`.
    private let multiple: Int
    private let maximumRate: Double?

    /// - Parameters:
    ///   - iterations: 0 for no number; where `seconds` are given too, both are reached.
    ///   - batch: what a turn computes, for the rate.
    init(
        start: ContinuousClock.Instant, seconds: Double, iterations: Int, multiple: Int, maximumRate: Double? = nil
    ) {
        self.start = start
        self.seconds = seconds
        self.iterations = iterations
        self.multiple = max(multiple, 1)
        self.maximumRate = maximumRate
    }

    /// The next turn; nil at the end.
    func take() -> Int? {
        state.withLock { state in
            guard !state.isOver else { return nil }
            let elapsed = (ContinuousClock.now - start) / .seconds(1)
            guard state.next < iterations || elapsed < seconds || state.next % multiple != 0 else {
                state.isOver = true
                return nil
            }
            defer { state.next += 1 }
            return state.next
        }
    }

    /// Ends the measurement with the turns that were taken: after an error, or when it is cancelled.
    func stop() { state.withLock { $0.isOver = true } }

    /// The time at which a turn may begin, under the limit of the rate.
    func begin(of turn: Int, batch: Int) -> ContinuousClock.Instant? {
        maximumRate.map { start + .seconds(Double(turn * batch) / $0) }
    }
}
