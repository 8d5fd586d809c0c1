import Dispatch
import Foundation
import ModelGraph
import OpenVINO
import Synchronization
import TensorStore

/// A network that the runtime has read at its sizes, before it is compiled.
struct ReadNetwork {
    let name: String
    let sized: SizedGraph
    let options: CompileOptions
    /// The time that it took to write the graph as IR text, and the runtime to read it.
    let duration: Duration
    private let model: Model
    private let serialized: SerializedModel
    /// See `Graph.secretsRead`; nil where no weights are encrypted.
    private let secretsRead: [ObjectIdentifier: RangeSet<Int>]?

    struct Compiled {
        let model: CompiledModel
        let duration: Duration
        /// See `NetworkTimings.compilingByClock`.
        let durationByClock: Duration
    }

    /// Reads a graph, which takes little time: the weights stay in their files.
    /// - Throws: `FileError` where a file has changed since it was mapped; `GraphError`; `OpenVINOError`.
    init(_ name: String, _ sized: SizedGraph, _ options: CompileOptions) throws {
        let start = ContinuousClock.now
        self.name = name
        self.sized = sized
        let options = options.withExtensions(for: sized.graph)
        self.options = options
        try ExtensionLibraries.load(options.extensions)
        let prepared = try sized.prepared(for: options)
        serialized = try prepared.serialized()
        model = try Core.shared.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
        try model.reshape(sized.shapes)
        if serialized.weights.files.contains(where: \.isDecrypted) {
            let isStatic = try model.inputs.allSatisfy { $0.shape.fixed != nil }
            secretsRead = prepared.secretsRead(isStatic: isStatic && options.isForCPU)
        } else {
            secretsRead = nil
        }
        duration = ContinuousClock.now - start
    }

    /// Shapes of the outputs, by each of their names.
    func outputShapes() throws -> [String: PartialShape] {
        let ports = try model.outputs
        return try sized.graph.resultNames.reduce(into: [:]) { $0[$1] = ports[try model.output($1).index].shape }
    }

    /// Compiles networks side by side, the last one first.
    /// - Throws: the error of the first network that fails.
    static func compile(_ reads: [ReadNetwork]) throws -> [Compiled] {
        let start = ContinuousClock.now
        let work = Work(reads)
        DispatchQueue.concurrentPerform(iterations: reads.count) { iteration in
            let index = work.reads.count - 1 - iteration
            work.results[index] = Result { try work.reads[index].compiled() }
        }
        let byClock = ContinuousClock.now - start
        // After all of them: stages read the same files.
        for read in reads { if let ranges = read.secretsRead { read.serialized.weights.releaseSecrets(keeping: ranges) } }
        return try reads.indices.map { index in
            guard let result = work.results[index] else { preconditionFailure("network \(index) was not compiled") }
            let (model, duration) = try result.get()
            return Compiled(model: model, duration: duration, durationByClock: index == reads.count - 1 ? byClock : .zero)
        }
    }

    /// Compiles the network. Its weights are read from their files meanwhile, and their pages do not stay in memory.
    private func compiled() throws -> (CompiledModel, Duration) {
        let start = ContinuousClock.now
        var properties = options.runtimeProperties
        if let directory = options.cacheDirectory, let file = serialized.weights.files.first(where: \.isDecrypted) {
            // The runtime's callbacks for encrypting a cache are for the topology: `CompileCacheTests` finds weights in the files.
            let reason = "the cache of compiled networks (\(directory)) would hold its weights in plain: leave out --cache-dir"
            throw FileError.encrypted(path: file.path, .refused(reason))
        }
        // Other weights in memory have no identity that a cache could find them by.
        if let directory = options.cacheDirectory, !serialized.weights.files.contains(where: \.isInMemory) {
            properties.set(.cacheDirectory(directory))
            properties.set(.cacheBlobID(try serialized.identity(options, shapes: sized.shapes)))
        }
        // The runtime reads every weight once. Without the dropper all pages of the files would stay resident until the end.
        let dropper = PageDropper(serialized.weights)
        defer { dropper.stop() }
        let compiled = try Core.shared.compile(model, device: options.device, properties: properties)
        return (compiled, ContinuousClock.now - start)
    }
}

/// @unchecked: each result is written by one thread, while the caller waits.
private final class Work: @unchecked Sendable {
    let reads: [ReadNetwork]
    let results: UnsafeMutableBufferPointer<Result<(CompiledModel, Duration), any Error>?>

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
    /// All names of the outputs.
    fileprivate var resultNames: [String] {
        results.flatMap { nodes[$0.inputs[0].node].outputs[$0.inputs[0].port].names }
    }
}

/// Returns the memory of weight files to the system at short intervals while another thread reads through them once.
///
/// Only pages of mapped files are dropped (`WeightSpace.dropPages`), never memory that no file holds. A page that is needed
/// again comes back from the page cache within microseconds.
final class PageDropper: Sendable {
    private let stopped = Mutex(false)
    private let weights: WeightSpace
    /// In seconds.
    private static let interval = 0.05

    init(_ weights: WeightSpace) {
        self.weights = weights
        Thread.detachNewThread { [self] in
            while true {
                Thread.sleep(forTimeInterval: Self.interval)
                if stopped.withLock({ $0 }) { return }
                weights.dropPages()
            }
        }
    }

    /// Drops the pages of the weight files a last time, and ends the thread.
    func stop() {
        stopped.withLock { $0 = true }
        weights.dropPages()
    }
}
