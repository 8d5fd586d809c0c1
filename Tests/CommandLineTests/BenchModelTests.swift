import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct BenchModelTests {
    private static let folder = Goldens.url("Benchmarking").path

    private func run(_ arguments: String...) throws -> ProgramRun {
        try Workplace().run(["bench", "model"] + arguments)
    }

    /// Lines of tutorials.
    @Test(arguments: [
        "-m model.xml -d CPU -t 1", "-m model.onnx -hint latency -niter 10", "-m model.onnx -hint tput -nireq 2 -niter 10",
        "-m model.xml -api sync -niter 5 -b 2 -infer_precision f32",
        "-m model.xml -d CPU -nstreams 1 -nthreads 1 -hint none -niter 4",
        "-m model.xml -niter 4 -pc true -pcsort sort", "-m model.xml -niter 4 -inference_only False -latency_percentile 90",
        "-m dynamic.onnx -shape [1,3,32,32] -niter 4", "-m dynamic.onnx -data_shape [1,3,32,32] -niter 4 -ip f32 -op f16",
        "-m model.onnx -i input.npy -niter 4 -layout [NCHW]", "-m model.xml -niter 4 -no_warmup -max_irate 1000 -pin NO",
        "--path_to_model model.xml --target_device CPU --number_iterations 4 --perf_hint throughput",
    ])
    func linesOfTutorialsRun(_ line: String) throws {
        let arguments = line.split(separator: " ").map { word in
            ["model.xml", "model.onnx", "dynamic.onnx", "input.npy"].contains(word) ? "\(Self.folder)/\(word)" : String(word)
        }
        let run = try Workplace().run(["bench", "model"] + arguments)
        #expect(run.status == 0, "\(line): \(run.errors)")
        #expect(run.output.contains(/Throughput: +[0-9.]+ FPS/), "\(line): \(run.output)")
    }

    @Test func figuresAreJSON() throws {
        let run = try run("\(Self.folder)/model.xml", "-niter", "8", "-nireq", "2", "--counters", "--json")
        let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        let report = try #require(object)
        #expect(report["count"] as? Int == 8)
        #expect(report["requests"] as? Int == 2)
        #expect((report["throughput"] as? Double ?? 0) > 0)
        #expect(((report["latency"] as? [String: Any])?["percentile_99_ms"] as? Double ?? 0) > 0)
        #expect((report["counters"] as? [Any])?.isEmpty == false)
    }

    @Test func reportsAreWritten() throws {
        let workplace = try Workplace()
        let run = try workplace.run([
            "bench", "model", "-m", "\(Self.folder)/model.xml", "-niter", "4", "-report_type", "detailed_counters",
            "-report_folder", ".", "--report", "own.csv", "-dump_config", "config.json",
        ])
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            try workplace.folder.contents == [
                "benchmark_detailed_counters_report.csv", "benchmark_report.csv", "config.json", "own.csv",
            ])
        let own = try String(contentsOfFile: workplace.folder.path + "/own.csv", encoding: .utf8)
        #expect(own.contains("throughput;") && own.contains("layerName;execStatus"))
    }

    @Test func twoTakeTurns() throws {
        let run = try run(
            "\(Self.folder)/model.xml", "-niter", "20", "--rounds", "2", "--versus", "-m \(Self.folder)/model.onnx -nireq 1")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains(/Ratio: +[0-9.]+ \(second to first, median of 2 rounds/))
        #expect(run.output.contains("model.onnx"))
    }

    @Test func mistakesAreTold() throws {
        let dynamic = try run("\(Self.folder)/dynamic.onnx")
        #expect(dynamic.status == 1)
        #expect(dynamic.errors.contains("input [?, 3, ?, ?]") && dynamic.errors.contains("--shape 'input[1,3,64,64]'"))
        let none = try run("-m", "none.xml")
        #expect(none.status == 1 && none.errors.contains("a model is an IR file"))
        #expect(try run().errors.contains("Give a model"))
        #expect(try run("-m", "\(Self.folder)/model.xml", "-d", "TPU", "-niter", "1").status == 1)
    }

    @Test func theDoctorTells() throws {
        let run = try Workplace().run(["doctor", "--json"])
        #expect(run.status == 0, "\(run.errors)")
        let found = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]]
        #expect(try #require(found).allSatisfy { $0["remedy"] is String && $0["cost"] is String })
    }
}
