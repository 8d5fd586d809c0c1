import Foundation
import Synchronization
import TensorStore

/// Returns the memory of weight files to the system at short intervals while another thread reads through them once.
///
/// Only pages of mapped files are dropped (`WeightSpace.dropPages`), never memory that no file holds. A page that is needed
/// again comes back from the page cache within microseconds.
final class PageDropper: Sendable {
    private let stopped = Mutex(false)
    private let weights: WeightSpace
    /// In seconds.
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

    /// Drops the pages once more, and ends the thread.
    func stop() {
        stopped.withLock { $0 = true }
        weights.dropPages()
    }
}
