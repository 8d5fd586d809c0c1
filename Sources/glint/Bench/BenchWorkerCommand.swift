import ArgumentParser
import Diffusion
import Foundation
import ModelLoading

/// Measures one stage for each line that it reads, so that another program can take turns with it.
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
            while let line = readLine() {
                print(await answer(line, benchmark))
                fflush(nil)
            }
        }
    }

    private struct Request: Decodable { let run: String }

    private struct Answer: Encodable {
        var run: String?
        var seconds: Double?
        /// Of all threads.
        var cpuSeconds: Double?
        /// From the mapped checkpoint to models ready to compile, of what was loaded so far.
        var readySeconds: Double?
        var compileSeconds: Double?
        var peakMemoryBytes: Int?
        var error: String?

        enum CodingKeys: String, CodingKey {
            case run, seconds, error
            case cpuSeconds = "cpu_seconds"
            case readySeconds = "ready_seconds"
            case compileSeconds = "compile_seconds"
            case peakMemoryBytes = "peak_memory_bytes"
        }
    }

    private func answer(_ line: String, _ benchmark: StageBenchmark) async -> String {
        var answer = Answer()
        do {
            let name = try JSONDecoder().decode(Request.self, from: Data(line.utf8)).run
            answer.run = name
            if let stage = StageBenchmark.Stage(rawValue: name) {
                let figures = try await benchmark.run(stage)
                answer.seconds = figures.wall.seconds
                answer.cpuSeconds = figures.processor.seconds
                let networks = benchmark.timings.networks
                answer.readySeconds = networks.reduce(0) { $0 + ($1.graph + $1.reading).seconds }
                answer.compileSeconds = benchmark.timings.compiling.seconds
                answer.peakMemoryBytes = ProcessMemory.peakBytes
            } else {
                answer.error = "there is no stage '\(name)'"
            }
        } catch {
            answer.error = "\(error)"
        }
        return (try? String(decoding: JSONEncoder().encode(answer), as: UTF8.self)) ?? "{}"
    }
}
