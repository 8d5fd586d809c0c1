@testable import ModelGraph
import TensorStore
import Testing

@Suite struct IRReaderTests {
    private func read(_ text: String) throws -> Graph {
        try Array(text.utf8).withUnsafeBytes { try IRReader.read($0, file: "model.xml", weights: nil) }
    }

    @Test func whatIsNotUnderstoodIsKept() throws {
        // An operation of an extension, with attributes, rt_info on the layer and on both of its ports, and parts of its own.
        let info = "<rt_info><attribute name=\"layout\" version=\"0\" layout=\"[N,C]\"/></rt_info>"
        let layer = IRText.layer(
            1, "special", "Fancy", data: "mode=\"a &lt; b\" ratio=\"0.5\"", inputs: 1, outputs: 1,
            inside: "<extra a=\"1\"><b/></extra>\(info)"
        )
        .replacing("</dim></port>", with: "</dim>\(info)</port>").replacing(
            "version=\"opset1\"", with: "version=\"extension\" more=\"kept\"")
        let graph = try read(IRText.chain(layer))
        let node = graph.nodes[1]
        let attribute = XMLElement("attribute", ["name": "layout", "version": "0", "layout": "[N,C]"])
        #expect(node.type == "Fancy")
        #expect(node.opset == "extension")
        #expect(node.attributes == [.init("mode", "a < b"), .init("ratio", "0.5")])
        #expect(node.layerAttributes == [.init("more", "kept")])
        #expect(node.runtimeInfo == [attribute])
        #expect(node.inputInfo == [0: [attribute]])
        #expect(node.outputs[0].runtimeInfo == [attribute])
        #expect(node.bodies == [XMLElement("extra", ["a": "1"], children: [XMLElement("b")])])
        let again = try read(graph.serialized().xml).nodes[1]
        #expect(again.attributes == node.attributes)
        #expect(again.layerAttributes == node.layerAttributes)
        #expect(again.runtimeInfo == node.runtimeInfo)
        #expect(again.inputInfo == node.inputInfo)
        #expect(again.outputs == node.outputs)
        #expect(again.bodies == node.bodies)
    }

    @Test func inputsComeFirstAndOutputsLastInTheirOrder() throws {
        func result(_ id: Int, _ name: String) -> String { IRText.layer(id, name, "Result", inputs: 1) }
        func parameter(_ id: Int, _ name: String) -> String {
            IRText.input.replacing("id=\"0\" name=\"x\"", with: "id=\"\(id)\" name=\"\(name)\"")
        }
        let layers = result(5, "second input") + parameter(1, "a") + result(3, "first input") + parameter(2, "b")
        let graph = try read(IRText.net(layers, edges: IRText.edge((2, 0), (5, 0)) + IRText.edge((1, 0), (3, 0))))
        #expect(graph.nodes.map(\.name) == ["a", "b", "second input", "first input"])
        #expect(graph.results.map { $0.inputs[0].node } == [1, 0])
    }

    @Test func edgesGoByPortIDsNotByPlace() throws {
        let subtract = """
            <layer id="1" name="difference" type="Subtract" version="opset1"><input><port id="8"/><port id="3"/></input>\
            <output><port id="0" precision="FP32"><dim>2</dim></port></output></layer>
            """
        let other = IRText.input.replacing("id=\"0\" name=\"x\"", with: "id=\"2\" name=\"z\"")
        let edges = IRText.edge((0, 0), (1, 3)) + IRText.edge((2, 0), (1, 8)) + IRText.edge((1, 0), (9, 0))
        let graph = try read(IRText.net(IRText.input + other + subtract + IRText.output, edges: edges))
        #expect(graph.nodes[2].inputs.map { graph.nodes[$0.node].name } == ["z", "x"])
        #expect(try run(graph, [ramp([2]), ramp([2], scale: 3)])[0].elements(as: Float.self) == [0, 2])
    }

    @Test func namesThatAreTakenTwiceGetANumber() throws {
        let graph = try read(IRText.chain(IRText.layer(1, "x", "ReLU", inputs: 1, outputs: 1)))
        #expect(graph.nodes.map(\.name) == ["x", "x_1", "y"])
    }
}
