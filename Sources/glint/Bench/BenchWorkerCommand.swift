import ArgumentParser
import Diffusion
import Foundation
import ModelLoading
import Workflows

/// Measures one stage for each input line, so that two programs can be measured in turns.
struct BenchWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run a stage once for each line of standard input: {\"run\": \"unet-step\"}.",
        discussion: """
            Stages are \(StageBenchmark.Stage.allCases.map(\.rawValue).joined(separator: ", ")). Each is loaded at its first run. \
            The answer is a line too: {"run": …, "seconds": …, "cpu_seconds": …, "peak_memory_bytes": …}, or {"error": …}.
            """)

    @OptionGroup var model: BenchModelOptions
    @OptionGroup var machine: MachineOptions

    func run() async throws {
        try await model.withFolder { folder in
            let benchmark = StageBenchmark(try LatentDiffusionModel(ModelSource(folder)), compile: try machine.compileOptions())
            let worker = StageWorker(benchmark)
            while let line = readLine() {
                print(await worker.answer(line))
                fflush(nil)
            }
        }
    }
}
