public import ArgumentParser
import Benchmarking
import Foundation
import OpenVINO
import TensorStore

extension BenchmarkOptions.API: ExpressibleByArgument {}

/// A performance hint, by `benchmark_app`'s short names too.
struct HintArgument: ExpressibleByArgument {
    let hint: BenchmarkOptions.Hint

    init?(argument: String) {
        let name = ["tput": "throughput", "ctput": "cumulative_throughput"][argument] ?? argument
        guard let hint = BenchmarkOptions.Hint(rawValue: name) else { return nil }
        self.hint = hint
    }

    static var allValueStrings: [String] { ["throughput", "tput", "latency", "cumulative_throughput", "ctput", "none"] }
}

/// An element type by `benchmark_app`'s names.
struct ElementTypeArgument: ExpressibleByArgument {
    let type: ElementType

    init?(argument: String) {
        guard let type = ElementType(benchmarkName: argument) else { return nil }
        self.type = type
    }
}

/// A switch that may have a value: `-pc`, `-pc true`.
struct SwitchArgument: ExpressibleByArgument {
    let isOn: Bool

    init(isOn: Bool) { self.isOn = isOn }

    init?(argument: String) {
        switch argument.lowercased() {
        case "yes", "true", "t", "y", "1": isOn = true
        case "no", "false", "f", "n", "0": isOn = false
        default: return nil
        }
    }

    static let on = SwitchArgument(isOn: true)
    var defaultValueDescription: String { isOn ? "true" : "false" }
}

extension NameSpecification {
    /// Names with one dash, as `benchmark_app` has them, and with two.
    static func app(_ short: String..., long: String...) -> NameSpecification {
        // The parser takes a dash and one letter as a short name only.
        let short = short.map { name -> Element in
            name.count == 1 ? .customShort(Character(name)) : .customLong(name, withSingleDash: true)
        }
        return NameSpecification(short + long.map { .customLong($0) })
    }
}

/// Options of the inputs, by `benchmark_app`'s names and by ours.
struct BenchModelInputs: ParsableArguments {
    @Option(
        name: .app("i", long: "input", "paths_to_input"), parsing: .upToNextOption,
        help: ArgumentHelp(
            "Files or folders of .npy arrays, pictures or raw elements (.bin), or input:file,file. (default: random values)",
            valueName: "path"))
    var inputs: [String] = []
    @Option(
        name: .app("shape", long: "shape"),
        help: "Shapes that the model is given: 'input1[1,3,224,224],input2[1,?]' or '[1,3,224,224]'.")
    var shape: String?
    @Option(
        name: .app("data_shape", long: "data-shape"), help: "Shapes of inputs in turn, for a dynamic model: 'input[1,8][1,16]'.")
    var dataShape: String?
    @Option(name: .app("b", long: "batch", "batch_size"), help: "The batch that the model is given.") var batch: Int?
    @Option(
        name: .app("layout", long: "layout"), help: "The meaning of the axes: 'input1[NCHW],input2[NC]'. (default: by the shape)")
    var layout: String?
    @Option(
        name: .app("ip", long: "input-precision", "input_precision"),
        help: "The type of the inputs' elements. (default: u8 for pictures, else the model's)")
    var inputPrecision: ElementTypeArgument?
    @Option(
        name: .app("op", long: "output-precision", "output_precision"),
        help: "The type of the outputs' elements. (default: the model's)")
    var outputPrecision: ElementTypeArgument?
    @Option(
        name: .app("iop", long: "input-output-precision", "input_output_precision"),
        help: "Types by name: 'input:f16,output:f32'.")
    var inputOutputPrecision: String?
    @Option(name: .app(long: "mean-values", "mean_values"), help: "Numbers to subtract from each channel: '[R,G,B]'.") var mean:
        String?
    @Option(name: .app(long: "scale-values", "scale_values"), help: "Numbers to divide each channel by: '[R,G,B]'.") var scale:
        String?
}

