public import ModelGraph
public import OpenVINO
import TensorStore

/// A network that is ready to run.
public struct CompiledNetwork: Sendable {
    public let model: CompiledModel
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

    /// Compiles `graph`. Its weights are read from their files while that goes on, and not kept in memory afterwards.
    ///
    /// - Throws: `FileError` where a file has changed since it was mapped; `GraphError`; `OpenVINOError`.
    public func compile(_ graph: Graph) throws -> CompiledNetwork {
        let clock = ContinuousClock()
        var timings = CompileTimings()
        var (core, serialized): (Core?, SerializedModel?)
        var model: Model?
        timings.reading = try clock.measure {
            core = try Core.shared
            serialized = try graph.serialized()
            if let serialized { model = try core?.readModel(xml: serialized.xml, weights: serialized.weightsTensor()) }
        }
        guard let core, let serialized, let model else { preconditionFailure("the runtime gave neither a model nor an error") }
        var properties = options.runtimeProperties
        if let directory = options.cacheDirectory {
            properties.set(.cacheDirectory(directory))
            properties.set(.cacheBlobID(serialized.identity(with: "\(options.device.name) \(properties)")))
        }
        var compiled: CompiledModel?
        timings.compiling = try clock.measure {
            // The runtime reads every weight once. Without this all pages of the files would stay in our memory until it ends.
            let dropper = PageDropper(serialized.weights)
            defer { dropper.stop() }
            compiled = try core.compile(model, device: options.device, properties: properties)
        }
        guard let compiled else { preconditionFailure("the runtime gave neither a network nor an error") }
        return CompiledNetwork(model: compiled, timings: timings)
    }
}
