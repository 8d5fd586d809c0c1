import ModelGraph

extension Graph {
    /// The graph with notes, at the operations whose weights were multiplied, of what became part of the operations around them.
    ///
    /// Nothing else in the graph tells it, and what is applied beside the weights later (LoRA) has to know: its inputs are divided,
    /// and its results multiplied. `Adapters` reads it; the runtime passes over it.
    /// - Parameter outputs: factors of output channels, by the operation's name.
    func noting(_ groups: [SmoothQuant.Group], outputs: [String: [Float]]) -> Graph {
        var notes: [String: [XMLElement.Attribute]] = [:]
        func note(_ operation: String, _ name: String, _ numbers: [Float]) {
            notes[operation, default: []].append(.init(name, numbers.map { "\($0)" }.joined(separator: ",")))
        }
        for group in groups where group.isFolded {
            for operation in group.operations { note(operation, "inputs", group.factors) }
        }
        for (operation, factors) in outputs { note(operation, "outputs", factors) }
        var noted = self
        for index in noted.nodes.indices {
            guard ["MatMul", "Convolution"].contains(noted.nodes[index].type), let own = notes[noted.nodes[index].name] else {
                continue
            }
            var element = XMLElement("attribute", ["name": "smoothing", "version": "0"])
            element.attributes += own
            noted.addRuntimeInfo(element, to: index)
        }
        return noted
    }
}
