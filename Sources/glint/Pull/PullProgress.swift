import Foundation
import Hub
import Synchronization
import Workflows

/// Shows the events of a pull: a bar on a terminal, otherwise a line every ten seconds.
final class PullProgress: Sendable {
    private struct State {
        var total = 0
        var done = 0
        var received = 0
        /// The bytes received at each time; the rate is measured over the last few seconds.
        var samples: [(time: ContinuousClock.Instant, received: Int)] = []
        var lastShown: ContinuousClock.Instant?
    }

    private let bar: ProgressBar
    private let state = Mutex(State())
    private static let rateWindow = Duration.seconds(5)

    init(_ bar: ProgressBar) { self.bar = bar }

    /// Bytes received over the network.
    var receivedBytes: Int { state.withLock(\.received) }

    func note(_ text: String) { bar.note(text) }

    /// Called from any thread.
    func show(_ event: PullEvent) {
        state.withLock { state in
            switch event {
            case .selected(let files, let bytes, let cached):
                (state.total, state.done) = (bytes, cached)
                let rest = cached == bytes ? "all in the cache" : "to download: \(format(bytes: bytes - cached))"
                bar.line("\(files) file\(files == 1 ? "" : "s"), \(format(bytes: bytes)); \(rest)")
            case .received(let bytes):
                state.received += bytes
                state.done += bytes
                draw(&state)
            case .found(let path, let bytes):
                if bytes > 0, state.total > 0 { bar.line("\(path): \(format(bytes: bytes)) were there already") }
                state.done += bytes
            case .discarded(let path, let bytes, let reason):
                state.done -= bytes
                bar.line("\(path): \(reason); from the start")
            case .waiting(let path): bar.line("\(path): waiting for another program that downloads it")
            case .retrying(let what, let reason, let delay):
                bar.line("\(what): \(reason); once more in \(String(format: "%.0f", max(delay.seconds, 1))) s")
            case .finished: draw(&state)
            }
        }
    }

    func finish() { bar.finish() }

    private func draw(_ state: inout State) {
        let now = ContinuousClock.now
        // The files that determine the selection are not counted.
        guard state.total > 0 else { return }
        if state.samples.isEmpty { state.samples.append((now, state.received)) }
        let pause: Duration = bar.isTerminal ? .milliseconds(100) : .seconds(10)
        guard let last = state.lastShown ?? state.samples.first?.time, now - last >= pause else { return }
        state.lastShown = now
        state.samples.append((now, state.received))
        while state.samples.count > 2, now - state.samples[0].time > max(Self.rateWindow, pause) { state.samples.removeFirst() }
        bar.draw(status(state, now), share: Double(state.done) / Double(state.total))
    }

    /// `1.2 of 3.4 GiB · 11 MiB/s · 3 min left`.
    private func status(_ state: State, _ now: ContinuousClock.Instant) -> String {
        var text = "\(format(bytes: state.done)) of \(format(bytes: state.total))"
        let first = state.samples[0]
        let seconds = (now - first.time).seconds
        let rate = seconds > 0 ? Double(state.received - first.received) / seconds : 0
        guard rate > 0 else { return text }
        let left = Int((Double(max(state.total - state.done, 0)) / rate).rounded(.up))
        text += " · \(format(bytes: Int(rate)))/s · "
        return text + (left >= 5400 ? "\((left + 1800) / 3600) h" : left >= 90 ? "\((left + 30) / 60) min" : "\(left) s")
            + " left"
    }
}
