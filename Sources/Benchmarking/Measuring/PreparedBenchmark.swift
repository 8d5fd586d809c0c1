import Foundation
import Inference
import OpenVINO
import TensorStore

/// A model that is compiled and has its requests and inputs, ready to be measured.
///
/// Not `Sendable`: one measurement at a time.
public final class PreparedBenchmark {
    public let options: BenchmarkOptions
    let loaded: LoadedBenchmark
    /// One for each request; empty where the model is only compiled.
    let lanes: [RequestLane]
    let data: InputData?
    public let inputs: [PlannedInput]
    let inputFiles: InputFiles
    public let inferenceOnly: Bool
    private(set) var firstInference: Double?

    /// Reads and compiles a model, and makes requests and inputs.
    /// - Throws: `BenchmarkError`, `OpenVINOError`; the errors of reading inputs.
    public init(_ options: BenchmarkOptions) throws {
        try options.check()
        self.options = options
        loaded = try LoadedBenchmark(options)
        var plan = loaded.plan
        inputFiles = loaded.files
        guard options.iterations != 0 else {
            // The model is compiled only, whatever its shapes.
            (lanes, data, inputs, inferenceOnly) = ([], nil, plan.inputs, true)
            return
        }
        let data = try InputData(&plan, inputFiles)
        inputs = plan.inputs
        let isFixed = plan.inputs.allSatisfy { $0.shape.fixed != nil }
        let hasOneShape = plan.inputs.allSatisfy { Set($0.dataShapes).count == 1 }
        if options.inferenceOnly == true, !hasOneShape {
            throw BenchmarkError.settings(
                "Inputs of several shapes can't be set once before the measurement; leave out -inference_only.")
        }
        inferenceOnly = options.inferenceOnly ?? isFixed
        let count = try Self.requestCount(options, loaded.compiled)
        let setsInputs = !inferenceOnly
        let compiled = loaded.compiled
        lanes = try (0..<count).map { try RequestLane(compiled, data, number: $0, setsInputs: setsInputs) }
        self.data = data
    }

    private static func requestCount(_ options: BenchmarkOptions, _ model: CompiledModel) throws -> Int {
        guard options.namedAPI == .async else { return 1 }
        return try options.requests ?? max(model.property(.optimalNumberOfInferRequests), 1)
    }

    /// Whether there is nothing to run (`-niter 0`).
    public var isCompileOnly: Bool { lanes.isEmpty }

    /// Runs one inference of the first request, as `benchmark_app` does.
    public func warmUp() throws { firstInference = try lanes.first?.inferOnce() }

    /// Measures for a time or a number of inferences.
    /// - Parameter share: the part of the options' time and number to measure, for one round of several.
    /// - Throws: `OpenVINOError`; `CancellationError`; `BenchmarkError.settings` where nothing can be measured.
    public func measure(share: Double = 1) async throws -> BenchmarkResult {
        guard let data else { throw BenchmarkError.settings("The model was compiled only (-niter 0): there is nothing to run.") }
        let seconds = options.namedSeconds * share
        let iterations = ((options.iterations ?? 0) > 0) ? max(Int((Double(options.iterations ?? 0) * share).rounded(.up)), 1) : 0
        let multiple = options.namedAPI == .async ? (inferenceOnly ? lanes.count : max(data.count, lanes.count)) : 1
        let rate = options.maximumRate
        let duration = try await LaneGroup.run(lanes) { start in
            TurnSchedule(start: start, seconds: seconds, iterations: iterations, multiple: multiple, maximumRate: rate)
        }
        return try result(data, duration)
    }

    private func result(_ data: InputData, _ duration: Double) throws -> BenchmarkResult {
        let samples = lanes.flatMap(\.samples)
        guard let latency = LatencyStatistics(samples.map(\.seconds)) else {
            throw BenchmarkError.settings("No inference ended in the time of the measurement.")
        }
        // Inputs that are set once stay those of their request: the batch is the same in all turns then.
        let frames = samples.reduce(0) { $0 + data.batches[inferenceOnly ? 0 : $1.turn % data.count] }
        let profiles = options.counters ? try lanes.map { try $0.request.profilingInfo() } : []
        return BenchmarkResult(
            model: loaded.path, device: options.device, api: options.namedAPI.rawValue, hint: options.namedHint.rawValue,
            requests: lanes.count, streams: try? loaded.compiled.property(PropertyKey<String>("NUM_STREAMS")),
            threads: try? loaded.compiled.property(.numThreads),
            precision: try? loaded.compiled.property(PropertyKey<String>("INFERENCE_PRECISION_HINT")),
            batch: data.batches[0], inferenceOnly: inferenceOnly, inputs: inputReports,
            readMilliseconds: 1000 * loaded.readSeconds, compileMilliseconds: 1000 * loaded.compileSeconds,
            firstInferenceMilliseconds: firstInference.map { 1000 * $0 }, count: samples.count, seconds: duration,
            latency: latency, groups: groups(data, samples), throughput: Double(frames) / duration,
            peakMemoryBytes: ProcessMemory.peakBytes, compileMemoryBytes: loaded.compileMemoryBytes,
            counters: NodeCounter.means(of: profiles), countersByRequest: profiles.map(NodeCounter.of))
    }

    private var inputReports: [BenchmarkResult.Input] {
        inputs.map { input in
            BenchmarkResult.Input(
                name: input.name, elementType: "\(input.elementType)", shapes: input.dataShapes.map { "\($0)" },
                layout: input.layout?.text, values: inputFiles.paths[input.index]?.joined(separator: " ") ?? "random")
        }
    }

    private func groups(_ data: InputData, _ samples: [RequestLane.Sample]) -> [BenchmarkResult.Group] {
        guard !inferenceOnly, data.count > 1 else { return [] }
        return (0..<data.count).compactMap { group in
            let own = samples.filter { $0.turn % data.count == group }.map(\.seconds)
            let shapes = data.values(group).sorted { $0.index < $1.index }.map { "\(inputs[$0.index].name) \($0.tensor.shape)" }
            return LatencyStatistics(own).map { BenchmarkResult.Group(shapes: shapes.joined(separator: ", "), latency: $0) }
        }
    }
}
