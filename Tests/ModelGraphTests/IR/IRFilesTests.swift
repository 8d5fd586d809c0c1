import Foundation
@testable import ModelGraph
import OpenVINO
import TensorStore
import Testing

@Suite struct IRFilesTests {
    private func offsets(_ path: String) throws -> [Int] {
        let net = try Data(contentsOf: URL(filePath: path)).withUnsafeBytes { try parseXML($0) }
        return net.child("layers")?.children.compactMap { $0.child("data")?["offset"].flatMap { Int($0) } } ?? []
    }

    @Test func constantsAreAlignedAndWrittenOnce() throws {
        try withTemporaryFolder { folder in
            let file = try folder.map("w", [0xEE] + bytes([1, 2, 3] as [Float]) + [0xEE])
            let range = ConstantData.file(file, offset: 1, byteCount: 12)
            var graph = Graph()
            let x = graph.parameter("x", .f32, [3])
            var sum = try graph.add(x, graph.weights(range, .f32, [3], name: "a"))
            sum = try graph.add(sum, graph.weights(range, .f32, [3], name: "the same"))
            sum = try graph.add(sum, graph.weights(.file(file, offset: 5, byteCount: 8), .f32, [2, 1], name: "a part"))
            for name in ["own", "own too"] { sum = try graph.add(sum, graph.constant([100] as [Float], shape: [1], name: name)) }
            graph.result(sum, name: "y")
            try graph.writeIR(xml: "\(folder)/m.xml")

            #expect(try offsets("\(folder)/m.xml") == [0, 0, 64, 128, 128])
            let weights = try Data(contentsOf: URL(filePath: "\(folder)/m.bin"))
            #expect(weights.count == 132)
            #expect(Array(weights[..<12]) == bytes([1, 2, 3] as [Float]))
            #expect(weights[12..<64].allSatisfy { $0 == 0 })
            let found = try run(Core.shared.readModel(path: "\(folder)/m.xml"), [try ramp([3])])
            #expect(try found[0].elements(as: Float.self) == [204, 207, 210, 205, 208, 211])
        }
    }

    @Test func weightsGoWhereTheyAreToldTo() throws {
        try withTemporaryFolder { folder in
            var graph = Graph()
            graph.result(try graph.add(graph.parameter("x", .f32, [1]), graph.scalar(2)), name: "y")
            try graph.writeIR(xml: "\(folder)/text", weights: "\(folder)/numbers")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["numbers", "text"])
            let again = try IRReader.read(path: "\(folder)/text", weightsPath: "\(folder)/numbers")
            #expect(again.nodes.map(\.name) == graph.nodes.map(\.name))
            #expect(throws: GraphError.self) { try graph.writeIR(xml: "\(folder)/one", weights: "\(folder)/one") }
        }
    }

    @Test func filesThatAreReadMayBeReplaced() throws {
        try withTemporaryFolder { folder in
            var graph = Graph()
            graph.result(try graph.add(graph.parameter("x", .f32, [1]), graph.scalar(2)), name: "y")
            try graph.writeIR(xml: "\(folder)/m.xml")
            for _ in 0..<3 {
                var again = try IRReader.read(path: "\(folder)/m.xml")
                let y = again.results[0].inputs[0]
                again.result(try again.add(y, 1), name: "z\(again.results.count)")
                try again.writeIR(xml: "\(folder)/m.xml")
            }
            let found = try run(Core.shared.readModel(path: "\(folder)/m.xml"), [try ramp([1])])
            #expect(try found.map { try $0.elements(as: Float.self) } == [[2], [3], [3], [3]])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["m.bin", "m.xml"])
        }
    }

    @Test func anErrorLeavesWhatWasThere() throws {
        try withTemporaryFolder { folder in
            var graph = Graph()
            let x = graph.parameter("x", .f32, [1])
            try Data("old".utf8).write(to: URL(filePath: "\(folder)/m.bin"))
            // No output.
            #expect(throws: GraphError.self) { try graph.writeIR(xml: "\(folder)/m.xml") }
            graph.result(try graph.add(x, graph.scalar(2)), name: "y")
            #expect(throws: FileError.missingFolder(path: "\(folder)/no/")) {
                try graph.writeIR(xml: "\(folder)/no/m.xml", weights: "\(folder)/m.bin")
            }
            #expect(throws: FileError.missingFolder(path: "\(folder)/no/")) {
                try graph.writeIR(xml: "\(folder)/m.xml", weights: "\(folder)/no/m.bin")
            }
            try FileManager.default.createDirectory(atPath: "\(folder)/d.xml", withIntermediateDirectories: false)
            #expect(throws: FileError.isDirectory(path: "\(folder)/d.xml")) {
                try graph.writeIR(xml: "\(folder)/d.xml", weights: "\(folder)/m.bin")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["d.xml", "m.bin"])
            #expect(try String(contentsOfFile: "\(folder)/m.bin", encoding: .utf8) == "old")
        }
    }

    @Test func constantsInBodiesAreWritten() throws {
        try withTemporaryFolder { folder in
            _ = try folder.map("w.bin", [UInt8](repeating: 1, count: 65) + bytes([7, 8] as [Float]))
            let constant = IRText.layer(
                1, "inside", "Const", data: "element_type=\"f32\" shape=\"2\" offset=\"65\" size=\"8\"", outputs: 1)
            let body = "<then_body><layers>\(constant)</layers></then_body>"
            _ = try folder.map(
                "w.xml", Array(IRText.chain(IRText.layer(1, "if", "If", inputs: 1, outputs: 1, inside: body)).utf8))
            let graph = try IRReader.read(path: "\(folder)/w.xml")
            try graph.writeIR(xml: "\(folder)/m.xml")
            #expect(try Array(Data(contentsOf: URL(filePath: "\(folder)/m.bin"))) == bytes([7, 8] as [Float]))
            let again = try IRReader.read(path: "\(folder)/m.xml")
            #expect(again.nodes[1].bodies[0].child("layers")?.children[0].child("data")?["offset"] == "0")
            // In memory they stay where they are.
            #expect(try graph.serialized().xml.contains("offset=\"65\""))
        }
    }
}
