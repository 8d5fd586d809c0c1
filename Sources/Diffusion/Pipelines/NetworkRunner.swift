import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore

/// A compiled network and a request of it, for one user at a time.
final class NetworkRunner {
    /// What timings call it.
    let name: String
    private let inputs: [String: Int]
    private let outputs: [(name: String, index: Int)]
    private let request: InferRequest
    private let profiling: Bool

    /// Builds and compiles the network that `graph` gives.
    init(_ name: String, _ compiler: NetworkCompiler, _ log: TimingLog, graph: () throws -> Graph) throws {
        self.name = name
        profiling = compiler.options.profiling
        let start = ContinuousClock.now
        let graph = try graph()
        let built = ContinuousClock.now
        let network = try compiler.compile(graph)
        let compiled = ContinuousClock.now
        // A request allocates what the network computes in.
        request = try network.model.makeRequest()
        inputs = Dictionary(uniqueKeysWithValues: network.model.inputs.compactMap { port in port.name.map { ($0, port.index) } })
        outputs = network.model.outputs.compactMap { port in port.name.map { ($0, port.index) } }
        log.network(name) { entry in
            entry.graph += built - start
            entry.reading += network.timings.reading
            entry.compiling += network.timings.compiling + (ContinuousClock.now - compiled)
        }
    }

    /// Sets inputs for the runs from now on; what is none of this network's inputs is passed over.
    func set(_ values: [String: Tensor]) throws {
        for (name, tensor) in values { if let index = inputs[name] { try request.setInput(index, to: tensor) } }
    }

    /// Runs the network on what is set, and on `values`, which stay set.
    /// - Returns: copies of all outputs, by name.
    func run(
        _ values: [String: Tensor] = [:], _ log: TimingLog, isolation: isolated (any Actor)? = #isolation
    ) async throws -> [String: Tensor] {
        try set(values)
        let start = ContinuousClock.now
        try await request.infer()
        let took = ContinuousClock.now - start
        let nodes = profiling ? try request.profilingInfo() : []
        log.network(name) { entry in
            entry.runs.append(took)
            entry.nodes = nodes
        }
        var results: [String: Tensor] = [:]
        for output in outputs { results[output.name] = try request.outputTensor(output.index) }
        return results
    }
}

extension [String: Tensor] {
    /// The output called `name`.
    /// - Precondition: the network was built with it.
    func required(_ name: String) -> Tensor {
        guard let tensor = self[name] else { preconditionFailure("the network has no output \(name)") }
        return tensor
    }
}
