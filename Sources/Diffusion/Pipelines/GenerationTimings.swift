import Adapters
public import OpenVINO

/// Where the time of a request went.
public struct GenerationTimings: Sendable {
    public var tokenizing: Duration = .zero
    public var noise: Duration = .zero
    public var scheduler: Duration = .zero
    /// From the decoder's output to 8-bit pictures.
    public var conversion: Duration = .zero
    /// Of all networks by the clock; some are compiled side by side.
    public var compiling: Duration = .zero
    /// Networks in the order in which they were first used.
    public var networks: [Network] = []
    public var total: Duration = .zero

    public struct Network: Sendable {
        public let name: String
        /// From the mapped checkpoint to a graph.
        public var graph: Duration = .zero
        /// From the graph to the runtime's model.
        public var reading: Duration = .zero
        public var compiling: Duration = .zero
        public var runs: [Duration] = []
        /// What each node took in the last run; empty unless networks are compiled for profiling.
        public var nodes: [ProfilingInfo] = []

        public init(name: String) { self.name = name }
    }

    public init() {}

    /// What was spent on the network called `name`.
    public subscript(name: String) -> Network? { networks.first { $0.name == name } }

    /// Everything that no network's loading or running took.
    public var outsideNetworks: Duration {
        networks.reduce(total - compiling) { rest, network in
            rest - network.graph - network.reading - network.runs.reduce(.zero, +)
        }
    }
}

/// The timings of a request under way, which its stages share. A reference, as they run between suspensions of each other.
final class TimingLog {
    private(set) var timings = GenerationTimings()
    /// Where the keys of LoRAs found their places, network by network.
    private(set) var adaptations: [LoRAReport] = []
    private let start = ContinuousClock.now

    func adapted(_ report: LoRAReport) {
        if !adaptations.contains(report) { adaptations.append(report) }
    }

    /// Those that were not taken yet.
    func takeAdaptations() -> [LoRAReport] {
        defer { adaptations = [] }
        return adaptations
    }

    /// Adds what `body` takes.
    func measure<Result, Failure: Error>(
        _ part: WritableKeyPath<GenerationTimings, Duration>, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = ContinuousClock.now
        defer { timings[keyPath: part] += ContinuousClock.now - start }
        return try body()
    }

    /// Changes the entry of the network called `name`, which is made where it is new.
    func network(_ name: String, _ change: (inout GenerationTimings.Network) -> Void) {
        let index = timings.networks.firstIndex { $0.name == name } ?? timings.networks.count
        if index == timings.networks.count { timings.networks.append(.init(name: name)) }
        change(&timings.networks[index])
    }

    func finish() -> GenerationTimings {
        timings.total = ContinuousClock.now - start
        return timings
    }
}
