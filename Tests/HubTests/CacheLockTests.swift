import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Hub

@Suite struct CacheLockTests {
    @Test func oneAtATime() async throws {
        let folder = try TemporaryFolder()
        let url = folder.url.appending(path: "x.lock")
        let tally = Tally()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    try await CacheLock.withLock(at: url, waiting: { tally.waited.withLock { $0 += 1 } }) {
                        #expect(
                            tally.inside.withLock { inside in
                                inside += 1; return inside
                            } == 1)
                        try await Task.sleep(for: .milliseconds(30))
                        tally.inside.withLock { $0 -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(tally.waited.withLock { $0 } == 2)
    }

    @Test func anotherProgramsLockIsWaitedFor() async throws {
        let folder = try TemporaryFolder()
        let url = folder.url.appending(path: "x.lock")
        let descriptor = open(url.path, O_RDWR | O_CREAT, 0o664)
        #expect(flock(descriptor, LOCK_EX) == 0)
        let task = Task { try await CacheLock.withLock(at: url, waiting: { close(descriptor) }) { true } }
        #expect(try await task.value)
    }

    @Test func waitingCanBeCancelled() async throws {
        let folder = try TemporaryFolder()
        let url = folder.url.appending(path: "x.lock")
        let descriptor = open(url.path, O_RDWR | O_CREAT, 0o664)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX) == 0)
        let task = Task {
            try await CacheLock.withLock(at: url, waiting: { withUnsafeCurrentTask { $0?.cancel() } }) {}
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

private final class Tally: Sendable {
    let inside = Mutex(0)
    let waited = Mutex(0)
}
