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
        let start = ContinuousClock.now
        let core = try Core.shared
        let serialized = try graph.serialized()
        let model = try core.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
        let read = ContinuousClock.now

        var properties = options.runtimeProperties
        if let directory = options.cacheDirectory {
            properties.set(.cacheDirectory(directory))
            properties.set(.cacheBlobID(serialized.identity(with: "\(options.device.name) \(properties)")))
        }
        // The runtime reads every weight once. Without this all pages of the files would stay in our memory until it ends.
        let dropper = PageDropper(serialized.weights)
        defer { dropper.stop() }
        let compiled = try core.compile(model, device: options.device, properties: properties)
        return CompiledNetwork(
            model: compiled, timings: CompileTimings(reading: read - start, compiling: ContinuousClock.now - read))
    }
}
