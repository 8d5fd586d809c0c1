import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore

/// A compiled network and a request of it, for one user at a time.
final class NetworkRunner {
    /// What timings call it.
    let name: String
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
        log.network(name) { entry in
            entry.graph += built - start
            entry.reading += network.timings.reading
            entry.compiling += network.timings.compiling + (ContinuousClock.now - compiled)
        }
    }

    /// Sets an input for the runs from now on.
    func set(_ input: String, to tensor: Tensor) throws { try request.setInput(input, to: tensor) }

    /// Runs the network on what is set, and on `inputs`.
    /// - Returns: copies of all outputs, by name.
    func run(
        _ inputs: [String: Tensor] = [:], _ log: TimingLog, isolation: isolated (any Actor)? = #isolation
    ) async throws -> [String: Tensor] {
        for (name, tensor) in inputs { try request.setInput(name, to: tensor) }
        let start = ContinuousClock.now
        try await request.infer()
        let took = ContinuousClock.now - start
        let nodes = profiling ? try request.profilingInfo() : []
        log.network(name) { entry in
            entry.runs.append(took)
            entry.nodes = nodes
        }
        var outputs: [String: Tensor] = [:]
        for port in request.model.outputs {
            if let name = port.name { outputs[name] = try request.outputTensor(port.index) }
        }
        return outputs
    }

    /// The names of the inputs.
    var inputNames: Set<String> { Set(request.model.inputs.compactMap(\.name)) }
}

extension [String: Tensor] {
    /// The output called `name`.
    /// - Precondition: the network was built with it.
    func required(_ name: String) -> Tensor {
        guard let tensor = self[name] else { preconditionFailure("the network has no output \(name)") }
        return tensor
    }
}
