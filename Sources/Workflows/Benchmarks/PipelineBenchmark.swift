public import Diffusion
public import Foundation
public import Inference
import ModelLoading

/// Times and memory of a pipeline: loading times from the first picture, all others as medians over the later pictures.
public struct PipelineBenchmark: Encodable, Sendable {
    public let model: String
    /// The precision of inference: never `auto`.
    public let precision: String
    public let steps: Int
    public let repeats: Int
    public let ready: ReadyBenchmark
    public let networks: [Network]
    public let tokenizingSeconds: Double
    public let noiseSeconds: Double
    public let schedulerSeconds: Double
    public let conversionSeconds: Double
    /// Time of a whole picture outside the loading and running of networks.
    public let outsideNetworksSeconds: Double
    public let totalSeconds: Double
    public let firstTotalSeconds: Double
    public let peakMemoryBytes: Int?
    /// The last picture's timings, for a table of nodes; not part of the JSON.
    public let profiled: GenerationTimings

    public struct Network: Encodable, Sendable {
        public let name: String
        public let graphSeconds: Double
        public let readSeconds: Double
        public let compileSeconds: Double
        public let runsPerPicture: Int
        public let medianRunSeconds: Double?
        public let minimumRunSeconds: Double?
        public let maximumRunSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case name
            case graphSeconds = "graph_seconds"
            case readSeconds = "read_seconds"
            case compileSeconds = "compile_seconds"
            case runsPerPicture = "runs_per_picture"
            case medianRunSeconds = "median_run_seconds"
            case minimumRunSeconds = "minimum_run_seconds"
            case maximumRunSeconds = "maximum_run_seconds"
        }
    }

    /// Draws pictures with a model repeatedly.
    /// - Parameters:
    ///   - model: the model's name in the report.
    ///   - request: the request; its seeds count from 0.
    ///   - repeats: the number of measured pictures, after one for warming up.
    /// - Throws: as `LatentDiffusionModel.init` and `LatentDiffusionPipeline.generate`.
    public static func measure(
        _ folder: URL, model: String, _ request: GenerationRequest, repeats: Int, compile: CompileOptions, memory: MemoryPolicy
    ) async throws -> PipelineBenchmark {
        let ready = try ReadyBenchmark(folder, width: request.width, height: request.height)
        let loaded = try LatentDiffusionModel(ModelSource(folder))
        let resolved = try ResolvedRequest(request, loaded)
        let pipeline = LatentDiffusionPipeline(loaded, compile: compile, memory: memory)
        var runs: [GenerationTimings] = []
        for index in 0...repeats {
            var request = request
            request.seed = UInt64(index)
            runs.append(try await pipeline.generate(request).timings)
        }
        return PipelineBenchmark(
            model: model, precision: compile.namedPrecision.rawValue, ready: ready, first: runs[0],
            rest: Array(runs.dropFirst()), steps: resolved.numInferenceSteps)
    }

    private init(
        model: String, precision: String, ready: ReadyBenchmark, first: GenerationTimings, rest: [GenerationTimings], steps: Int
    ) {
        (self.model, self.precision) = (model, precision)
        self.steps = steps
        repeats = rest.count
        self.ready = ready
        networks = first.networks.map { network in
            // The first run of each network is a warm-up.
            let runs = rest.flatMap { $0[network.name]?.runs ?? [] }.map(\.seconds)
            return Network(
                name: network.name, graphSeconds: network.graph.seconds, readSeconds: network.reading.seconds,
                compileSeconds: network.compiling.seconds, runsPerPicture: network.runs.count,
                medianRunSeconds: runs.isEmpty ? nil : median(runs), minimumRunSeconds: runs.min(), maximumRunSeconds: runs.max())
        }
        func middle(_ value: (GenerationTimings) -> Duration) -> Double { median(rest.map { value($0).seconds }) }
        tokenizingSeconds = middle(\.tokenizing)
        noiseSeconds = middle(\.noise)
        schedulerSeconds = middle(\.scheduler)
        conversionSeconds = middle(\.conversion)
        outsideNetworksSeconds = middle(\.outsideNetworks)
        totalSeconds = middle(\.total)
        firstTotalSeconds = first.total.seconds
        peakMemoryBytes = ProcessMemory.peakBytes
        profiled = rest[rest.count - 1]
    }

    enum CodingKeys: String, CodingKey {
        case model, precision, steps, repeats, ready, networks
        case tokenizingSeconds = "tokenizing_seconds"
        case noiseSeconds = "noise_seconds"
        case schedulerSeconds = "scheduler_seconds"
        case conversionSeconds = "conversion_seconds"
        case outsideNetworksSeconds = "outside_networks_seconds"
        case totalSeconds = "total_seconds"
        case firstTotalSeconds = "first_total_seconds"
        case peakMemoryBytes = "peak_memory_bytes"
    }
}
