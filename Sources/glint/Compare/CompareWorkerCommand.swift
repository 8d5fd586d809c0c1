import ArgumentParser
import Foundation
import Workflows

/// Draws one side of a comparison, one picture for each line of standard input; started by `glint compare`.
struct CompareWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare-worker", abstract: "Draw one side of a comparison.", shouldDisplay: false)

    @Argument(help: "The file of the job.") var job: String
    @Option(help: "The name of this side in notes.") var name: String
    @OptionGroup var machine: MachineOptions

    func run() async throws {
        // The parent program may ignore these signals itself, and removes the files.
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        var worker = try ComparisonWorker(
            ComparisonJob(path: job), compile: machine.compileOptions(), memory: machine.memoryPolicy(pictures: 2))
        for note in worker.notes { FileHandle.standardError.write(Data("note: \(name): \(note)\n".utf8)) }
        try await worker.run {
            readLine()
        } answer: { line in
            print(line)
            fflush(nil)
        }
    }
}