/// Options of the run.
struct BenchModelRun: ParsableArguments {
    @Option(
        name: .app("d", long: "device", "target_device"), help: "The device: CPU, GPU, AUTO, HETERO:GPU,CPU …; see glint info.")
    var device = "CPU"
    @Option(
        name: .app("hint", long: "hint", "perf_hint"),
        help:
            "What the device is to be set for. (default: latency for sync, throughput for async, none with streams, threads or pinning)"
    )
    var hint: HintArgument?
    @Option(
        name: .app("api", long: "api", "api_type"),
        help: "One inference at a time, or several. (default: sync with --hint latency, else async)")
    var api: BenchmarkOptions.API?
    @Option(
        name: .app("niter", long: "iterations", "number_iterations"), help: "The number of inferences; 0 only compiles the model."
    )
    var iterations: Int?
    @Option(
        name: .app("t", long: "seconds", "time"),
        help: "The seconds to measure; with a number of inferences, both are reached. (default: 10 without it)")
    var seconds: Double?
    @Option(
        name: .app("nireq", long: "requests", "number_infer_requests"),
        help: "The number of requests at a time. (default: the device's choice)")
    var requests: Int?
    @Option(
        name: .app("nstreams", long: "streams", "number_streams"),
        help: "The number of streams, AUTO, NUMA, or CPU:2. (default: by the hint)")
    var streams: String?
    @Option(
        name: .app("nthreads", long: "threads", "number_threads"), help: "The number of threads. (default: the device's choice)")
    var threads: Int?
    @Option(name: .app("pin", long: "pinning", "infer_threads_pinning"), help: "Whether threads are bound to cores: YES or NO.")
    var pinning: SwitchArgument?
    @Option(
        name: .app("infer_precision", long: "precision"),
        help: "The precision of inference: f32, bf16, f16, or CPU:bf16. (default: the device's own)")
    var precision: String?
    @Option(
        name: .app("inference_only", long: "inference_only"), defaultAsFlag: .on, parsing: .next,
        help: "Whether inputs are set once, before the measurement. (default: true unless shapes are dynamic)")
    var inferenceOnly: SwitchArgument?
    @Flag(name: .app("no_warmup", long: "no-warm-up"), help: "Measure without an inference before.") var noWarmUp = false
    @Option(
        name: .app("max_irate", long: "max-rate", "maximum_inference_rate"),
        help: "The most inferences a second, times the batch. (default: no limit)")
    var maximumRate: Double?
    @Option(name: .app("cdir", "cache_dir", long: "cache-dir", "cache_dir"), help: "A folder that keeps compiled models.")
    var cacheDirectory: String?
    @Option(
        name: .app("lfile", "load_from_file", long: "load-from-file", "load_from_file"), defaultAsFlag: .on, parsing: .next,
        help: "Let the device read the model itself.")
    var loadsFromFile: SwitchArgument?
    @Option(
        name: .app("extensions", long: "extension", "extensions"),
        help: "Libraries with further operations, separated by commas.") var extensions: String?
    @Option(name: .app(long: "property"), help: "A property of the device: KEY=VALUE; may be repeated.") var property: [String] =
        []
    @Option(
        name: .app("load_config", long: "load-config"), help: "A JSON file of properties: {\"CPU\": {\"NUM_STREAMS\": \"3\"}}.")
    var loadConfig: String?
}

/// Options of what is told.
struct BenchModelReports: ParsableArguments {
    @Option(
        name: .app("latency_percentile", long: "percentile", "latency_percentile"),
        help: "A percentile of the latency to print, 1 to 100. (default: 50, the median)")
    var percentile: Int?
    @Flag(name: .app(long: "counters"), help: "Time the nodes, and print them by time.") var counters = false
    @Option(
        name: .app("pc", long: "perf_counts"), defaultAsFlag: .on, parsing: .next, help: "The same, as benchmark_app names it.")
    var performanceCounters: SwitchArgument?
    @Option(
        name: .app("pcsort", long: "perf_counts_sort"),
        help: "The order of nodes: sort (by time), no_sort, or simple_sort (executed ones, in order).")
    var counterOrder: CounterOrder?
    @Option(
        name: .app("pcseq", long: "pcseq"), defaultAsFlag: .on, parsing: .next,
        help: "Print latencies for each shape of --data-shape; they are always printed.") var groupLatencies: SwitchArgument?
    @Option(name: .app(long: "report"), help: "A file for the report as CSV, in the form of benchmark_app's.") var report: String?
    @Option(
        name: .app("report_type", long: "report_type"),
        help: "no_counters, average_counters or detailed_counters: what -report_folder gets.")
    var reportType: ReportType?
    @Option(
        name: .app("report_folder", long: "report_folder"),
        help: "A folder for benchmark_app's report files. (default: the current one, with -report_type)")
    var reportFolder: String?
    @Option(
        name: .app("json_stats", long: "json_stats"), defaultAsFlag: .on, parsing: .next, help: "Write these reports as JSON.")
    var jsonReports: SwitchArgument?
    @Option(name: .app("dump_config", long: "dump-config"), help: "A JSON file to write the device's properties to.")
    var dumpConfig: String?
    @Flag(help: "Print one JSON object instead of text.") var json = false
}

enum CounterOrder: String, ExpressibleByArgument, CaseIterable {
    case sort
    case unsorted = "no_sort"
    case simple = "simple_sort"
}

enum ReportType: String, ExpressibleByArgument, CaseIterable {
    case noCounters = "no_counters"
    case averageCounters = "average_counters"
    case detailedCounters = "detailed_counters"
}

extension BenchModelReports {
    /// Whether nodes have to be timed.
    var needsCounters: Bool {
        counters || performanceCounters?.isOn == true || counterOrder != nil
            || (reportType ?? .noCounters) != .noCounters
    }
}
