import Foundation
@testable import ModelGraph
import TensorStore
import Testing

/// Text of IR, from its parts.
enum IRText {
    static func net(_ layers: String, edges: String = "", version: String = "11") -> String {
        "<net name=\"n\" version=\"\(version)\"><layers>\(layers)</layers><edges>\(edges)</edges></net>"
    }

    static func layer(
        _ id: Int, _ name: String, _ type: String, data: String = "", inputs: Int = 0, outputs: Int = 0, inside: String = ""
    ) -> String {
        func ports(_ element: String, _ range: Range<Int>) -> String {
            let ports = range.map { "<port id=\"\($0)\" precision=\"FP32\"><dim>2</dim></port>" }.joined()
            return range.isEmpty ? "" : "<\(element)>\(ports)</\(element)>"
        }
        return "<layer id=\"\(id)\" name=\"\(name)\" type=\"\(type)\" version=\"opset1\">"
            + (data.isEmpty ? "" : "<data \(data)/>")
            + ports("input", 0..<inputs) + ports("output", inputs..<inputs + outputs) + inside + "</layer>"
    }

    static func edge(_ from: (Int, Int), _ to: (Int, Int)) -> String {
        "<edge from-layer=\"\(from.0)\" from-port=\"\(from.1)\" to-layer=\"\(to.0)\" to-port=\"\(to.1)\"/>"
    }

    static let input = layer(0, "x", "Parameter", data: "shape=\"2\" element_type=\"f32\"", outputs: 1)
    static let output = layer(9, "y", "Result", inputs: 1)

    /// x to `layer` with the id 1, which has one input and one output, to y.
    static func chain(_ layer: String, more: String = "") -> String {
        net(input + layer + output, edges: edge((0, 0), (1, 0)) + edge((1, 1), (9, 0)) + more)
    }

    /// `layer` with the id 1 and one output, to y.
    static func source(_ layer: String) -> String { net(layer + output, edges: edge((1, 0), (9, 0))) }
}

