public import Diffusion
import Foundation
import Inference

/// Runs one stage of a pipeline for each line of JSON, so that two programs can be measured in turns.
public struct StageWorker {
    private let benchmark: StageBenchmark

    public init(_ benchmark: StageBenchmark) { self.benchmark = benchmark }

    private struct Request: Decodable { let run: String }

    private struct Answer: Encodable {
        var run: String?
        var seconds: Double?
        /// Processor time of all threads.
        var cpuSeconds: Double?
        /// Time from the mapped checkpoint to compilable models, for the networks loaded so far.
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

    /// Runs the stage named in a line.
    /// - Returns: a line of JSON with the figures, or with the error.
    public func answer(_ line: String) async -> String {
        var answer = Answer()
        do {
            let name = try JSONDecoder().decode(Request.self, from: Data(line.utf8)).run
            answer.run = name
            if let stage = StageBenchmark.Stage(rawValue: name) {
                let figures = try await benchmark.run(stage)
                answer.seconds = figures.wall.seconds
                answer.cpuSeconds = figures.processor.seconds
                let timings = benchmark.timings()
                answer.readySeconds = timings.networks.reduce(0) { $0 + ($1.graph + $1.reading).seconds }
                answer.compileSeconds = timings.compiling.seconds
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
