import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// Runs `body`, and cancels it at the first Ctrl-C or SIGTERM: work in progress ends cleanly, without partial files. The second
/// signal ends the program at once.
/// - Parameter stop: what the first signal does in place of cancelling, returning true; false where there is nothing to end.
func cancellingOnInterrupt(
    orElse stop: @escaping @Sendable () -> Bool = { false }, _ body: @escaping @Sendable () async throws -> Void
) async throws {
    let task = Task { try await body() }
    let received = Mutex<Int32>(SIGINT)
    let sources = [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler {
            received.withLock { $0 = number }
            if !stop() { task.cancel() }
            signal(number, SIG_DFL)
        }
        source.resume()
        return source
    }
    defer { for source in sources { source.cancel() } }
    do {
        try await task.value
    } catch is CancellationError {
        StandardStream.report("\nStopped.\n")
        // The status that shells give to a program which a signal ends.
        throw ExitCode(128 + received.withLock { $0 })
    }
}
