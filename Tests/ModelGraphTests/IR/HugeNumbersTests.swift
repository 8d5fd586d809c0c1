import Foundation
@testable import ModelGraph
import TensorStore
import Testing

/// Numbers in IR whose products or sums no `Int` holds: refused where they are sizes, and harmless where they are attributes.
@Suite struct HugeNumbersTests {
    private static let huge = ["1099511627776", "2305843009213693952", "4611686018427387904", "9223372036854775807"]

    private func read(_ text: String) throws(GraphError) -> Graph {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(GraphError) in try IRReader.read(bytes, file: "model.xml", weights: nil) }
        }
        return try result.get()
    }

    private func port(_ id: Int, _ dimensions: [String]) -> String {
        "<port id=\"\(id)\" precision=\"FP32\">" + dimensions.map { "<dim>\($0)</dim>" }.joined() + "</port>"
    }

    /// A picture of `input` through an operation with `data` to one of `output`.
    private func picture(_ type: String, _ data: String, input: [String], output: [String]) -> String {
        let shape = input.map { $0 == "-1" ? "?" : $0 }.joined(separator: ",")
        return IRText.net(
            "<layer id=\"0\" name=\"x\" type=\"Parameter\" version=\"opset1\"><data shape=\"\(shape)\" element_type=\"f32\"/><output>"
                + "\(port(0, input))</output></layer><layer id=\"1\" name=\"op\" type=\"\(type)\" version=\"opset1\"><data \(data)/><input>"
                + "\(port(0, input))</input><output>\(port(1, output))</output></layer>" + IRText.output,
            edges: IRText.edge((0, 0), (1, 0)) + IRText.edge((1, 1), (9, 0)))
    }

    private static let open = ["-1", "3", "-1", "-1"]

    @Test(arguments: huge) func sizesOfAxes(_ size: String) throws {
        for place in 0..<4 {
            var shape = ["1", "3", "8", "8"]
            shape[place] = size
            for (input, output) in [(shape, Self.open), (Self.open, shape)] {
                let error = #expect(throws: GraphError.self) { try read(picture("ReLU", "", input: input, output: output)) }
                #expect("\(error.map { "\($0)" } ?? "")".contains("no tensor can have the shape"))
            }
        }
    }

    /// Each axis is small enough, but not all of them together, nor those beside one of 0.
    @Test(arguments: [["2000000000", "2000000000", "2000000000"], ["0", "2000000000", "2000000000", "2000000000"]])
    func productsOfAxes(_ shape: [String]) {
        #expect(throws: GraphError.self) { try read(picture("ReLU", "", input: shape, output: ["-1"])) }
        #expect(throws: GraphError.self) { try read(picture("ReLU", "", input: ["-1"], output: shape)) }
    }

    @Test(arguments: huge + ["-\(Int.max)", "\(Int.min)", "0"]) func attributes(_ number: String) throws {
        let others = "strides=\"\(number),\(number)\" pads_begin=\"\(number),\(number)\" dilations=\"\(number),\(number)\""
        for (type, data) in [
            ("Convolution", others), ("DepthToSpace", "block_size=\"\(number)\" mode=\"blocks_first\""),
            ("Interpolate", "mode=\"nearest\""), ("GroupNormalization", "num_groups=\"\(number)\" epsilon=\"1e-5\""),
        ] {
            let graph = try read(picture(type, data, input: Self.open, output: Self.open))
            let counts = graph.pixelCounts(["x": [1, 3, 64, 64]])
            #expect(counts.allSatisfy { $0 >= 0 }, "\(type): \(counts)")
        }
    }

    /// Each doubles the picture; nothing says how large it is.
    @Test func manyUpsamplings() throws {
        var graph = Graph()
        var x = graph.parameter("x", .f32, [1, 3, .any, .any])
        for _ in 0..<40 { x = try graph.upsampleNearest(x, by: 2) }
        graph.result(x, name: "y")
        #expect(graph.pixelCounts(["x": [1, 3, 64, 64]]).max() == .max)
        #expect(graph.pixelCounts(["x": [1, 3, .fixed(.max), .fixed(.max)]]).max() == .max)
    }
}
