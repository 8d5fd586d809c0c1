import Architectures
import Foundation
import Inference
import ModelLoading
import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore
import TestSupport

/// A small network that the reference implementation made: its config, weights, inputs and outputs.
struct GoldenNetwork {
    let component: Component
    private let values: SafetensorsCheckpoint

    /// - Parameter path: under `Tests/Goldens`.
    init(_ path: String, library: String = "diffusers", className: String) throws {
        let folder = Goldens.url(path)
        component = Component(name: path, library: library, className: className, folder: folder)
        values = try SafetensorsCheckpoint(path: folder.appending(path: "golden.safetensors").path)
    }

    /// A recorded input or output.
    subscript(name: String) -> Tensor { get throws { try values.tensor(named: name) } }

    func has(_ name: String) -> Bool { values.entries[name] != nil }

    /// Compiles `graph` in plain f32 and runs it on the recorded inputs of the same names, `inputs` over them.
    /// - Returns: the outputs by name.
    func run(_ graph: Graph, inputs: [String: Tensor] = [:]) throws -> [String: Tensor] {
        try runGraph(graph) { name in try inputs[name] ?? self[name] }
    }
}

/// Compiles `graph` in plain f32 and runs it.
func runGraph(_ graph: Graph, input: (String) throws -> Tensor) throws -> [String: Tensor] {
    let model = try Executable("test", SizedGraph(graph)).model
    let request = try model.makeRequest()
    for port in model.inputs {
        guard let name = port.name else { continue }
        try request.setInput(name, to: input(name))
    }
    try request.infer()
    var outputs: [String: Tensor] = [:]
    for result in graph.results {
        let value = result.inputs[0]
        for name in graph.nodes[value.node].outputs[value.port].names { outputs[name] = try request.outputTensor(name) }
    }
    return outputs
}
