import Dispatch
public import ModelGraph
public import OpenVINO
public import TensorStore

/// A network that is ready to run.
public struct CompiledNetwork: Sendable {
    public let model: CompiledModel
    /// Indices of inputs by every name that the graph gives them; the runtime itself tells only one of several.
    public let inputs: [String: Int]
    /// Indices of outputs by every name.
    public let outputs: [String: Int]
    /// Inputs of which the graph reads more than the shape.
    public let neededInputs: Set<Int>
    /// What it took to get here.
    public let timings: CompileTimings
}

/// Where the time went between a graph and a network that runs.
public struct CompileTimings: Sendable {
    /// Graph to IR text, and the runtime's reading of it.
    public var reading: Duration = .zero
    public var compiling: Duration = .zero
}

/// A network that the runtime has read, with its shapes, and not yet compiled.
public struct ReadNetwork {
    let model: Model
    let sized: SizedGraph
    let serialized: SerializedModel
    let reading: Duration

    /// Of each output, by all of its names.
    public func outputShapes() throws -> [String: PartialShape] {
        let ports = try model.outputs
        return try sized.graph.resultNames.reduce(into: [:]) { $0[$1] = ports[try model.output($1).index].shape }
    }
}

/// Compiles graphs over mapped checkpoints.
public struct NetworkCompiler: Sendable {
    public let options: CompileOptions

    public init(_ options: CompileOptions) { self.options = options }

    /// Compiles a graph without dynamic shapes.
    public func compile(_ graph: Graph) throws -> CompiledNetwork { try compile(SizedGraph(graph)) }

    /// Compiles a graph for its shapes.
    /// - Throws: as `read` and `compile`.
    public func compile(_ sized: SizedGraph) throws -> CompiledNetwork { try compile(read(sized)) }

    /// Has the runtime read a graph, which takes little time: its weights stay where they are.
    /// - Throws: `FileError` where a file has changed since it was mapped; `GraphError`; `OpenVINOError`.
    public func read(_ sized: SizedGraph) throws -> ReadNetwork {
        let start = ContinuousClock.now
        let serialized = try prepared(sized).serialized()
        let model = try Core.shared.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
        try model.reshape(sized.shapes)
        return ReadNetwork(model: model, sized: sized, serialized: serialized, reading: ContinuousClock.now - start)
    }

    /// Compiles a network. Its weights are read from their files while that goes on, and not kept in memory afterwards.
    /// - Throws: `OpenVINOError`.
    public func compile(_ read: ReadNetwork) throws -> CompiledNetwork {
        let start = ContinuousClock.now
        let (sized, serialized) = (read.sized, read.serialized)
        var properties = options.runtimeProperties
        if let directory = options.cacheDirectory {
            properties.set(.cacheDirectory(directory))
            let shapes = sized.shapes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            properties.set(.cacheBlobID(serialized.identity(with: "\(options.device.name) \(properties) \(shapes)")))
        }
        // The runtime reads every weight once. Without this all pages of the files would stay in our memory until it ends.
        let dropper = PageDropper(serialized.weights)
        defer { dropper.stop() }
        let compiled = try Core.shared.compile(read.model, device: options.device, properties: properties)
        let timings = CompileTimings(reading: read.reading, compiling: ContinuousClock.now - start)
        return try CompiledNetwork(model: compiled, graph: sized.graph, timings: timings)
    }

    /// Compiles networks side by side, since a large one keeps all processors busy only part of the time.
    /// - Throws: as for one, the first network's error.
    public func compile(together reads: [ReadNetwork]) throws -> [CompiledNetwork] {
        let work = Work(reads)
        DispatchQueue.concurrentPerform(iterations: reads.count) { index in
            work.results[index] = Result { try compile(work.reads[index]) }
        }
        return try (0..<reads.count).map { index in
            guard let result = work.results[index] else { preconditionFailure("network \(index) was not compiled") }
            return try result.get()
        }
    }

    /// The graph in the form that the device computes fastest.
    private func prepared(_ sized: SizedGraph) throws -> Graph {
        guard options.device.name.hasPrefix("CPU"), options.precision == .f32 else { return sized.graph }
        return try sized.graph.groupNormalizationByMoments(sized.shapes)
    }
}

/// @unchecked: each place is used by one thread, while the caller waits.
private final class Work: @unchecked Sendable {
    let reads: [ReadNetwork]
    let results: UnsafeMutableBufferPointer<Result<CompiledNetwork, any Error>?>

    init(_ reads: [ReadNetwork]) {
        self.reads = reads
        results = .allocate(capacity: reads.count)
        results.initialize(repeating: nil)
    }

    deinit {
        results.deinitialize()
        results.deallocate()
    }
}

extension Graph {
    /// All names of what the model gives.
    fileprivate var resultNames: [String] {
        results.flatMap { nodes[$0.inputs[0].node].outputs[$0.inputs[0].port].names }
    }
}

extension CompiledNetwork {
    fileprivate init(model: CompiledModel, graph: Graph, timings: CompileTimings) throws {
        var inputs: [String: Int] = [:]
        var outputs: [String: Int] = [:]
        var needed: Set<Int> = []
        let uses = graph.uses
        for (index, node) in graph.nodes.enumerated() {
            if node.type == "Parameter" {
                for name in node.outputs[0].names { inputs[name] = try model.input(name).index }
                let isRead = uses[graph.value(index), default: []].contains { graph.nodes[$0.node].type != "ShapeOf" }
                if isRead, let name = node.outputs[0].names.first, let port = inputs[name] { needed.insert(port) }
            } else if node.type == "Result" {
                let value = node.inputs[0]
                for name in graph.nodes[value.node].outputs[value.port].names { outputs[name] = try model.output(name).index }
            }
        }
        self.init(model: model, inputs: inputs, outputs: outputs, neededInputs: needed, timings: timings)
    }
}
