import ArgumentParser
import Foundation
import Imaging

/// Draws one side of a comparison in a process of its own, which is stopped when the task is cancelled.
struct ComparisonProcess {
    let job: ComparisonJob
    let name: String
    let machine: MachineOptions

    /// - Throws: `ExitCode` of the process where it failed; it has said why on standard error.
    func run() async throws -> ComparisonFigures {
        let path = "\(job.folder)/job.json"
        try FileManager.default.createDirectory(atPath: job.folder, withIntermediateDirectories: true)
        try writeAtomically(Array(jsonText(job).utf8), to: path)
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["compare-worker", path, "--name", name] + machine.arguments
        process.standardInput = FileHandle.nullDevice
        let status = try await Child(process).status()
        try Task.checkCancellation()
        guard status == 0 else { throw ExitCode(status) }
        return try JSONDecoder().decode(ComparisonFigures.self, from: Data(contentsOf: URL(filePath: job.figuresPath)))
    }
}

/// `@unchecked`: the process is set up before, and from then on only waited for and signalled, which any thread may do.
private final class Child: @unchecked Sendable {
    private let process: Process

    init(_ process: Process) { self.process = process }

    /// Starts the process and waits for its end; sends it SIGTERM when the task is cancelled.
    func status() async throws -> Int32 {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int32, any Error>) in
                process.terminationHandler = { ended in
                    continuation.resume(returning: ended.terminationReason == .exit ? ended.terminationStatus : 1)
                }
                do { try process.run() } catch { continuation.resume(throwing: error) }
                // Cancelled before there was a process to tell.
                if Task.isCancelled, process.isRunning { process.terminate() }
            }
        } onCancel: {
            if process.isRunning { process.terminate() }
        }
    }
}
