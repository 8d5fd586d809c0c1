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
    private var request: InferRequest
    /// The inputs that are set, by index.
    private var inputs: [Int: Tensor] = [:]
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
        try self.init(read, ReadNetwork.compile([read])[0])
        timings.graph = took
    }

    /// Compiles a model that the runtime reads itself, such as ONNX. Its ports have one name each.
    ///
    /// The cache of compiled networks is not used.
    /// - Throws: `OpenVINOError`.
    public convenience init(_ name: String, file path: String, _ options: CompileOptions = CompileOptions()) throws {
        let start = ContinuousClock.now
        let read = try Core.shared.readModel(path: path)
        let reading = ContinuousClock.now - start
        let compiled = try Core.shared.compile(read, device: options.device, properties: options.runtimeProperties)
        try self.init(name, compiled, PortNames(compiled), options)
        timings.reading = reading
        timings.compiling = ContinuousClock.now - start - reading
        timings.compilingByClock = timings.compiling
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
        try compile(networks.map { ($0, $1, options) }, graphDuration: graphDuration)
    }

    /// As the other form, with options for each network.
    public static func compile(
        _ networks: [(name: String, graph: SizedGraph, options: CompileOptions)], graphDuration: Duration = .zero
    ) throws -> [Executable] {
        var known: [String: PartialShape] = [:]
        var reads: [ReadNetwork] = []
        for (name, graph, options) in networks {
            let taken = known.filter { name, _ in graph.shapes[name] == nil && graph.graph.parameter(named: name) != nil }
            var sized = graph
            sized.shapes.merge(taken) { own, _ in own }
            let read = try ReadNetwork(name, sized, options)
            known.merge(try read.outputShapes()) { own, _ in own }
            reads.append(read)
        }
        let executables = try zip(reads, ReadNetwork.compile(reads)).map { try Executable($0, $1) }
        executables.last?.timings.graph = graphDuration
        return executables
    }

    private init(_ name: String, _ model: CompiledModel, _ ports: PortNames, _ options: CompileOptions) throws {
        self.name = name
        self.options = options
        self.model = model
        self.ports = ports
        // A request allocates the memory in which the network computes.
        request = try model.makeRequest()
        outputMemory = model.outputs.map(OutputMemory.init)
        timings = NetworkTimings(name: name)
    }

    private convenience init(_ read: ReadNetwork, _ compiled: ReadNetwork.Compiled) throws {
        let start = ContinuousClock.now
        try self.init(read.name, compiled.model, PortNames(read.sized.graph, compiled.model), read.options)
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
            inputs[index] = tensor
        }
    }

    /// Runs the network.
    /// - Parameter values: inputs, which stay set as with `set`.
    /// - Returns: all outputs, by each of their names, without a copy.
    /// - Throws: `GraphError.structure` where an input was never set; `CancellationError`; `OpenVINOError`.
    public func run(_ values: [String: Tensor] = [:]) async throws -> [String: Tensor] {
        try set(values)
        if let missing = ports.firstMissing { inputs[$0] == nil } {
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

    /// Forgets the values of the network's variables (`Graph.readValue`): the next run begins with their first values. Inputs
    /// stay set, and tensors of earlier runs keep their values.
    ///
    /// A new request takes the place of the old one, because the runtime's C API has no other way.
    /// - Throws: `OpenVINOError`.
    public func resetState() throws {
        let fresh = try model.makeRequest()
        for (index, tensor) in inputs { try fresh.setInput(index, to: tensor) }
        request = fresh
        outputMemory = model.outputs.map(OutputMemory.init)
        hasRun = false
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

    /// Nodes of one type that one kernel of the device computes, and the sum of their durations.
    public struct NodeKind: Sendable {
        public let type: String
        public let kernel: String
        public var count = 0
        public var duration: Duration = .zero
    }

    /// The executed nodes by kind, the longest first; kinds without a duration are left out.
    public var nodeKinds: [NodeKind] {
        var kinds: [[String]: NodeKind] = [:]
        for node in nodes where node.status == .executed {
            var kind = kinds[[node.nodeType, node.execType]] ?? NodeKind(type: node.nodeType, kernel: node.execType)
            kind.count += 1
            kind.duration += node.realTime
            kinds[[kind.type, kind.kernel]] = kind
        }
        return kinds.values.filter { $0.duration > .zero }.sorted { $0.duration > $1.duration }
    }

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

/// Indices of a compiled network's ports by all the names that the graph gives them. The runtime tells one name of several.
struct PortNames {
    private(set) var inputs: [String: Int] = [:]
    private(set) var outputs: [String: Int] = [:]
    /// Inputs of which the graph reads more than the shape; these must have a value.
    private var needed: Set<Int> = []

    /// The names that the runtime tells.
    init(_ model: CompiledModel) {
        for port in model.inputs { if let name = port.name { inputs[name] = port.index } }
        for port in model.outputs { if let name = port.name { outputs[name] = port.index } }
        needed = Set(inputs.values)
    }

    init(_ graph: Graph, _ model: CompiledModel) throws {
        // Nodes of which the elements are read, and not the shape alone.
        var read: Set<Int> = []
        for node in graph.nodes where node.type != "ShapeOf" { read.formUnion(node.inputs.lazy.map(\.node)) }
        for (index, node) in graph.nodes.enumerated() {
            if node.type == "Parameter" {
                for name in node.outputs[0].names { inputs[name] = try model.input(name).index }
                if read.contains(index), let name = node.outputs[0].names.first, let port = inputs[name] { needed.insert(port) }
            } else if node.type == "Result" {
                let value = node.inputs[0]
                for name in graph.nodes[value.node].outputs[value.port].names { outputs[name] = try model.output(name).index }
            }
        }
    }

    /// The first input by name that needs a value and has none.
    func firstMissing(_ isMissing: (Int) -> Bool) -> String? {
        guard needed.contains(where: isMissing) else { return nil }
        return inputs.filter { needed.contains($0.value) && isMissing($0.value) }.keys.min()
    }
}
