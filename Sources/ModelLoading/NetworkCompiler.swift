public import ModelGraph
public import OpenVINO
import TensorStore

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

/// Compiles graphs over mapped checkpoints.
public struct NetworkCompiler: Sendable {
    public let options: CompileOptions

    public init(_ options: CompileOptions) { self.options = options }

    /// Compiles a graph without dynamic shapes.
    public func compile(_ graph: Graph) throws -> CompiledNetwork { try compile(SizedGraph(graph)) }

    /// Compiles a graph for its shapes. Its weights are read from their files while that goes on, and not kept in memory
    /// afterwards.
    ///
    /// - Throws: `FileError` where a file has changed since it was mapped; `GraphError`; `OpenVINOError`.
    public func compile(_ sized: SizedGraph) throws -> CompiledNetwork {
        let start = ContinuousClock.now
        let core = try Core.shared
        let serialized = try prepared(sized.graph).serialized()
        let model = try core.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
        try model.reshape(sized.shapes)
        let read = ContinuousClock.now

        var properties = options.runtimeProperties
        if let directory = options.cacheDirectory {
            properties.set(.cacheDirectory(directory))
            let shapes = sized.shapes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            properties.set(.cacheBlobID(serialized.identity(with: "\(options.device.name) \(properties) \(shapes)")))
        }
        // The runtime reads every weight once. Without this all pages of the files would stay in our memory until it ends.
        let dropper = PageDropper(serialized.weights)
        defer { dropper.stop() }
        let compiled = try core.compile(model, device: options.device, properties: properties)
        let timings = CompileTimings(reading: read - start, compiling: ContinuousClock.now - read)
        return try CompiledNetwork(model: compiled, graph: sized.graph, timings: timings)
    }

    /// The graph in the form that the device computes fastest.
    private func prepared(_ graph: Graph) throws -> Graph {
        guard options.device.name.hasPrefix("CPU"), options.precision == .f32 else { return graph }
        return try graph.groupNormalizationByMoments()
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
