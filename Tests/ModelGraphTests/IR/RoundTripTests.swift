import Foundation
@testable import ModelGraph
import OpenVINO
import TensorStore
import TestSupport
import Testing

/// Files of OpenVINO's own tools, read and written: the runtime computes the same, and the text says the same.
@Suite struct RoundTripTests {
    static let cases = [
        "mlp-f16", "dynamic", "if", "loop", "tensor-iterator", "state", "compressed", "types", "strings", "names", "outputs",
        "traced",
        "version-10",
    ]

    /// A model of `Tests/Goldens/ModelGraph`.
    private struct Golden {
        let path: String
        let values: SafetensorsCheckpoint

        init(_ name: String) throws {
            path = Goldens.url("ModelGraph/\(name).xml").path
            values = try SafetensorsCheckpoint(path: Goldens.url("ModelGraph/\(name).safetensors").path)
        }

        /// Expects `model` to give the recorded outputs.
        func check(_ model: Model) throws {
            let request = try Core.shared.compile(model, properties: .exact).makeRequest()
            var count = 0
            while values.entries["run\(count).output.0"] != nil {
                let inputs = try (0..<request.model.inputs.count).map { try values.tensor(named: "run\(count).input.\($0)") }
                for (index, found) in try run(request, inputs).enumerated() {
                    let expected = try values.tensor(named: "run\(count).output.\(index)")
                    #expect(found.elementType == expected.elementType)
                    if found.elementType == .f32 {
                        try expectClose(found, expected, tolerance: 1e-6, "run \(count), output \(index)")
                    } else {
                        #expect(found.shape == expected.shape)
                        #expect(found.withUnsafeBytes(Array.init) == expected.withUnsafeBytes(Array.init))
                    }
                }
                count += 1
            }
            #expect(count > 0)
            #expect(values.entries.count == count * (request.model.inputs.count + request.model.outputs.count))
        }
    }

    @Test(arguments: cases) func readAndSerializedComputesTheSame(_ name: String) throws {
        let golden = try Golden(name)
        try golden.check(runtimeModel(IRReader.read(path: golden.path)))
    }

    @Test(arguments: cases) func readAndWrittenComputesTheSame(_ name: String) throws {
        let golden = try Golden(name)
        try withTemporaryFolder { folder in
            try IRReader.read(path: golden.path).writeIR(xml: "\(folder)/model.xml")
            try golden.check(Core.shared.readModel(path: "\(folder)/model.xml"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["model.bin", "model.xml"])
        }
    }

    @Test(arguments: cases) func textSaysTheSame(_ name: String) throws {
        let golden = try Golden(name)
        let graph = try IRReader.read(path: golden.path)
        try withTemporaryFolder { folder in
            try graph.writeIR(xml: "\(folder)/model.xml")
            var original = try PlainModel(path: golden.path)
            let written = try PlainModel(path: "\(folder)/model.xml")
            if original.version == "10" {
                // What the runtime adds to this version is written for the next.
                original.version = "11"
                #expect(original.addNames(["x": ["x"], original.sourceOfResult: [original.sourceOfResult]]) == 2)
            }
            #expect(written.version == original.version)
            #expect(written.name == original.name)
            #expect(written.runtimeInfo == original.runtimeInfo)
            #expect(written.edges == original.edges)
            #expect(written.layerNames == original.layerNames)
            for layer in original.layers {
                let other = written.layers.first { $0["name"] == layer["name"] }
                #expect(other == layer, "\(layer["name"] ?? "")")
            }
            #expect(original.inputs == written.inputs)
            #expect(original.outputs == written.outputs)
        }
    }

    @Test(arguments: cases) func secondRoundChangesNothing(_ name: String) throws {
        let once = try IRReader.read(path: Golden(name).path).serialized()
        try withTemporaryFolder { folder in
            let weights = try folder.map("all.bin", Array(once.weights.bytes))
            let again = try once.xml.utf8.withContiguousStorageIfAvailable {
                try IRReader.read(UnsafeRawBufferPointer($0), file: "again", weights: weights).serialized()
            }
            #expect(again?.xml == once.xml)
        }
    }

    @Test func portsHaveTheirNames() throws {
        let graph = try IRReader.read(path: Golden("names").path)
        #expect(graph.parameters[0].name == "input \"<&>' ,\\ näme")
        #expect(Set(graph.parameters[0].outputs[0].names) == ["x", "with,comma", "back\\slash", "q\"u<o>t&e's", "ünïcödé"])
        let model = try runtimeModel(graph)
        for name in graph.parameters[0].outputs[0].names { #expect(try model.input(name).index == 0) }
        for name in ["y", "y,1"] { #expect(try model.output(name).index == 0) }
        #expect(graph.runtimeInfo?.child("model_info")?.child("labels")?.child("deep")?["value"] == "1 < 2 & \"so\"")
        #expect(graph.parameters[0].outputs[0].runtimeInfo.first?["layout"] == "[N,C,H,W]")
    }

    @Test func stateIsKeptBetweenRuns() throws {
        let graph = try IRReader.read(path: Golden("state").path)
        #expect(graph.nodes.map(\.type).contains("Assign"))
        #expect(graph.results.count == 1)
    }

    @Test func constantsHaveTheirTypesAndShapes() throws {
        let graph = try IRReader.read(path: Golden("types").path)
        let constants = graph.nodes.filter { $0.type == "Const" && $0.outputs[0].shape == [2, 3] }
        #expect(Set(constants.map(\.outputs[0].elementType.rawValue)) == Set(constants.map(\.name)))
        #expect(constants.count == 18)
    }
}
