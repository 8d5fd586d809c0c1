import OpenVINO
import TestSupport
import Testing

@testable import Benchmarking

@Suite struct MeasuringTests {
    @Test func turnsEndAtANumberOfRequestsMultiple() {
        let schedule = TurnSchedule(start: .now, seconds: 0, iterations: 5, multiple: 4)
        var turns: [Int] = []
        while let turn = schedule.take() { turns.append(turn) }
        #expect(turns == Array(0..<8))
        #expect(schedule.take() == nil)
    }

    @Test func timeAndNumberAreBothReached() {
        let past = TurnSchedule(start: .now - .seconds(9), seconds: 5, iterations: 2, multiple: 1)
        #expect([past.take(), past.take(), past.take()] == [0, 1, nil])
        let running = TurnSchedule(start: .now, seconds: 60, iterations: 1, multiple: 1)
        #expect([running.take(), running.take(), running.take()] == [0, 1, 2])
        running.stop()
        #expect(running.take() == nil)
    }

    @Test func ratesGiveTurnsATime() {
        let start = ContinuousClock.now
        let schedule = TurnSchedule(start: start, seconds: 1, iterations: 0, multiple: 1, maximumRate: 10)
        #expect(schedule.begin(of: 3, batch: 2) == start + .milliseconds(600))
    }

    @Test func requestsRunSideBySide() async throws {
        let benchmark = try PreparedBenchmark(
            Small.options("model.onnx") { ($0.api, $0.requests, $0.streams, $0.iterations) = (.async, 3, "2", 100) })
        try benchmark.warmUp()
        let result = try await benchmark.measure()
        // The next multiple of three requests.
        #expect(result.count == 102)
        #expect((result.requests, result.streams, result.hint) == (3, "2", "none"))
        #expect(benchmark.lanes.allSatisfy { !$0.samples.isEmpty })
        #expect((result.firstInferenceMilliseconds ?? 0) > 0)
    }

    @Test func hintsFollowTheAPI() {
        #expect(Small.options("model.onnx").namedHint == .latency)
        #expect(Small.options("model.onnx") { $0.api = nil }.namedHint == .throughput)
        #expect(Small.options("model.onnx") { ($0.api, $0.hint) = (nil, .latency) }.namedAPI == .sync)
        #expect(Small.options("model.onnx") { $0.threads = 1 }.namedHint == .none)
    }

    @Test func secondsAreKept() async throws {
        let benchmark = try PreparedBenchmark(Small.options("model.onnx") { ($0.iterations, $0.seconds) = (nil, 0.2) })
        let result = try await benchmark.measure()
        #expect(result.seconds >= 0.2)
        #expect(result.count > 10)
    }

    @Test func ratesAreKept() async throws {
        let benchmark = try PreparedBenchmark(Small.options("model.onnx") { ($0.iterations, $0.maximumRate) = (6, 20) })
        // The sixth begins after 250 ms.
        #expect(try await benchmark.measure().seconds >= 0.25)
    }

    @Test func nodesAreTimed() async throws {
        let result = try await PreparedBenchmark(Small.options("model.onnx") { $0.counters = true }).measure()
        #expect(result.counters.contains { $0.type == "Convolution" && $0.status == "EXECUTED" })
        let report = BenchmarkReport(result, arguments: ["-m", "model.onnx", "-pc", "-t", "1"])
        #expect(report.csv.contains("Command line parameters\nm;model.onnx\npc;\nt;1\n"))
        #expect(report.csv.contains("\ntotal number of iterations;4\n"))
        #expect(report.averageCounters.hasPrefix("layerName;execStatus;layerType;execType;realTime (ms);cpuTime (ms)\n"))
        #expect(report.averageCounters.contains("\nTotal;;;;"))
    }

    @Test func compilingAloneNeedsNoShapes() async throws {
        let benchmark = try PreparedBenchmark(Small.options("dynamic.onnx") { $0.iterations = 0 })
        #expect(benchmark.isCompileOnly)
        await #expect(throws: BenchmarkError.self) { try await benchmark.measure() }
    }

    @Test func comparisonsTakeTurns() async throws {
        let (first, second) = (Small.options("model.onnx"), Small.options("dynamic.onnx") { $0.shape = "[1,3,64,64]" })
        let comparison = try await BenchmarkComparison.measure(first, second, rounds: 4)
        #expect(comparison.rounds.count == 4)
        #expect((comparison.first.count, comparison.second.count) == (4, 4))
        #expect(comparison.ratio.minimum > 0)
        #expect(comparison.ratio.minimum <= comparison.ratio.median && comparison.ratio.median <= comparison.ratio.maximum)
        #expect(BenchmarkComparison.Spread([3, 1, 2, 10]) == BenchmarkComparison.Spread([10, 3, 1, 2]))
        #expect(BenchmarkComparison.Spread([3, 1, 2, 10]).median == 2.5)
    }

    @Test func cancellingEndsAMeasurement() async throws {
        let options = Small.options("model.onnx") { ($0.iterations, $0.seconds) = (nil, 60) }
        let task = Task { try await PreparedBenchmark(options).measure() }
        try await Task.sleep(for: .milliseconds(300))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func propertyFilesAreByDevice() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/config.json"
        try PropertyFile.write([.numStreams(3), .enableProfiling(true)], device: "CPU", to: path)
        #expect(try PropertyFile.read(path, device: "CPU") == [.numStreams(3), .enableProfiling(true)])
        #expect(try PropertyFile.read(path, device: "GPU") == [])
        try folder.write("wrong.json", "[1]")
        #expect(throws: BenchmarkError.self) { try PropertyFile.read(folder.path + "/wrong.json", device: "CPU") }
    }
}
