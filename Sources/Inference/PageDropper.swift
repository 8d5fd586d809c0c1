import Foundation
import Synchronization
import TensorStore

/// Gives back the memory of mapped files' pages again and again while someone else reads through them once.
///
/// A page that is needed again is mapped again from the page cache, which costs microseconds.
final class PageDropper: Sendable {
    private let stopped = Mutex(false)
    private let weights: WeightSpace
    private static let interval = 0.05

    init(_ weights: WeightSpace) {
        self.weights = weights
        Thread.detachNewThread { [self] in
            while true {
                Thread.sleep(forTimeInterval: Self.interval)
                if stopped.withLock({ $0 }) { return }
                weights.dropPages()
            }
        }
    }

    /// Drops the pages once more, and no more afterwards.
    func stop() {
        stopped.withLock { $0 = true }
        weights.dropPages()
    }
}
