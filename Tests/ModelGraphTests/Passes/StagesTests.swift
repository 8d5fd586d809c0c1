import Foundation
import ModelGraph
import TensorStore
import TestSupport
import Testing

@Suite struct StagesTests {
    /// Runs the stages one after the other, each on the inputs and on what those before gave; the last one's outputs by name.
    private func run(_ stages: [Graph?], _ inputs: [String: Tensor]) throws -> [String: Tensor] {
        var values = inputs
        for stage in stages.compactMap(\.self) {
            let needed = try stage.parameters.map { parameter in
                try #require(parameter.outputs[0].names.compactMap { values[$0] }.first, "\(parameter.name)")
            }
            let outputs = try ModelGraphTests.run(stage, needed)
            for (result, output) in zip(stage.results, outputs) {
                let value = result.inputs[0]
                for name in stage.nodes[value.node].outputs[value.port].names { values[name] = output }
            }
        }
        return values
    }

    /// A network in small: prompt and guidance, a timestep, a sample; weights that several stages use.
    private func network() throws -> Graph {
        var graph = Graph(name: "unet")
        let sample = graph.parameter("sample", .f32, [1, 4, 3])
        let time = graph.parameter("timestep", .f32, [1])
        let prompt = graph.parameter("prompt", .f32, [1, 5, 3])
        let half = graph.weights(.bytes(bytes([0x3800, 0x3400, 0x3000] as [UInt16])), .f16, [1, 1, 3], name: "scale")
        let keys = try graph.multiply(prompt, half, name: "keys")
        let embedding = try graph.multiply(graph.unary(.sin, time, name: "sin"), half, name: "embedding")
        let mixed = try graph.add(embedding, graph.slice(keys, axis: 1, 0..<1), name: "mixed")
        let scores = try graph.softmax(graph.matMul(graph.multiply(sample, half), keys, transposeB: true), axis: -1)
        let attended = try graph.matMul(scores, prompt)
        graph.result(try graph.add(graph.add(attended, mixed), graph.multiply(sample, time)), name: "out")
        graph.result(keys, name: "keys too")
        return graph
    }

