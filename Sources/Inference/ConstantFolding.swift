public import ModelGraph
import TensorStore

extension Graph {
    /// The graph in which parts that depend on constants alone are constants, computed by the runtime on the CPU in f32.
    ///
    /// The runtime folds such parts itself when it compiles; this is for passes that read weights, such as quantization.
    /// - Parameter isFolded: whether a node's result, and all that is computed from it and constants by nodes of one output, becomes a
    ///   constant.
    /// - Throws: `GraphError`, `OpenVINOError`, `CancellationError`; `FileError` where the system refuses the memory.
    public func foldingConstants(where isFolded: (Node) -> Bool) async throws -> Graph {
        let index = GraphIndex(self)
        var folds: [Bool] = []
        for (place, node) in nodes.enumerated() {
            let isSelected = !node.inputs.isEmpty && isFolded(node) || node.inputs.contains { folds[$0.node] }
            folds.append(index.isConstant[place] && node.outputs.count == 1 && isSelected)
        }
        // The last constant of each part: a node that computes with inputs reads it.
        var rewriter = GraphRewriter(self)
        for (place, node) in nodes.enumerated() {
            guard folds[place] else {
                try rewriter.copy(place)
                continue
            }
            guard let readers = index.uses[value(place)], readers.contains(where: { !folds[$0.node] }) else { continue }
            try Task.checkCancellation()
            let tensor = try await computed(value(place))
            let data = try MappedFile(inMemory: node.name, byteCount: tensor.byteCount) { bytes in
                tensor.withUnsafeBytes { bytes.copyMemory(from: $0) }
            }
            let constant = rewriter.result.constant(
                .file(data, offset: 0, byteCount: tensor.byteCount), tensor.elementType, tensor.shape, name: node.name)
            rewriter.replace(value(place), with: constant, movesNames: true)
        }
        return try rewriter.result.withoutUnread()
    }

    /// A value that depends on constants alone.
    private func computed(_ value: Value) async throws -> Tensor {
        var isNeeded = nodes.map { _ in false }
        isNeeded[value.node] = true
        for place in nodes.indices.reversed() where isNeeded[place] {
            for input in nodes[place].inputs { isNeeded[input.node] = true }
        }
        var rewriter = GraphRewriter(self)
        for place in nodes.indices where isNeeded[place] { try rewriter.copy(place) }
        let name = "folded"
        rewriter.result.result(try rewriter.moved(value, reader: value.node), name: name)
        let network = try Executable(nodes[value.node].name, SizedGraph(rewriter.result))
        return try await network.run().required(name, of: network.name)
    }
}
