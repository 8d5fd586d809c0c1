public import Diffusion
public import Inference

/// The report of a generation as JSON; keys carry their units.
public struct GenerationReport: Encodable, Sendable {
    public let model: String?
    public let steps: Int
    public let guidanceScale: Double
    public let scheduler: String
    public let pictures: [DrawnPicture]
    public let notes: [String]
    public let warnings: [String]
    public let timings: TimingReport
    public let peakMemoryBytes: Int?

    public init(_ drawing: Drawing) {
        model = drawing.model.model
        steps = drawing.resolved.numInferenceSteps
        guidanceScale = drawing.resolved.guidanceScale
        scheduler = drawing.resolved.scheduler.className
        pictures = drawing.pictures
        notes = drawing.notes
        warnings = drawing.result.warnings
        timings = TimingReport(drawing.result.timings)
        peakMemoryBytes = ProcessMemory.peakBytes
    }

    enum CodingKeys: String, CodingKey {
        case model, steps, scheduler, pictures, notes, warnings, timings
        case guidanceScale = "guidance_scale"
        case peakMemoryBytes = "peak_memory_bytes"
    }
}

/// The timings of one request in seconds.
public struct TimingReport: Encodable, Sendable {
    public let totalSeconds: Double
    public let tokenizingSeconds: Double
    public let noiseSeconds: Double
    public let schedulerSeconds: Double
    public let conversionSeconds: Double
    public let outsideNetworksSeconds: Double
    public let networks: [Network]

    public struct Network: Encodable, Sendable {
        public let name: String
        public let graphSeconds: Double
        public let readSeconds: Double
        public let compileSeconds: Double
        public let runSeconds: [Double]

        enum CodingKeys: String, CodingKey {
            case name
            case graphSeconds = "graph_seconds"
            case readSeconds = "read_seconds"
            case compileSeconds = "compile_seconds"
            case runSeconds = "run_seconds"
        }
    }

    public init(_ timings: GenerationTimings) {
        totalSeconds = timings.total.seconds
        tokenizingSeconds = timings.tokenizing.seconds
        noiseSeconds = timings.noise.seconds
        schedulerSeconds = timings.scheduler.seconds
        conversionSeconds = timings.conversion.seconds
        outsideNetworksSeconds = timings.outsideNetworks.seconds
        networks = timings.networks.map {
            Network(
                name: $0.name, graphSeconds: $0.graph.seconds, readSeconds: $0.reading.seconds,
                compileSeconds: $0.compiling.seconds, runSeconds: $0.runs.map(\.seconds))
        }
    }

    enum CodingKeys: String, CodingKey {
        case networks
        case totalSeconds = "total_seconds"
        case tokenizingSeconds = "tokenizing_seconds"
        case noiseSeconds = "noise_seconds"
        case schedulerSeconds = "scheduler_seconds"
        case conversionSeconds = "conversion_seconds"
        case outsideNetworksSeconds = "outside_networks_seconds"
    }
}
