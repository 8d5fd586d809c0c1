import Foundation
import ModelGraph
import OpenVINO
import TensorStore
import Testing

@Suite struct SerializedModelTests {
    private static let half: [UInt16] = [0x3C00, 0x4000, 0x4200, 0x4400] // 1, 2, 3, 4

    /// y = (x · f16 weights) + f32 bias, the weights from `offset` on in `file`, the bias from `biasOffset` on.
    private func linear(_ file: MappedFile, offset: Int, _ biasFile: MappedFile, biasOffset: Int) throws -> Graph {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1, 2])
        let weights = graph.weights(.file(file, offset: offset, byteCount: 8), .f16, [2, 2], name: "weights")
        let bias = graph.weights(.file(biasFile, offset: biasOffset, byteCount: 8), .f32, [2], name: "bias")
        graph.result(try graph.add(graph.matMul(x, weights), bias), name: "y")
        return graph
    }

    @Test(arguments: [0, 1, 2, 3, 5, 7]) func constantsMayLieAtAnyAddress(_ shift: Int) throws {
        try withTemporaryFolder { folder in
            let file = try folder.map(
                "w", [UInt8](repeating: 0xFF, count: shift) + bytes(Self.half) + [0xFF] + bytes([0.5, -0.25] as [Float]) + [0xFF])
            let graph = try linear(file, offset: shift, file, biasOffset: shift + 9)
            let serialized = try graph.serialized()
            #expect(serialized.xml.contains("offset=\"\(shift)\" size=\"8\""))
            #expect(serialized.xml.contains("offset=\"\(shift + 9)\" size=\"8\""))
            #expect(
                try run(graph, [Tensor([10, 100] as [Float], shape: [1, 2])])[0].elements(as: Float.self) == [310.5, 419.75])
        }
    }

    @Test func severalFilesLieSideBySide() throws {
        try withTemporaryFolder { folder in
            let one = try folder.map("one", [9] + bytes(Self.half))
            let two = try folder.map("two", [UInt8](repeating: 7, count: 5000) + bytes([0.5, -0.25] as [Float]))
            var graph = try linear(one, offset: 1, two, biasOffset: 5000)
            // And constants in no file.
            let y = graph.value(graph.results[0].inputs[0].node)
            graph.result(try graph.multiply(y, graph.constant([2, 4] as [Float], shape: [2])), name: "z")
            let serialized = try graph.serialized()
            #expect(serialized.weights.files.count == 2)
            #expect(serialized.weights.files[0] === one)
            let outputs = try run(graph, [Tensor([10, 100] as [Float], shape: [1, 2])])
            #expect(try outputs[0].elements(as: Float.self) == [310.5, 419.75])
            #expect(try outputs[1].elements(as: Float.self) == [621, 1679])
        }
    }

    @Test func changedFilesAreRefused() throws {
        try withTemporaryFolder { folder in
            let file = try folder.map("w", bytes(Self.half) + bytes([0.5, -0.25] as [Float]))
            let graph = try linear(file, offset: 0, file, biasOffset: 8)
            _ = try graph.serialized()
            let handle = try #require(FileHandle(forWritingAtPath: folder + "/w"))
            try handle.truncate(atOffset: 12)
            try handle.close()
            for action in [{ _ = try graph.serialized() }, { try graph.writeIR(xml: folder + "/m.xml") }] {
                let error = #expect(throws: FileError.self) { try action() }
                guard case .changed(let path, _, _) = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
                #expect(path == folder + "/w")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["w"])
        }
    }

    @Test func replacedFilesDoNoHarm() throws {
        try withTemporaryFolder { folder in
            let file = try folder.map("w", bytes(Self.half) + bytes([0.5, -0.25] as [Float]))
            let graph = try linear(file, offset: 0, file, biasOffset: 8)
            try FileManager.default.removeItem(atPath: folder + "/w")
            try Data([1]).write(to: URL(filePath: folder + "/w"))
            #expect(
                try run(graph, [Tensor([10, 100] as [Float], shape: [1, 2])])[0].elements(as: Float.self) == [310.5, 419.75])
        }
    }

    @Test func graphsWithoutOutputsAreRefused() {
        var graph = Graph(name: "unfinished")
        _ = graph.parameter("x", .f32, [1])
        let error = #expect(throws: GraphError.self) { try graph.serialized() }
        #expect(error?.description == "Node 'unfinished': the graph has no output; end it with a Result.")
    }

    @Test func nodesWithoutTheirBytesAreRefused() {
        var graph = Graph()
        let index = graph.append(
            Node(name: "w", type: "Const", opset: "opset1", outputs: [.init(elementType: .f32, shape: [1])]))
        graph.result(graph.value(index), name: "y")
        #expect(throws: GraphError.structure(node: "w", reason: "a constant needs its bytes")) { try graph.serialized() }

        let data = XMLElement("data", ["element_type": "f32", "shape": "1", "offset": "0", "size": "4"])
        let body = XMLElement("body", children: [XMLElement("layer", ["type": "Const"], children: [data])])
        var other = Graph()
        let output = Node.Output(elementType: .f32, shape: [1])
        let node = other.append(Node(name: "loop", type: "Loop", opset: "opset5", outputs: [output], bodies: [body]))
        other.result(other.value(node), name: "y")
        #expect(throws: GraphError.structure(node: "loop", reason: "constants in its bodies lie in no file")) {
            try other.serialized()
        }
    }

    /// A tenth of what a model of this size may take to be made and serialized together.
    @Test func fourThousandNodesTakeNoTime() throws {
        try withTemporaryFolder { folder in
            let file = try folder.map("w", [UInt8](repeating: 0, count: 4096))
            var graph = Graph()
            var x = graph.parameter("x", .f32, [1, 8, 16, 16])
            for index in 0..<1000 {
                let scale = graph.weights(
                    .file(file, offset: index, byteCount: 16), .f16, [1, 8, 1, 1],
                    name: "down_blocks.\(index).resnets.0.norm1.weight")
                x = try graph.within("down_blocks.\(index).resnets.0.norm1") { (graph) throws(GraphError) in
                    try graph.unary(.swish, graph.multiply(x, scale))
                }
            }
            graph.result(x, name: "y")
            #expect(graph.nodes.count == 4002)
            var times: [Duration] = []
            for _ in 0..<5 { times.append(try ContinuousClock().measure { _ = try graph.serialized() }) }
            let best = try #require(times.min())
            #if !DEBUG
                #expect(best < .milliseconds(100))
            #else
                #expect(best < .seconds(5))
            #endif
        }
    }
}
