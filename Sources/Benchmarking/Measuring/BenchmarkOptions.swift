public import OpenVINO
public import TensorStore

/// The options of a measurement of a model. `benchmark_app`'s options are named in the comments.
public struct BenchmarkOptions: Sendable {
    public enum API: String, Sendable, CaseIterable { case sync, async }

    public enum Hint: String, Sendable, CaseIterable {
        case throughput, latency, none
        case cumulativeThroughput = "cumulative_throughput"

        /// The runtime's mode; nil for `none`.
        var mode: PerformanceMode? {
            switch self {
            case .throughput: .throughput
            case .latency: .latency
            case .cumulativeThroughput: .cumulativeThroughput
            case .none: nil
            }
        }
    }

    /// Path of the model (`-m`).
    public var model: String
    /// Runtime's name of the device (`-d`).
    public var device = "CPU"
    /// nil for the hint of the API, or none where streams, threads or pinning are given.
    public var hint: Hint?
    /// nil for sync with the hint "latency", and async otherwise.
    public var api: API?
    /// With `seconds`, both are reached; without both, `defaultSeconds`.
    public var iterations: Int?
    public var seconds: Double?
    public static let defaultSeconds = 10.0
    /// The number of requests that run at a time (`-nireq`); nil for the device's choice.
    public var requests: Int?
    /// Such as `2`, `AUTO`, `NUMA`, `CPU:2`.
    public var streams: String?
    public var threads: Int?
    public var pinning: Bool?
    /// The precision of inference, such as `bf16` or `CPU:bf16`; nil for the device's own.
    public var precision: String?
    public var batch: Int?
    /// `NamedValues` of shapes that the model takes (`-shape`).
    public var shape: String?
    /// `NamedValues` of shapes of inputs (`-data_shape`).
    public var dataShape: String?
    public var layout: String?
    public var inputPrecision: ElementType?
    public var outputPrecision: ElementType?
    /// `name:type,name:type` (`-iop`).
    public var inputOutputPrecision: String?
    public var mean: String?
    public var scale: String?
    /// Paths, or `name:path,path` (`-i`); random values without any.
    public var inputs: [String] = []
    /// Whether inputs are set once, before the measurement; nil: unless shapes are dynamic.
    public var inferenceOnly: Bool?
    public var warmsUp = true
    /// Whether nodes are timed (`-pc`).
    public var counters = false
    /// The most inferences a second; nil for no limit.
    public var maximumRate: Double?
    public var cacheDirectory: String?
    /// Whether the device reads the model itself (`-lfile`).
    public var loadsFromFile = false
    public var extensions: [String] = []
    /// Further properties, which override all others.
    public var properties: Properties = []

    public init(model: String) { self.model = model }

    /// The API that is measured.
    public var namedAPI: API { api ?? (hint == .latency ? .sync : .async) }

    /// The hint that the model is compiled with.
    public var namedHint: Hint {
        if let hint { return hint }
        if streams != nil || threads != nil || pinning != nil { return .none }
        return namedAPI == .sync ? .latency : .throughput
    }

    /// The seconds to measure; 0 for iterations alone.
    public var namedSeconds: Double { seconds ?? ((iterations ?? 0) > 0 ? 0 : Self.defaultSeconds) }

    /// - Throws: `BenchmarkError.option`.
    public func check() throws(BenchmarkError) {
        func positive(_ value: Double?, _ name: String) throws(BenchmarkError) {
            if let value, !(value > 0 && value.isFinite) {
                throw .option(name, value: "\(value)", reason: "it must be more than 0")
            }
        }
        try positive(seconds, "-t")
        try positive(maximumRate, "-max_irate")
        for (value, name) in [(requests, "-nireq"), (threads, "-nthreads"), (batch, "-b")] {
            if let value, value < 1 || value > 65_536 {
                throw .option(name, value: "\(value)", reason: "it must be from 1 to 65536")
            }
        }
        if let iterations, iterations < 0 { throw .option("-niter", value: "\(iterations)", reason: "it must be 0 or more") }
        if let seconds, seconds > 1_000_000 { throw .option("-t", value: "\(seconds)", reason: "it is more than 11 days") }
    }

    /// The options as the runtime's properties of the device.
    /// - Throws: `BenchmarkError.option` for streams or a precision that can't be read.
    public func runtimeProperties() throws(BenchmarkError) -> Properties {
        var result: Properties = []
        if let mode = namedHint.mode { result.set(.performanceMode(mode)) }
        if let requests { result.set(.performanceHintNumRequests(namedAPI == .sync ? 1 : requests)) }
        if let streams = try perDevice(streams, "-nstreams") {
            guard let count = StreamCount(propertyText: streams.uppercased()) else {
                throw .option("-nstreams", value: streams, reason: "it must be a number, AUTO or NUMA")
            }
            result.set(.numStreams(count))
        }
        if let threads { result.set(.numThreads(threads)) }
        if let pinning { result.set(.enableCPUPinning(pinning)) }
        if let text = try perDevice(precision, "-infer_precision") {
            guard let type = ElementType(rawValue: text.lowercased()), type.isFloatingPoint || type == .dynamic else {
                throw .option("-infer_precision", value: text, reason: "it must be f32, f16 or bf16")
            }
            result.set(.inferencePrecision(type))
        }
        if counters { result.set(.enableProfiling(true)) }
        if let cacheDirectory { result.set(.cacheDirectory(cacheDirectory)) }
        if batch != nil, device != "CPU" { result.set(.custom("ALLOW_AUTO_BATCHING", "NO")) }
        return result.merging(properties)
    }

    /// A value for this device, of `value` or `CPU:value,GPU:value`.
    private func perDevice(_ text: String?, _ option: String) throws(BenchmarkError) -> String? {
        guard let text, text.contains(":") else { return text }
        for part in text.split(separator: ",") {
            let pair = part.split(separator: ":", maxSplits: 1)
            if pair.count == 2, pair[0] == device || device.hasPrefix("\(pair[0]).") { return String(pair[1]) }
        }
        throw .option(option, value: text, reason: "it has no value for the device \(device)")
    }
}
