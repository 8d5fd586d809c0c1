import ArgumentParser
import Foundation
import Imaging

/// One side of a comparison: a process of its own, which draws when it is told to, so that two of them can take turns.
///
/// `@unchecked`: the process is started before anybody has it, and from then on only written to, read from and signalled, by one
/// task at a time; `stop` may come from any thread.
final class ComparisonProcess: @unchecked Sendable {
    private let job: ComparisonJob
    private let process = Process()
    private let orders = Pipe()
    private let answers = Pipe()
    private let ended = DispatchSemaphore(value: 0)

    /// Starts the process, which loads nothing before its first order.
    init(job: ComparisonJob, name: String, machine: MachineOptions) throws {
        self.job = job
        let path = "\(job.folder)/job.json"
        try FileManager.default.createDirectory(atPath: job.folder, withIntermediateDirectories: true)
        try writeAtomically(Array(jsonText(job).utf8), to: path)
        // A side that is gone is found out by what it answers, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["compare-worker", path, "--name", name] + machine.arguments
        process.standardInput = orders
        process.standardOutput = answers
        process.terminationHandler = { [ended] _ in ended.signal() }
        try process.run()
    }

    /// Has the picture at `index` drawn, or, for nil, one that loads the networks and is not counted.
    /// - Throws: `ExitCode` of the process where it failed; it has said why on standard error. `CancellationError`.
    func draw(_ index: Int?) async throws { try await order(index.map(String.init) ?? ComparisonJob.warmUp) }

    /// Ends the process.
    /// - Returns: what it measured.
    /// - Throws: as `draw`.
    func finish() async throws -> ComparisonFigures {
        try await order(ComparisonJob.end)
        return try JSONDecoder().decode(ComparisonFigures.self, from: Data(contentsOf: URL(filePath: job.figuresPath)))
    }

    /// Ends the process where it has not ended.
    func stop() {
        if process.isRunning { process.terminate() }
    }

    private func order(_ line: String) async throws {
        try Task.checkCancellation()
        try? orders.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
        let isDone = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Waits on a thread of its own, so that no task's thread is held.
                Thread.detachNewThread { continuation.resume(returning: self.readAnswer()) }
            }
        } onCancel: {
            stop()
        }
        try Task.checkCancellation()
        guard isDone else {
            ended.wait()
            let failed = process.terminationReason == .exit ? process.terminationStatus : 1
            throw ExitCode(failed == 0 ? 1 : failed)
        }
    }

    /// Whether the order was carried out: false where the process has ended.
    private func readAnswer() -> Bool {
        while true {
            let bytes = answers.fileHandleForReading.availableData
            if bytes.isEmpty { return false }
            if bytes.last == UInt8(ascii: "\n") { return true }
        }
    }
}
