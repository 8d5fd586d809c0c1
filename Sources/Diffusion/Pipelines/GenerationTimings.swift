public import Inference

/// Durations of the parts of a request.
public struct GenerationTimings: Sendable {
    public var tokenizing: Duration = .zero
    public var noise: Duration = .zero
    public var scheduler: Duration = .zero
    /// Conversion of the decoder's output to 8-bit pictures.
    public var conversion: Duration = .zero
    /// Wall-clock time of compiling all networks; some are compiled in parallel.
    public var compiling: Duration = .zero
    /// Networks in the order in which they were first used.
    public var networks: [Network] = []
    public var total: Duration = .zero

    public typealias Network = NetworkTimings

    public init() {}

    /// The timings of the network called `name`.
    public subscript(name: String) -> Network? { networks.first { $0.name == name } }

    /// Time outside the loading and running of networks.
    public var outsideNetworks: Duration {
        networks.reduce(total - compiling) { rest, network in
            rest - network.graph - network.reading - network.runs.reduce(.zero, +)
        }
    }
}

extension GenerationTimings {
    /// Adds the duration of `body`.
    mutating func measure<Result, Failure: Error>(
        _ part: WritableKeyPath<GenerationTimings, Duration>, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = ContinuousClock.now
        defer { self[keyPath: part] += ContinuousClock.now - start }
        return try body()
    }

    /// Adds timings of networks to those of the same names.
    mutating func add(_ networks: [NetworkTimings]) {
        for later in networks {
            compiling += later.compilingByClock
            if let index = self.networks.firstIndex(where: { $0.name == later.name }) {
                self.networks[index].add(later)
            } else {
                self.networks.append(later)
            }
        }
    }
}
