import Foundation
import Hub
import Synchronization

/// Shows the events of a pull: a bar on a terminal, otherwise a line every ten seconds.
final class PullProgress: Sendable {
    private let bar: ProgressBar
    private let status = Mutex(PullStatus())

    init(_ bar: ProgressBar) { self.bar = bar }

    /// Bytes received over the network.
    var receivedBytes: Int { status.withLock(\.received) }

    /// Called from any thread.
    func show(_ event: PullEvent) {
        status.withLock { status in
            status.add(event)
            switch event {
            case .selected(let files, let bytes, let cached):
                let rest = cached == bytes ? "all in the cache" : "to download: \(format(bytes: bytes - cached))"
                bar.status("\(files) file\(files == 1 ? "" : "s"), \(format(bytes: bytes)); \(rest)")
            case .received, .finished: draw(&status)
            case .found(let path, let bytes):
                if bytes > 0, status.total > 0 { bar.status("\(path): \(format(bytes: bytes)) were there already") }
            case .discarded(let path, _, let reason): bar.status("\(path): \(reason); from the start")
            case .waiting(let path): bar.status("\(path): waiting for another program that downloads it")
            case .retrying(let what, let reason, let delay):
                bar.status("\(what): \(reason); once more in \(String(format: "%.0f", max(delay / .seconds(1), 1))) s")
            }
        }
    }

    /// Removes the bar, and prints notes in its place.
    func finish(notes: [String] = []) {
        bar.finish()
        notes.forEach(bar.note)
    }

    private func draw(_ status: inout PullStatus) {
        // The files that determine the selection are not counted.
        guard status.total > 0 else { return }
        let (now, pause) = (ContinuousClock.now, Duration.milliseconds(bar.isTerminal ? 100 : 10_000))
        if let last = status.lastSample, now - last < pause { return }
        let isFirst = status.lastSample == nil
        status.sample(at: now, pause: pause)
        if !isFirst { bar.draw(text(status), share: status.share) }
    }

    /// `1.2 of 3.4 GiB · 11 MiB/s · 3 min left`.
    private func text(_ status: PullStatus) -> String {
        let text = "\(format(bytes: status.done)) of \(format(bytes: status.total))"
        guard let rate = status.rate, let seconds = status.secondsLeft else { return text }
        let left = Int(min(seconds, 1e9).rounded(.up))
        return text + " · \(format(bytes: Int(min(rate, 1e15))))/s · "
            + (left >= 5400 ? "\((left + 1800) / 3600) h" : left >= 90 ? "\((left + 30) / 60) min" : "\(left) s") + " left"
    }
}
