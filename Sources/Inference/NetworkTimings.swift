public import OpenVINO

/// Durations of the making and the runs of a network.
public struct NetworkTimings: Sendable {
    public let name: String
    /// From the mapped checkpoint to a graph.
    public var graph: Duration = .zero
    /// From the graph to the runtime's model.
    public var reading: Duration = .zero
    public var compiling: Duration = .zero
    /// The part of `compiling` that the sum over networks counts: of networks that are compiled side by side one has the
    /// elapsed time, and the others zero.
    public var compilingByClock: Duration = .zero
    public var runs: [Duration] = []
    /// Durations of the nodes in the last run; empty unless `CompileOptions.profiling` is set.
    public var nodes: [ProfilingInfo] = []

    public init(name: String) { self.name = name }

    /// Whether nothing was measured.
    var isEmpty: Bool {
        graph + reading + compiling == .zero && runs.isEmpty
    }

    /// Adds later timings of a network with the same name.
    public mutating func add(_ later: NetworkTimings) {
        graph += later.graph
        reading += later.reading
        compiling += later.compiling
        compilingByClock += later.compilingByClock
        runs += later.runs
        if !later.runs.isEmpty { nodes = later.nodes }
    }
}
