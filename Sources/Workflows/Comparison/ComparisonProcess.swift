public import Foundation
import Imaging

/// A program that runs a `ComparisonWorker` on its standard input and output.
public struct ComparisonProgram: Sendable {
    public var executable: URL
    public var arguments: [String]

    public init(executable: URL, arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }
}

/// One side of a comparison: a process that draws a picture for each order, so that two sides can take turns.
///
/// `@unchecked`: the process is started in `init`, and afterwards only one task at a time writes to it, reads from it or signals
/// it; `stop` may be called from any thread.
final class ComparisonProcess: @unchecked Sendable {
    private let job: ComparisonJob
    private let process = Process()
    private let orders = Pipe()
    private let answers = Pipe()
    private let ended = DispatchSemaphore(value: 0)

    /// Writes the job's file and starts the process, which loads no network before its first order.
    /// - Parameter program: the program for the path of a job's file.
    init(job: ComparisonJob, program: (String) -> ComparisonProgram) throws {
        self.job = job
        try FileManager.default.createDirectory(atPath: job.folder, withIntermediateDirectories: true)
        try writeAtomically(Array(job.reportJSON()), to: job.path)
        // The missing answer shows that the process has ended, instead of a signal.
        signal(SIGPIPE, SIG_IGN)
        let program = program(job.path)
        process.executableURL = program.executable
        process.arguments = program.arguments
        process.standardInput = orders
        process.standardOutput = answers
        process.terminationHandler = { [ended] _ in ended.signal() }
        try process.run()
    }

    /// Draws the picture at `index`; for nil, a warm-up picture that loads the networks and is not measured.
    /// - Throws: `ComparisonError.process`; `CancellationError`.
    func draw(_ index: Int?) async throws { try await order(index.map(String.init) ?? ComparisonJob.warmUp) }

    /// Ends the process.
    /// - Throws: as `draw`.
    func finish() async throws -> ComparisonFigures {
        try await order(ComparisonJob.end)
        return try JSONDecoder().decode(ComparisonFigures.self, from: Data(contentsOf: URL(filePath: job.figuresPath)))
    }

    /// Ends the process if it is still running.
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
            throw ComparisonError.process(status: failed == 0 ? 1 : failed)
        }
    }

    /// Whether the order was carried out; false if the process has ended.
    private func readAnswer() -> Bool {
        while true {
            let bytes = answers.fileHandleForReading.availableData
            if bytes.isEmpty { return false }
            if bytes.last == UInt8(ascii: "\n") { return true }
        }
    }
}

public enum ComparisonError: Error, Equatable, CustomStringConvertible {
    /// A side's process failed; its standard error has the reason.
    case process(status: Int32)

    public var description: String {
        switch self {
        case .process(let status): "A process that draws one side of the comparison ended with status \(status)."
        }
    }
}