@Suite struct BadIRTests {
    private func read(_ text: String, weights: MappedFile? = nil) throws(GraphError) -> Graph {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(GraphError) in try IRReader.read(bytes, file: "model.xml", weights: weights) }
        }
        return try result.get()
    }

    /// Expects `text` to be refused, with `layer` at fault and `reason` in the message.
    private func refuse(
        _ text: String, layer: String? = nil, _ reason: String, weights: MappedFile? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do throws(GraphError) {
            _ = try read(text, weights: weights)
            Issue.record("taken", sourceLocation: sourceLocation)
        } catch {
            guard case .ir("model.xml", let found, let text) = error else {
                Issue.record("\(error)", sourceLocation: sourceLocation)
                return
            }
            #expect(found == layer, "\(error)", sourceLocation: sourceLocation)
            #expect(text.contains(reason), "\(error)", sourceLocation: sourceLocation)
            #expect("\(error)".hasPrefix("model.xml"), sourceLocation: sourceLocation)
        }
    }

    @Test func goodTextIsTaken() throws {
        #expect(try read(IRText.chain(IRText.layer(1, "r", "ReLU", inputs: 1, outputs: 1))).nodes.map(\.name) == ["x", "r", "y"])
    }

    @Test func notXML() throws {
        refuse("", "line 1: no element found")
        refuse("PK\u{3}\u{4}", "line 1")
        refuse("<net name='a' version='11'><layers>", "no element found")
        refuse("<net>\n\n<layers></net>", "line 3: mismatched tag")
        refuse("<net a='1' a='2'/>", "duplicate attribute")
        let good = IRText.chain(IRText.layer(1, "r", "ReLU", inputs: 1, outputs: 1))
        for count in stride(from: 1, to: good.utf8.count, by: 7) {
            #expect(throws: GraphError.self) { try self.read(String(decoding: good.utf8.prefix(count), as: UTF8.self)) }
        }
    }

    @Test func notThisVersion() {
        refuse("<model/>", "root <model>, version none")
        refuse("<net version='9'/>", "version 9")
        refuse("<net version='12'/>", "version 12")
        refuse("<net version='11'/>", "no output")
        refuse(IRText.net(IRText.input), "no output")
    }

    @Test func entitiesAreRefused() {
        var bomb = "<!DOCTYPE net [<!ENTITY a0 \"0123456789\">"
        for level in 1...12 { bomb += "<!ENTITY a\(level) \"" + String(repeating: "&a\(level - 1);", count: 10) + "\">" }
        refuse(bomb + "]><net name=\"&a12;\" version=\"11\">&a12;</net>", "document type")
        refuse("<!DOCTYPE net SYSTEM 'file:///etc/passwd'><net version='11'/>", "document type")
        refuse("<!DOCTYPE n [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><net version='11'>&e;</net>", "document type")
        refuse("<net version='11'>&e;</net>", "undefined entity")
    }

    @Test func deepNestingIsRefused() {
        let deep = String(repeating: "<a>", count: 10_000) + String(repeating: "</a>", count: 10_000)
        refuse("<net version='11'>\(deep)</net>", "nested more than 256 deep")
        let bodies = String(repeating: "<body><layers><layer id='0' name='l' type='If' version='opset8'>", count: 3_000)
        refuse(IRText.net(bodies), "nested more than 256 deep")
    }

    @Test func layersNeedTheirParts() {
        for missing in ["id", "name", "type", "version"] {
            let layer = "<layer id='1' name='l' type='T' version='opset1'/>".replacing("\(missing)=", with: "other=")
            refuse(IRText.net(layer), layer: missing == "name" ? "?" : "l", "needs id")
        }
        refuse(IRText.net("<layer id='one' name='l' type='T' version='opset1'/>"), layer: "l", "a number")
        refuse(IRText.net(IRText.input + IRText.layer(0, "z", "ReLU")), layer: "z", "the id 0 of 'x'")
        let twice = "<input><port id='0'/><port id='0'/></input>"
        refuse(IRText.net(IRText.layer(1, "l", "Add", inside: twice)), layer: "l", "one id")
    }

    @Test func edgesLeadSomewhere() {
        let relu = IRText.layer(1, "r", "ReLU", inputs: 1, outputs: 1)
        refuse(
            IRText.chain(relu, more: IRText.edge((7, 0), (9, 0))), layer: "y",
            "from-layer=7 from-port=0 to-layer=9 to-port=0 leads nowhere")
        refuse(IRText.chain(relu, more: IRText.edge((0, 5), (9, 0))), layer: "y", "leads nowhere")
        refuse(IRText.chain(relu, more: IRText.edge((0, 0), (9, 5))), layer: "y", "leads nowhere")
        refuse(IRText.chain(relu, more: IRText.edge((0, 0), (8, 0))), "leads nowhere")
        refuse(IRText.chain(relu, more: "<edge/>"), "leads nowhere")
        refuse(IRText.chain(relu, more: IRText.edge((0, 0), (9, 0))), layer: "y", "two edges")
        refuse(IRText.net(IRText.input + IRText.output), layer: "y", "input 0 is not connected")
        refuse(
            IRText.chain(
                IRText.layer(1, "sum", "Add", inputs: 2, outputs: 1).replacing("<port id=\"2\"", with: "<port id=\"1\"")),
            layer: "sum", "input 1 is not connected")
    }

    @Test func cyclesAreRefused() {
        let relu = { IRText.layer($0, "r\($0)", "ReLU", inputs: 1, outputs: 1) }
        let loop = IRText.edge((1, 1), (2, 0)) + IRText.edge((2, 1), (1, 0)) + IRText.edge((2, 1), (9, 0))
        refuse(IRText.net(relu(1) + relu(2) + IRText.output, edges: loop), layer: "r1", "reads what it computes")
        refuse(
            IRText.net(relu(1) + IRText.output, edges: IRText.edge((1, 1), (1, 0)) + IRText.edge((1, 1), (9, 0))), layer: "r1",
            "reads what")
    }

    @Test func longChainsAreTaken() throws {
        // In the worst order: each layer before the one it reads.
        let count = 20_000
        var (layers, edges) = ("", IRText.edge((0, 0), (10, 0)))
        for index in (0..<count).reversed() { layers += IRText.layer(10 + index, "r\(index)", "ReLU", inputs: 1, outputs: 1) }
        for index in 1..<count { edges += IRText.edge((9 + index, 1), (10 + index, 0)) }
        edges += IRText.edge((9 + count, 1), (9, 0))
        let graph = try read(IRText.net(IRText.output + layers + IRText.input, edges: edges))
        #expect(graph.nodes.count == count + 2)
        #expect(graph.nodes[1].name == "r0")
        #expect(graph.nodes[count].name == "r\(count - 1)")
    }

    @Test func stateNeedsItsVariable() {
        for type in ["ReadValue", "Assign"] {
            refuse(IRText.chain(IRText.layer(1, "s", type, inputs: 1, outputs: 1)), layer: "s", "\(type) has no variable_id")
            refuse(
                IRText.chain(IRText.layer(1, "s", type, data: "variable_id=\"\"", inputs: 1, outputs: 1)), layer: "s",
                "no variable_id")
            let body = "<body><layers>\(IRText.layer(4, "inside", type, data: "variable_shape=\"1\""))</layers></body>"
            refuse(
                IRText.chain(IRText.layer(1, "loop", "Loop", inputs: 1, outputs: 1, inside: body)), layer: "inside",
                "no variable_id")
        }
    }

    @Test func constantsLieInTheWeights() throws {
        try withTemporaryFolder { folder in
            let weights = try folder.map("w.bin", [UInt8](repeating: 0, count: 100))
            func constant(_ type: String, _ shape: String, _ offset: String, _ size: String) -> String {
                IRText.source(
                    IRText.layer(
                        1, "w", "Const",
                        data: "element_type=\"\(type)\" shape=\"\(shape)\" offset=\"\(offset)\" size=\"\(size)\"", outputs: 1))
            }
            for (type, shape, offset, size) in [
                ("f32", "25", "0", "100"), ("f16", "", "98", "2"), ("f32", "0,3", "100", "0"), ("u4", "5", "97", "3"),
            ] {
                let graph = try read(constant(type, shape, offset, size), weights: weights)
                #expect(graph.nodes[0].outputs[0].elementType.rawValue == type)
            }
            let max = "\(Int.max)"
            for (offset, size) in [("0", "101"), ("1", "100"), ("101", "0"), (max, "100"), ("100", max)] {
                refuse(
                    constant("u8", "0", offset, size), layer: "w", "outside of the 100 bytes of \(folder)/w.bin", weights: weights
                )
            }
            for (offset, size) in [
                ("-4", "4"), ("0", "-1"), ("18446744073709551615", "2"), ("four", "4"), ("0x10", "4"), ("", "4"),
            ] {
                refuse(constant("u8", "0", offset, size), layer: "w", "numbers of bytes", weights: weights)
            }
            refuse(constant("f32", "5,5", "0", "99"), layer: "w", "f32 [5, 5] takes more than the 99 bytes", weights: weights)
            refuse(constant("f32", "\(Int.max / 2)", "0", "100"), layer: "w", "takes more", weights: weights)
            refuse(constant("f32", "\(max),\(max)", "0", "100"), layer: "w", "not a shape", weights: weights)
            refuse(constant("f32", "?,3", "0", "100"), layer: "w", "'?,3' is not a shape", weights: weights)
            refuse(constant("f31", "1", "0", "4"), layer: "w", "'f31' is not known", weights: weights)
            refuse(constant("f32", "1", "0", "4"), layer: "w", "no weights file")
            refuse(IRText.source(IRText.layer(1, "w", "Const", outputs: 1)), layer: "w", "needs element_type", weights: weights)
            let body =
                "<body><layers>\(IRText.layer(4, "inside", "Const", data: "element_type=\"f32\" shape=\"30\" offset=\"0\" size=\"120\"", outputs: 1))</layers></body>"
            refuse(
                IRText.chain(IRText.layer(1, "if", "If", inputs: 1, outputs: 1, inside: body)), layer: "inside", "outside of",
                weights: weights)
        }
    }

    @Test func missingFiles() throws {
        try withTemporaryFolder { folder in
            #expect(throws: FileError.missing(path: folder + "/no.xml")) { try IRReader.read(path: folder + "/no.xml") }
            let data = "element_type=\"f32\" shape=\"1\" offset=\"0\" size=\"4\""
            _ = try folder.map("a.xml", Array(IRText.source(IRText.layer(1, "w", "Const", data: data, outputs: 1)).utf8))
            let error = #expect(throws: GraphError.self) { try IRReader.read(path: folder + "/a.xml") }
            #expect(
                error?.description.contains("a.xml, layer 'w': the model has constants, but there is no weights file") == true)
            #expect(throws: FileError.missing(path: folder + "/b.bin")) {
                try IRReader.read(path: folder + "/a.xml", weightsPath: folder + "/b.bin")
            }
            _ = try folder.map("b.bin", [0, 0, 0, 0])
            #expect(try IRReader.read(path: folder + "/a.xml", weightsPath: folder + "/b.bin").nodes.count == 2)
            // A model without constants needs no weights.
            _ = try folder.map("c.xml", Array(IRText.chain(IRText.layer(1, "r", "ReLU", inputs: 1, outputs: 1)).utf8))
            #expect(try IRReader.read(path: folder + "/c.xml").nodes.count == 3)
        }
    }

    /// What stands in the place of a download is named.
    @Test func filesOfOtherKinds() throws {
        try withTemporaryFolder { folder in
            let pointer = "version https://git-lfs.github.com/spec/v1\nsize 20\n"
            for text in [pointer, "<!doctype html><html><p>Sign in</html>", "", "Entry not found"] {
                _ = try folder.map("a.xml", Array(text.utf8))
                let error = #expect(throws: GraphError.self) { try IRReader.read(path: folder + "/a.xml") }
                let kind = FileKind(firstBytes: text.utf8)
                #expect(error?.description.contains(kind.explanation) == true, "\(String(describing: error))")
            }
            let data = "element_type=\"f32\" shape=\"9,9\" offset=\"0\" size=\"324\""
            _ = try folder.map("a.xml", Array(IRText.source(IRText.layer(1, "w", "Const", data: data, outputs: 1)).utf8))
            _ = try folder.map("a.bin", Array(pointer.utf8))
            let error = #expect(throws: GraphError.self) { try IRReader.read(path: folder + "/a.xml") }
            #expect(error?.description.contains("git lfs pull") == true, "\(String(describing: error))")
        }
    }

    /// Strings have no fixed size, and yet as many as there are bytes can't be.
    @Test func stringsNeedBytesToo() throws {
        try withTemporaryFolder { folder in
            let weights = try folder.map("w.bin", [UInt8](repeating: 0, count: 100))
            let data = "element_type=\"string\" shape=\"2000000000\" offset=\"0\" size=\"100\""
            refuse(
                IRText.source(IRText.layer(1, "w", "Const", data: data, outputs: 1)), layer: "w", "takes more", weights: weights)
        }
    }

    @Test func portsHaveKnownTypesAndSizes() {
        let relu = IRText.layer(1, "r", "ReLU", inputs: 1, outputs: 1)
        let output = "<port id=\"1\" precision=\"FP32\"><dim>2</dim>"
        refuse(
            IRText.chain(relu.replacing(output, with: "<port id=\"1\" precision=\"FP31\"><dim>2</dim>")), layer: "r",
            "'FP31' is not known")
        refuse(IRText.chain(relu.replacing(output, with: "<port id=\"1\"><dim>2</dim>")), layer: "r", "precision '' is not known")
        for size in ["-2", "two", "", "99999999999999999999"] {
            refuse(
                IRText.chain(relu.replacing(output, with: "<port id=\"1\" precision=\"FP32\"><dim>\(size)</dim>")), layer: "r",
                "'\(size)' is not the size")
        }
    }

    @Test func parametersNeedTheirShape() {
        func parameter(_ data: String) -> String { IRText.source(IRText.layer(1, "p", "Parameter", data: data, outputs: 1)) }
        refuse(parameter("element_type=\"f32\""), layer: "p", "needs shape and element_type")
        refuse(parameter("shape=\"1\""), layer: "p", "needs shape and element_type")
        refuse(parameter(""), layer: "p", "needs shape and element_type")
        refuse(parameter("shape=\"1,x\" element_type=\"f32\""), layer: "p", "'1,x' is not a shape")
        refuse(parameter("shape=\"1 3\" element_type=\"f32\""), layer: "p", "'1 3' is not a shape")
        refuse(parameter("shape=\"1\" element_type=\"f31\""), layer: "p", "'f31' is not known")
        refuse(
            IRText.chain(IRText.layer(1, "p", "Parameter", data: "shape=\"1\" element_type=\"f32\"", inputs: 1, outputs: 1)),
            layer: "p", "no input")
        refuse(IRText.net(IRText.layer(1, "y", "Result")), layer: "y", "one input")
    }

    @Test func aPortWithoutAxesIsAScalarUnlessRanksAreOpen() throws {
        let reduce = IRText.layer(1, "total", "Abs", inputs: 1, outputs: 1).replacing(
            "<dim>2</dim></port></output>", with: "</port></output>")
        #expect(try read(IRText.chain(reduce)).nodes[1].outputs[0].shape == [])
        #expect(
            try read(IRText.chain(reduce).replacing("shape=\"2\"", with: "shape=\"...\"")).nodes[1].outputs[0].shape
                == PartialShape.any)
    }
}
