import Foundation
import ModelGraph
import OpenVINO
import TensorStore
import TestSupport
import Testing

@testable import Inference

/// Operations of `GlintOperations`, and extension libraries in general.
@Suite(
    .enabled(
        if: FileManager.default.fileExists(atPath: ExtensionLibraries.own),
        "the library is not built: Scripts/swift build --product GlintOperations")) struct CustomOperationTests
{
    private static let slopes: [Float] = [0.5, 1, -2]

    private func graph(_ shape: PartialShape, axis: Int) throws -> Graph {
        var graph = Graph(name: "custom")
        let x = graph.parameter("x", .f32, shape)
        let slope = graph.constant(Self.slopes, shape: [3])
        graph.result(try graph.channelSwish(x, slope: slope, axis: axis), name: "y")
        return graph
    }

    private func expected(_ elements: [Float], channel: (Int) -> Int) -> [Float] {
        elements.enumerated().map { $1 / (1 + exp(-Self.slopes[channel($0)] * $1)) }
    }

    private func isClose(_ a: [Float], _ b: [Float]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($1)) }
    }

    private func sound(_ count: Int) -> [Float] { (0..<count).map { Float($0 % 23 - 11) * 0.37 } }

    @Test(arguments: [CompileOptions.Precision.f32, .bf16]) func runsLikeAnyOther(
        _ precision: CompileOptions.Precision
    ) async throws {
        let elements = sound(2 * 3 * 5 * 7)
        let network = try Executable("custom", SizedGraph(graph([2, 3, 5, 7], axis: 1)), CompileOptions(precision: precision))
        let y: [Float] = try await network.run(["x": Tensor(elements, shape: [2, 3, 5, 7])]).required("y", of: "custom")
            .elements()
        // In f32, whatever precision is asked for.
        #expect(isClose(y, expected(elements) { $0 / 35 % 3 }))
    }

    /// Between other operations, whose layouts are blocked, and with sizes that are known at run time.
    @Test func standsBetweenOthers() async throws {
        var graph = Graph(name: "mixed")
        let x = graph.parameter("x", .f32, [.any, 3, .any, .any])
        let kernel = graph.constant([Float](repeating: 0.25, count: 3 * 3 * 9), shape: [3, 3, 3, 3])
        let before = try graph.convolution(x, kernel, padding: [1, 1])
        let slope = graph.constant(Self.slopes, shape: [3])
        graph.result(before, name: "before")
        graph.result(try graph.multiply(graph.channelSwish(before, slope: slope), by: 2), name: "y")
        let network = try Executable("mixed", SizedGraph(graph))
        for (height, width) in [(4, 6), (9, 5)] {
            let shape: Shape = [2, 3, height, width]
            let run = try await network.run(["x": Tensor(sound(2 * 3 * height * width), shape: shape)])
            let before: [Float] = try run.required("before", of: "mixed").elements()
            let y: [Float] = try run.required("y", of: "mixed").elements()
            #expect(isClose(y, expected(before) { $0 / (height * width) % 3 }.map { 2 * $0 }))
        }
    }

    @Test(arguments: [0, 2]) func otherAxes(_ axis: Int) async throws {
        let elements = sound(3 * 4 * 3)
        let network = try Executable("custom", SizedGraph(graph([3, 4, 3], axis: axis)))
        let y: [Float] = try await network.run(["x": Tensor(elements, shape: [3, 4, 3])]).required("y", of: "custom").elements()
        #expect(isClose(y, expected(elements) { axis == 0 ? $0 / 12 : $0 % 3 }))
    }

    /// As IR and back, it is the same operation; the runtime reads the file once the library is loaded. `make test-extra` has
    /// OpenVINO's Python read it too, from `GLINT_IR_FOLDER`.
    @Test func isWrittenToIR() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/model.xml"
        try graph([2, 3, 4], axis: 1).writeIR(xml: path)
        if let kept = ProcessInfo.processInfo.environment["GLINT_IR_FOLDER"] {
            try graph([2, 3, 5], axis: 1).writeIR(xml: kept + "/channel-swish.xml")
        }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains(#"type="ChannelSwish" version="glint""#))
        let read = try IRReader.read(path: path)
        let elements = sound(24)
        let input = try Tensor(elements, shape: [2, 3, 4])
        let y: [Float] = try await Executable("read", SizedGraph(read)).run(["x": input]).required("y", of: "read").elements()
        #expect(isClose(y, expected(elements) { $0 / 4 % 3 }))
        try ExtensionLibraries.load([ExtensionLibraries.own])
        let request = try Core.shared.compile(path: path).makeRequest()
        try request.setInput("x", to: input)
        try await request.infer()
        #expect(try request.outputTensor("y").elements() == y)
    }

    /// The node of an ONNX file, by the mapping that the library registers.
    @Test func isReadFromONNX() async throws {
        let path = Goldens.url("Inference/channel-swish.onnx").path
        try ExtensionLibraries.load([ExtensionLibraries.own])
        let request = try Core.shared.compile(path: path).makeRequest()
        let golden = try NumpyFile.read(Goldens.url("Inference/channel-swish.npy").path)
        let elements: [Float] = try golden.elements()
        let half = elements.count / 2
        try request.setInput(0, to: Tensor(Array(elements[..<half]), shape: [2, 3, 5]))
        try await request.infer()
        #expect(isClose(try request.outputTensor(0).elements(), Array(elements[half...])))
    }

    @Test func refusesWhatDoesNotFit() throws {
        var graph = Graph(name: "wrong")
        let x = graph.parameter("x", .f32, [2, 3, 4])
        let slope = graph.parameter("slope", .f32, [4])
        #expect(throws: GraphError.self) { try graph.channelSwish(x, slope: slope, axis: 1) }
        #expect(throws: GraphError.self) { try graph.channelSwish(x, slope: slope, axis: 3) }
        #expect(throws: GraphError.self) { try graph.channelSwish(x, slope: x, axis: 2) }
        // The library checks IR by others.
        let text = try serialized(self.graph([2, 3, 4], axis: 1)).replacing(#"axis="1""#, with: #"axis="7""#)
        let wrong = try Array(text.utf8).withUnsafeBytes { try IRReader.read($0, file: "wrong", weights: weights()) }
        #expect(throws: (any Error).self) { try Executable("wrong", SizedGraph(wrong)) }
    }

    private func serialized(_ graph: Graph) throws -> String {
        let folder = try TemporaryFolder()
        try graph.writeIR(xml: folder.path + "/model.xml")
        return try String(contentsOfFile: folder.path + "/model.xml", encoding: .utf8)
    }

    private func weights() throws -> MappedFile {
        let bytes = Self.slopes.withUnsafeBytes(Array.init)
        return try MappedFile(inMemory: "weights", byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    }

    @Test func librariesThatAreNone() throws {
        let folder = try TemporaryFolder()
        #expect(throws: ExtensionError.missing(path: "/nowhere.so")) { try ExtensionLibraries.load(["/nowhere.so"]) }
        let text = try folder.write("text.so", "no library").path
        #expect(throws: ExtensionError.self) { try ExtensionLibraries.load([text]) }
        // A library of the system, without operations.
        let system = "/lib/x86_64-linux-gnu/libm.so.6"
        if FileManager.default.fileExists(atPath: system) {
            #expect(throws: ExtensionError.noOperations(path: system)) { try ExtensionLibraries.load([system]) }
        }
    }
}
