import ModelGraph
import OpenVINO
import TensorStore

/// Compiles in plain f32, runs, and gives each output by its name.
func outputs(_ graph: Graph, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
    let serialized = try graph.serialized()
    let model = try Core.shared.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
    let compiled = try Core.shared.compile(model, properties: .exact)
    let request = try compiled.makeRequest()
    for (name, tensor) in inputs { try request.setInput(name, to: tensor) }
    try request.infer()
    var values: [String: Tensor] = [:]
    for port in compiled.outputs { if let name = port.name { values[name] = try request.outputTensor(port.index) } }
    return values
}