    @Test func stagesComputeWhatTheWholeComputes() throws {
        let graph = try network()
        let inputs = [
            "sample": try ramp([1, 4, 3], scale: 0.1), "timestep": try Tensor([0.7] as [Float], shape: [1]),
            "prompt": try ramp([1, 5, 3], scale: 0.2, shift: 1),
        ]
        let whole = try run([graph], inputs)
        let stages = try graph.stages([["prompt"], ["timestep"], ["sample"]])
        #expect(
            stages.map { $0?.parameters.map(\.name) } == [
                ["prompt"], ["timestep", "Slice"], ["sample", "timestep", "prompt", "keys", "mixed"],
            ])
        #expect(
            stages.map { $0?.results.map(\.name) } == [
                ["Slice/sink", "keys/sink"], ["mixed/sink"], ["out/sink", "keys too/sink"],
            ])
        #expect(stages.allSatisfy { $0?.name == "unet" })
        let cut = try run(stages, inputs)
        for name in ["out", "keys too"] { try expectClose(#require(cut[name]), #require(whole[name]), tolerance: 1e-6, name) }
        // Everything is computed in one stage only; constants are where they are used.
        for type in ["SoftMax", "Sin", "Slice"] {
            #expect(stages.count { $0?.nodes.contains { $0.type == type } == true } == 1)
        }
        #expect(stages.map { $0?.nodes.count { $0.name.hasPrefix("scale") } } == [2, 2, 2])
    }

    @Test func anyCutComputesTheSame() throws {
        let graph = try network()
        let inputs = [
            "sample": try ramp([1, 4, 3], scale: 0.1), "timestep": try Tensor([0.7] as [Float], shape: [1]),
            "prompt": try ramp([1, 5, 3], scale: 0.2, shift: 1),
        ]
        let whole = try #require(try run([graph], inputs)["out"])
        let cuts: [[Set<String>]] = [
            [[]], [["sample"], []], [["timestep"], ["prompt"], ["sample"]], [["timestep", "sample"], ["prompt"]],
            [[], ["prompt"], []],
            [["sample", "timestep", "prompt"], []],
        ]
        for cut in cuts {
            let stages = try graph.stages(cut)
            #expect(stages.count == cut.count)
            try expectClose(#require(run(stages, inputs)["out"]), whole, tolerance: 1e-6, "\(cut)")
        }
    }

    @Test func stagesWithNothingToComputeAreNil() throws {
        var graph = Graph()
        let a = graph.parameter("a", .f32, [2])
        let b = graph.parameter("b", .f32, [2])
        graph.result(try graph.add(a, b), name: "y")
        let stages = try graph.stages([["a"], ["nothing of this name"], ["b"]])
        #expect(stages[0] == nil)
        #expect(stages[1] == nil)
        #expect(stages[2]?.parameters.map(\.name) == ["a", "b"])
    }

    @Test func oneOfSeveralOutputsCrosses() throws {
        var graph = Graph()
        let a = graph.parameter("a", .f32, [2, 3])
        let b = graph.parameter("b", .i64, [2, 1])
        let place = try graph.argMax(a, axis: 1)
        graph.result(try graph.equal(place, b), name: "same")
        let stages = try graph.stages([["a"], ["b"]])
        #expect(stages[0]?.results.map(\.name) == ["TopK:1/sink"])
        #expect(stages[1]?.parameters.map(\.name) == ["b", "TopK:1"])
        let inputs = [
            "a": try Tensor([1, 5, 3, 7, 2, 2] as [Float], shape: [2, 3]), "b": try Tensor([1, 1] as [Int64], shape: [2, 1]),
        ]
        let found = try #require(try run(stages, inputs)["same"])
        #expect(found.withUnsafeBytes(Array.init) == [1, 0])
    }

    @Test func namesOfCrossingValuesAreFree() throws {
        // The tensor 'x' is the input; the node 'x' is another.
        var graph = Graph()
        var input = Node(name: "input", type: "Parameter", opset: "opset1")
        input.attributes = [.init("shape", "2"), .init("element_type", "f32")]
        input.outputs = [.init(elementType: .f32, shape: [2], names: ["x"])]
        let inputIndex = graph.append(input)
        let late = graph.value(inputIndex)
        let early = graph.parameter("early", .f32, [2])
        let node = try graph.unary(.exp, early, name: "x")
        graph.result(try graph.add(node, late), name: "y")
        let stages = try graph.stages([["early"], ["x"]])
        #expect(stages[1]?.parameters.map { $0.outputs[0].names } == [["x"], ["x'"]])
        let inputs = ["x": try ramp([2]), "early": try ramp([2], scale: 0)]
        #expect(try run(stages, inputs)["y"]?.elements(as: Float.self) == [1, 2])
    }

    @Test func stateIsRefused() throws {
        let graph = try IRReader.read(path: Goldens.url("ModelGraph/state.xml").path)
        let error = #expect(throws: GraphError.self) { try graph.stages([["x"], []]) }
        #expect(error?.description.contains("keeps state") == true)
    }

    @Test func stateInBodiesIsRefused() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1])
        let body = XMLElement("body", children: [XMLElement("layers", children: [XMLElement("layer", ["type": "ReadValue"])])])
        let node = Node(
            name: "loop", type: "Loop", opset: "opset5", inputs: [x], outputs: [.init(elementType: .f32, shape: [1])],
            bodies: [body])
        let index = graph.append(node)
        graph.result(graph.value(index), name: "y")
        #expect(throws: GraphError.self) { try graph.stages([["x"], []]) }
    }

    @Test func longChainsOfConstantsAreCut() throws {
        var graph = Graph()
        let x = graph.parameter("x", .f32, [1])
        var constant = graph.scalar(1)
        for _ in 0..<50_000 { constant = graph.convert(constant, to: .f32) }
        graph.result(try graph.add(x, constant), name: "y")
        let stages = try graph.stages([["x"], []])
        #expect(stages[0]?.nodes.count == 50_004)
        #expect(stages[1]?.parameters.count == 1)
    }

    @Test func goldensCanBeCut() throws {
        var graph = try IRReader.read(path: Goldens.url("ModelGraph/traced.xml").path)
        graph.result(graph.results[0].inputs[0], name: "output")
        let values = try SafetensorsCheckpoint(path: Goldens.url("ModelGraph/traced.safetensors").path)
        let names = graph.parameters.compactMap(\.outputs[0].names.first)
        #expect(names == ["picture", "scale"])
        let inputs = try Dictionary(
            uniqueKeysWithValues: names.enumerated().map { ($1, try values.tensor(named: "run0.input.\($0)")) })
        let expected = try values.tensor(named: "run0.output.0")
        for name in names {
            let stages = try graph.stages([[name], []])
            try expectClose(#require(run(stages, inputs)["output"]), expected, tolerance: 1e-5, "cut after \(name)")
        }
    }
}
