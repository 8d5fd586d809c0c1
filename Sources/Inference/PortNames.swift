import ModelGraph
import OpenVINO

/// Indices of a compiled network's ports by all the names that the graph gives them. The runtime tells one name of several.
struct PortNames {
    private(set) var inputs: [String: Int] = [:]
    private(set) var outputs: [String: Int] = [:]
    /// Inputs of which the graph reads more than the shape; these must have a value.
    private var needed: Set<Int> = []

    init(_ graph: Graph, _ model: CompiledModel) throws {
        // Nodes of which the elements are read, and not the shape alone.
        var read: Set<Int> = []
        for node in graph.nodes where node.type != "ShapeOf" { read.formUnion(node.inputs.lazy.map(\.node)) }
        for (index, node) in graph.nodes.enumerated() {
            if node.type == "Parameter" {
                for name in node.outputs[0].names { inputs[name] = try model.input(name).index }
                if read.contains(index), let name = node.outputs[0].names.first, let port = inputs[name] { needed.insert(port) }
            } else if node.type == "Result" {
                let value = node.inputs[0]
                for name in graph.nodes[value.node].outputs[value.port].names { outputs[name] = try model.output(name).index }
            }
        }
    }

    /// The first input by name that needs a value and is not among `set`.
    func firstMissing(_ set: Set<Int>) -> String? {
        inputs.filter { needed.contains($0.value) && !set.contains($0.value) }.keys.min()
    }
}
