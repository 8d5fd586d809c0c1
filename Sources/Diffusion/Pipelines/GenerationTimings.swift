/// Where the time of a request went.
public struct GenerationTimings: Sendable {
    public var tokenizing: Duration = .zero
    public var noise: Duration = .zero
    public var scheduler: Duration = .zero
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
        /// Each run.
        public var runs: [Duration] = []
    }

    /// What is spent on the network called `name`, which is entered where it is new.
    subscript(network name: String) -> Network {
        get { networks.first { $0.name == name } ?? Network(name: name) }
        set {
            if let index = networks.firstIndex(where: { $0.name == name }) {
                networks[index] = newValue
            } else {
                networks.append(newValue)
            }
        }
    }

    /// In no network's running or loading.
    public var outsideNetworks: Duration {
        networks.reduce(total) { rest, network in
            rest - network.graph - network.reading - network.compiling - network.runs.reduce(.zero, +)
        }
    }
}

extension Duration {
    /// Adds to `total` what `body` takes.
    static func measure<Result>(into total: inout Duration, _ body: () throws -> Result) rethrows -> Result {
        let start = ContinuousClock.now
        defer { total += ContinuousClock.now - start }
        return try body()
    }
}
