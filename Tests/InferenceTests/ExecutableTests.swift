import Foundation
@testable import Inference
import ModelGraph
import OpenVINO
import TensorStore
import TestSupport
import Testing

@Suite(.serialized) struct ExecutableTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var path: String { folder.path + "/model.safetensors" }

    /// Writes a checkpoint of square matrices, each `value` times one.
    private func writeWeights(_ value: Float, width: Int = 4, layers: Int = 1) throws {
        var writer = SafetensorsWriter()
        for layer in 0..<layers {
            try writer.add("\(layer)", .f32, [width, width]) {
                var matrix = [Float](repeating: 0, count: width * width)
                for index in 0..<width { matrix[index * (width + 1)] = value }
                return try Tensor(matrix, shape: [width, width])
            }
        }
        try writer.write(to: path)
    }

    /// x `[1, width]` times each matrix, plus `term`.
    private func graph(width: Int = 4, layers: Int = 1, plus term: Float = 0) throws -> Graph {
        let checkpoint = try SafetensorsCheckpoint(path: path)
        var graph = Graph(name: "chain")
        var hidden = graph.parameter("x", .f32, [1, .fixed(width)])
        for layer in 0..<layers {
            let entry = try #require(checkpoint.entries["\(layer)"])
            let matrix = graph.weights(
                .file(entry.file, offset: entry.offset, byteCount: entry.byteCount), entry.elementType, entry.shape,
                name: "\(layer)")
            hidden = try graph.matMul(hidden, matrix)
        }
        graph.result(try graph.add(hidden, graph.constant(Array(repeating: term, count: width), shape: [1, width])), name: "y")
        return graph
    }

    private func executable(_ graph: Graph, _ options: CompileOptions = CompileOptions()) throws -> Executable {
        try Executable("chain", SizedGraph(graph), options)
    }

    private func run(_ network: Executable, width: Int = 4) async throws -> [Float] {
        let outputs = try await network.run(["x": Tensor((0..<width).map { Float($0) }, shape: [1, width])])
        return try outputs.required("y", of: network.name).elements()
    }

    /// A file that the runtime reads itself: IR here, ONNX likewise. All its inputs need a value.
    @Test func filesOfTheRuntimesOwnForms() async throws {
        var graph = Graph(name: "sum")
        let (x, z) = (graph.parameter("x", .f32, [1, 4]), graph.parameter("z", .f32, [1, 4]))
        graph.result(try graph.add(x, z), name: "y")
        let file = folder.path + "/sum.xml"
        try Data(graph.serialized().xml.utf8).write(to: URL(filePath: file))
        let network = try Executable("sum", file: file)
        #expect(network.inputNames == ["x", "z"] && network.outputShapes["y"] == [1, 4])
        await #expect(throws: GraphError.self) { try await run(network) }
        try network.set(["z": Tensor([Float](repeating: 2, count: 4), shape: [1, 4])])
        #expect(try await run(network) == [2, 3, 4, 5])
        #expect(try #require(network.takeTimings()).compiling > .zero)
        #expect(throws: OpenVINOError.self) { try Executable("none", file: folder.path + "/none.onnx") }
    }

    @Test func compilesAndTakesTime() async throws {
        try writeWeights(3)
        let network = try executable(graph(plus: 1))
        #expect(try await run(network) == [1, 4, 7, 10])
        let timings = try #require(network.takeTimings())
        #expect(timings.graph >= .zero && timings.reading > .zero && timings.compiling > .zero && timings.runs.count == 1)
        #expect(timings.compilingByClock > .zero && timings.compiling > .zero)
        #expect(network.takeTimings() == nil)
    }

    @Test func nodesByKind() async throws {
        try writeWeights(3, width: 64, layers: 3)
        let network = try executable(graph(width: 64, layers: 3), CompileOptions(profiling: true))
        _ = try await run(network, width: 64)
        let timings = try #require(network.takeTimings())
        let kinds = timings.nodeKinds
        #expect(kinds.map(\.duration) == kinds.map(\.duration).sorted(by: >))
        #expect(kinds.allSatisfy { $0.count > 0 && $0.duration > .zero })
        let executed = timings.nodes.filter { $0.status == .executed }
        #expect(
            kinds.reduce(Duration.zero) { $0 + $1.duration } == executed.reduce(Duration.zero) { $0 + $1.realTime })
        #expect(Set(kinds.map { [$0.type, $0.kernel] }).count == kinds.count)
    }

    // MARK: State

    /// y = the sum of all x since the last reset.
    @Test func variablesAreReset() async throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1])
        let before = try graph.readValue("sum", initial: graph.constant([0 as Float], shape: [1]))
        let after = try graph.add(before, x)
        try graph.assign(after, to: "sum")
        graph.result(after, name: "y")
        let network = try executable(graph)
        let first = try await network.run(["x": Tensor([2 as Float], shape: [1])]).required("y", of: "sum")
        #expect(try first.elements() == [2 as Float])
        #expect(try await network.run().required("y", of: "sum").elements() == [4 as Float])
        try network.resetState()
        #expect(throws: GraphError.self) { try network.pass("y", to: "x") }
        // x stays set, and earlier outputs keep their values.
        #expect(try await network.run().required("y", of: "sum").elements() == [2 as Float])
        #expect(try await network.run().required("y", of: "sum").elements() == [4 as Float])
        #expect(try first.elements() == [2 as Float])
    }

    // MARK: Files

    @Test func filesChangedSinceTheyWereMapped() throws {
        try writeWeights(3)
        let graph = try graph()
        let old = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
        try FileManager.default.setAttributes([.modificationDate: (old ?? .now) + 10], ofItemAtPath: path)
        let touched = #expect(throws: FileError.self) { try executable(graph) }
        guard case .changed(let found, _, _) = touched else {
            Issue.record("\(String(describing: touched))")
            return
        }
        #expect(found == path)

        let another = try self.graph()
        let handle = try FileHandle(forUpdating: URL(filePath: path))
        try handle.truncate(atOffset: 10)
        try handle.close()
        #expect(throws: FileError.self) { try executable(another) }
    }

    /// Savers that rename put another file under the name; what was mapped stays whole.
    @Test func filesReplacedSinceTheyWereMapped() async throws {
        try writeWeights(3)
        let graph = try graph()
        try writeWeights(5)
        #expect(try await run(executable(graph)) == [0, 3, 6, 9])
        try FileManager.default.removeItem(atPath: path)
        #expect(try await run(executable(graph)) == [0, 3, 6, 9])
    }

    /// 200 MB of weights, of which the runtime has copies afterwards.
    @Test func pagesOfFilesAreGivenBack() async throws {
        let (width, layers) = (1280, 32)
        try writeWeights(1, width: width, layers: layers)
        let graph = try graph(width: width, layers: layers)
        let before = try residentFileBytes()
        let network = try executable(graph)
        #expect(try residentFileBytes() - before < 40 << 20, "of \(width * width * layers * 4) bytes of weights")
        #expect(try await run(network, width: width) == (0..<width).map { Float($0) })

        // What it would look like otherwise.
        let file = try #require(graph.serialized().weights.files.first)
        let sum = file.withUnsafeBytes { bytes in stride(from: 0, to: bytes.count, by: 4096).reduce(0) { $0 &+ Int(bytes[$1]) } }
        #expect(sum > 0)
        #expect(try residentFileBytes() - before > 150 << 20)
        file.dropPages()
    }

    /// RssFile: resident pages of mapped files.
    private func residentFileBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }) * 1024
    }

    // MARK: Cache

    private func isFromCache(_ network: Executable) throws -> Bool { try network.model.property(.loadedFromCache) }

    @Test func cachedNetworksAreFoundAgain() async throws {
        try writeWeights(3)
        let options = CompileOptions(cacheDirectory: folder.path + "/cache")
        #expect(try !isFromCache(executable(graph())))
        #expect(try !isFromCache(executable(graph(), options)))
        let again = try executable(graph(), options)
        #expect(try isFromCache(again))
        #expect(try await run(again) == [0, 3, 6, 9])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache").count == 1)
    }

    @Test func nothingOutdatedComesFromTheCache() async throws {
        try writeWeights(3)
        var options = CompileOptions(cacheDirectory: folder.path + "/cache")
        _ = try executable(graph(), options)
        // The same layers and file names, other weights.
        try writeWeights(5)
        let changed = try executable(graph(), options)
        #expect(try !isFromCache(changed))
        #expect(try await run(changed) == [0, 5, 10, 15])
        // A constant that is in no file.
        let shifted = try executable(graph(plus: 1), options)
        #expect(try !isFromCache(shifted))
        #expect(try await run(shifted) == [1, 6, 11, 16])
        // Another precision, and so another network.
        options.precision = .bf16
        #expect(try !isFromCache(executable(graph(), options)))
        #expect(try isFromCache(executable(graph(), options)))
    }

    @Test func identityFollowsAllThatCounts() throws {
        try writeWeights(3)
        func identity(_ graph: Graph, _ options: CompileOptions = CompileOptions()) throws -> UInt64 {
            try graph.serialized().identity(options)
        }
        let first = try identity(graph())
        #expect(try identity(graph()) == first)
        #expect(try identity(graph(), CompileOptions(device: "GPU")) != first)
        #expect(try identity(graph(), CompileOptions(precision: .bf16)) != first)
        #expect(try graph().serialized().identity(CompileOptions(), shapes: ["x": [1, 4]]) != first)
        #expect(try identity(graph(plus: 1)) != first)
        var renamed = try graph()
        renamed.result(renamed.value(0), name: "z")
        #expect(try identity(renamed) != first)
        try writeWeights(5)
        #expect(try identity(graph()) != first)
    }

    @Test func identityFollowsExtensionLibraries() throws {
        try writeWeights(3)
        let model = try graph().serialized()
        let library = try folder.write("libextension.so", "one").path
        let other = try folder.write("libother.so", "one").path
        let without = try model.identity(CompileOptions())
        let first = try model.identity(CompileOptions(extensions: [library]))
        #expect(first != without)
        #expect(try model.identity(CompileOptions(extensions: [library])) == first)
        #expect(try model.identity(CompileOptions(extensions: [other])) != first)
        try folder.write("libextension.so", "a new version")
        #expect(try model.identity(CompileOptions(extensions: [library])) != first)
        #expect(throws: FileError.self) { try model.identity(CompileOptions(extensions: [folder.path + "/missing.so"])) }
        #expect(throws: ExtensionError.self) { try executable(graph(), CompileOptions(extensions: [library])) }
    }

    @Test func aDamagedCacheIsNotBelieved() async throws {
        try writeWeights(3)
        let options = CompileOptions(cacheDirectory: folder.path + "/cache")
        _ = try executable(graph(), options)
        let blob = try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache").first)
        let file = folder.url.appending(path: "cache/\(blob)")
        let content = try Data(contentsOf: file)
        try content.prefix(content.count / 2).write(to: file)
        #expect(try await run(executable(graph(), options)) == [0, 3, 6, 9])
    }

    @Test func cacheFoldersThatCannotBe() async throws {
        try writeWeights(3)
        let file = try folder.write("file", "x")
        // Whether the runtime refuses the folder or does without: no crash, and no wrong network.
        if let network = try? executable(graph(), CompileOptions(cacheDirectory: file.path)) {
            #expect(try await run(network) == [0, 3, 6, 9])
        }
    }
}
