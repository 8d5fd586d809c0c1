import Foundation
@testable import Inference
import ModelGraph
@testable import TensorStore
import TestSupport
import Testing

/// The reason for refusing the cache of compiled networks to encrypted models: its files hold weights in plain.
@Suite(.serialized) struct CompileCacheTests {
    private static let width = 64

    private let folder: TemporaryFolder
    private let weights: [Float]

    init() throws {
        folder = try TemporaryFolder()
        weights = (0..<Self.width * Self.width).map { sin(Float($0)) }
    }

    /// A product with a matrix of the file.
    private func graph(_ file: MappedFile) throws -> Graph {
        var graph = Graph(name: "product")
        let x = graph.parameter("x", .f32, [1, .fixed(Self.width)])
        let bytes = Self.width * Self.width * 4
        let matrix = graph.weights(
            .file(file, offset: 0, byteCount: bytes), .f32, [Self.width, Self.width], name: "matrix")
        graph.result(try graph.matMul(x, matrix), name: "y")
        return graph
    }

    private var options: CompileOptions { CompileOptions(cacheDirectory: folder.path + "/cache") }

    @Test func cacheFilesHoldWeights() throws {
        let bytes = weights.withUnsafeBytes { Array($0) }
        let path = try folder.write("weights", bytes).path
        _ = try Executable("product", SizedGraph(graph(MappedFile(path: path))), options)
        let blobs = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache").filter { $0.hasSuffix(".blob") }
        let blob = try Data(contentsOf: URL(filePath: folder.path + "/cache/" + (try #require(blobs.first))))
        #expect(blob.firstRange(of: bytes[1024..<1088]) != nil)
    }

    @Test func encryptedModelsAreNotCached() async throws {
        let path = try folder.write("sealed", "sealed").path
        let weights = self.weights
        let content = SecretContent(byteCount: weights.count * 4) { (target) throws(FileError) in
            weights.withUnsafeBytes { target.copyMemory(from: $0) }
        }
        let file = try MappedFile(MappedFile(stored: path), content)
        let error = #expect(throws: FileError.self) { try Executable("product", SizedGraph(graph(file)), options) }
        #expect(error?.description.contains("--cache-dir") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/cache"))
        // Without the cache it runs, and the matrix, which is packed, is wiped.
        let network = try Executable("product", SizedGraph(graph(file)))
        #expect(file.decryptedByteCountInMemory == 0)
        let input = (0..<Self.width).map { Float($0) }
        let found: [Float] = try await network.run(["x": Tensor(input, shape: [1, Self.width])]).required("y", of: "product")
            .elements()
        let expected: [Float] = (0..<Self.width).map { column in
            (0..<Self.width).reduce(Float(0)) { $0 + input[$1] * weights[$1 * Self.width + column] }
        }
        expectClose(found, expected, tolerance: 1e-5)
    }
}
