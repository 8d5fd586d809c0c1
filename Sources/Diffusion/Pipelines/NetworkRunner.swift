import Inference
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
    private let neededInputs: Set<Int>
    private var setInputs: Set<Int> = []
    private let request: InferRequest
    private let profiling: Bool

    /// Builds and compiles the network that `graph` gives.
    convenience init(_ name: String, _ compiler: NetworkCompiler, _ log: TimingLog, graph: () throws -> SizedGraph) throws {
        let start = ContinuousClock.now
        let graph = try graph()
        log.network(name) { $0.graph += ContinuousClock.now - start }
        let read = try compiler.read(graph)
        try self.init(name, log.measure(\.compiling) { try compiler.compile(read) }, compiler, log)
    }

    private init(_ name: String, _ network: CompiledNetwork, _ compiler: NetworkCompiler, _ log: TimingLog) throws {
        self.name = name
        profiling = compiler.options.profiling
        let start = ContinuousClock.now
        // A request allocates what the network computes in.
        request = try network.model.makeRequest()
        inputs = network.inputs
        outputs = network.outputs.map { ($0.key, $0.value) }
        neededInputs = network.neededInputs
        log.network(name) { entry in
            entry.reading += network.timings.reading
            entry.compiling += network.timings.compiling + (ContinuousClock.now - start)
        }
    }

    /// Compiles networks that were read, side by side.
    /// - Returns: by their names.
    static func all(
        _ networks: [(name: String, read: ReadNetwork)], _ compiler: NetworkCompiler, _ log: TimingLog
    ) throws -> [String: NetworkRunner] {
        let compiled = try log.measure(\.compiling) { try compiler.compile(together: networks.map(\.read)) }
        let runners = try zip(networks, compiled).map { try NetworkRunner($0.name, $1, compiler, log) }
        return Dictionary(uniqueKeysWithValues: runners.map { ($0.name, $0) })
    }

    /// Sets inputs for the runs from now on; what is none of this network's inputs is passed over.
    func set(_ values: [String: Tensor]) throws {
        for (name, tensor) in values {
            guard let index = inputs[name] else { continue }
            try request.setInput(index, to: tensor)
            setInputs.insert(index)
        }
    }

    /// Runs the network on what is set, and on `values`, which stay set.
    /// - Returns: copies of all outputs, by name.
    func run(
        _ values: [String: Tensor] = [:], _ log: TimingLog, isolation: isolated (any Actor)? = #isolation
    ) async throws -> [String: Tensor] {
        try set(values)
        if let missing = inputs.sorted(by: { $0.key < $1.key })
            .first(where: { neededInputs.contains($0.value) && !setInputs.contains($0.value) })
        {
            throw GraphError.structure(
                node: name, reason: "the network takes an input '\(missing.key)', which this pipeline has not")
        }
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
    /// - Parameter network: that gave these.
    /// - Throws: `GraphError.structure` where there is none, as in IR of another kind, or in a checkpoint without that part.
    func required(_ name: String, of network: String) throws(GraphError) -> Tensor {
        guard let tensor = self[name] else {
            let found = keys.sorted().joined(separator: ", ")
            throw .structure(node: network, reason: "the network has no output '\(name)'; it has \(found)")
        }
        return tensor
    }
}
