public import ModelGraph
public import OpenVINO
public import TensorStore

/// A compiled network with an inference request: a graph and sizes in, something that runs out.
///
/// Outputs are tensors over the memory that the network wrote; nothing is copied. Nothing is copied either when an output is
/// set as an input of another network, or of this network for its next run. An output keeps its values while anything holds
/// it: the next run then writes to other memory.
///
/// Not `Sendable`: one task at a time uses it.
public final class Executable {
    /// Names the network in timings and errors.
    public let name: String
    public let options: CompileOptions
    /// The compiled network, for its ports and properties. Further requests can be made of it.
    public let model: CompiledModel
    private let ports: PortNames
    private let request: InferRequest
    /// Inputs that have a value, by index.
    private var setInputs: Set<Int> = []
    /// In the order of the outputs.
    private var outputMemory: [OutputMemory]
    private var hasRun = false
    private var timings: NetworkTimings

    /// Compiles a network.
    /// - Parameters:
    ///   - name: its name in timings and errors.
    ///   - graph: the expression that makes the graph; `timings.graph` says how long that takes.
    /// - Throws: `FileError` where a file has changed since it was mapped; `GraphError`; `OpenVINOError`; the errors of `graph`.
    public convenience init(
        _ name: String, _ graph: @autoclosure () throws -> SizedGraph, _ options: CompileOptions = CompileOptions()
    ) throws {
        let start = ContinuousClock.now
        let graph = try graph()
        let took = ContinuousClock.now - start
        let read = try ReadNetwork(name, graph, options)
        try self.init(read, ReadNetwork.compile([read], options)[0], options)
        timings.graph = took
    }

    /// Compiles networks side by side, because one network alone keeps all processors busy only part of the time.
    ///
    /// Each network tells those after it the shapes of its outputs: an input of the same name takes that shape. So the
    /// stages of one graph (`SizedGraph.stages`) need no shapes but those of the graph's own inputs.
    /// - Parameters:
    ///   - networks: the last one is started first and should be the largest.
    ///   - graphDuration: of making the graph that the stages come from; counted for the last network.
    /// - Returns: in the same order.
    /// - Throws: as `init`, the error of the first network that fails.
    public static func compile(
        _ networks: [(name: String, graph: SizedGraph)], _ options: CompileOptions = CompileOptions(),
        graphDuration: Duration = .zero
    ) throws -> [Executable] {
        var known: [String: PartialShape] = [:]
        var reads: [ReadNetwork] = []
        for (name, graph) in networks {
            let taken = known.filter { name, _ in graph.shapes[name] == nil && graph.graph.parameter(named: name) != nil }
            let sized = SizedGraph(graph.graph, shapes: graph.shapes.merging(taken) { own, _ in own })
            let read = try ReadNetwork(name, sized, options)
            known.merge(try read.outputShapes()) { own, _ in own }
            reads.append(read)
        }
        let executables = try zip(reads, ReadNetwork.compile(reads, options)).map { try Executable($0, $1, options) }
        executables.last?.timings.graph = graphDuration
        return executables
    }

    private init(_ read: ReadNetwork, _ compiled: ReadNetwork.Compiled, _ options: CompileOptions) throws {
        let start = ContinuousClock.now
        name = read.name
        self.options = options
        model = compiled.model
        ports = try PortNames(read.sized.graph, compiled.model)
        // A request allocates the memory in which the network computes.
        request = try compiled.model.makeRequest()
        outputMemory = compiled.model.outputs.map(OutputMemory.init)
        timings = NetworkTimings(name: read.name)
        timings.reading = read.duration
        timings.compiling = compiled.duration + (ContinuousClock.now - start)
        timings.compilingByClock = compiled.durationByClock
    }

    // MARK: Ports

    /// Names of the inputs. An input with several names is listed under each of them.
    public var inputNames: Set<String> { Set(ports.inputs.keys) }

    /// Shapes of the outputs, by each of their names.
    public var outputShapes: [String: PartialShape] { ports.outputs.mapValues { model.outputs[$0].shape } }

    // MARK: Running

    /// Sets inputs for all runs from now on. Values under names that the network does not have are ignored.
    /// - Throws: `OpenVINOError.elementType`, `.shape`.
    public func set(_ values: [String: Tensor]) throws {
        for (name, tensor) in values {
            guard let index = ports.inputs[name] else { continue }
            try request.setInput(index, to: tensor)
            setInputs.insert(index)
        }
    }

    /// Runs the network.
    /// - Parameter values: inputs, which stay set as with `set`.
    /// - Returns: all outputs, by each of their names, without a copy.
    /// - Throws: `GraphError.structure` where an input was never set; `CancellationError`; `OpenVINOError`.
    public func run(_ values: [String: Tensor] = [:]) async throws -> [String: Tensor] {
        try set(values)
        if let missing = ports.firstMissing(setInputs) {
            throw GraphError.structure(node: name, reason: "the network has an input '\(missing)', which is not set")
        }
        for index in outputMemory.indices { try outputMemory[index].prepare(request) }
        let start = ContinuousClock.now
        try await request.infer()
        timings.runs.append(ContinuousClock.now - start)
        if options.profiling { timings.nodes = try request.profilingInfo() }
        hasRun = true
        let tensors = try outputMemory.map { try $0.tensor(request) }
        return ports.outputs.mapValues { tensors[$0] }
    }

    /// Sets an input to an output of the last run, without a copy: of this network for its next run, as for a key/value cache,
    /// or of another network.
    /// - Throws: `GraphError.structure` where there is no such output or input, or before the first run; `OpenVINOError`.
    public func pass(_ output: String, to input: String, of other: Executable? = nil) throws {
        guard let index = ports.outputs[output] else {
            throw GraphError.structure(node: name, reason: "the network has no output '\(output)'")
        }
        let other = other ?? self
        guard other.ports.inputs[input] != nil else {
            throw GraphError.structure(node: other.name, reason: "the network has no input '\(input)'")
        }
        guard hasRun else { throw GraphError.structure(node: name, reason: "the network has not run yet") }
        try other.set([input: outputMemory[index].tensor(request)])
    }

    // MARK: Timings

    /// The timings since the last call, or since the network was made; nil where there are none.
    public func takeTimings() -> NetworkTimings? {
        defer { timings = NetworkTimings(name: name) }
        return timings.isEmpty ? nil : timings
    }
}

extension [String: Tensor] {
    /// The output called `name`.
    /// - Parameter network: the name of the network that has these outputs.
    /// - Throws: `GraphError.structure` where there is none, as with IR of another kind of network.
    public func required(_ name: String, of network: String) throws(GraphError) -> Tensor {
        guard let tensor = self[name] else {
            let found = keys.sorted().joined(separator: ", ")
            throw .structure(node: network, reason: "the network has no output '\(name)'; it has \(found)")
        }
        return tensor
    }
}
