import ModelGraph
import TensorStore

/// LoKr's difference (LyCORIS, https://arxiv.org/abs/2309.14859): the Kronecker product w1 ⊗ w2, of which w2 is a kernel in
/// convolutions.
struct KroneckerProduct: WeightDifference {
    private let first: FactoredMatrix
    private let second: FactoredMatrix
    let outputs: Int
    let columns: Int

    /// - Throws: `LoRAError.missingPair`, `.shape`.
    init(_ tensors: LayerTensors) throws(LoRAError) {
        first = try FactoredMatrix(tensors, .init(name: "lokr_w1", whole: .lokrW1, a: .lokrW1A, b: .lokrW1B))
        second = try FactoredMatrix(tensors, .init(name: "lokr_w2", whole: .lokrW2, a: .lokrW2A, b: .lokrW2B, core: .lokrT2))
        if let (height, width) = first.kernel, (height, width) != (1, 1) { throw tensors.refusal(first.entry, "a matrix") }
        outputs = try tensors.product(first.rows, second.rows, of: second.entry)
        columns = try tensors.product(first.columns, second.columns, of: second.entry)
    }

    /// Two whole factors are not scaled, whatever alpha says.
    var rank: Int? { second.rank ?? first.rank }
    var kernel: (height: Int, width: Int)? { second.kernel }

    func misfit(_ shape: Shape) -> (entry: TensorEntry, expected: String) {
        (second.entry, "a factor of \(shape), not of [\(outputs), \(columns)],")
    }

    func matrix(in graph: inout Graph, rows: Range<Int>?, type: ElementType, name: String) throws(GraphError) -> Value {
        let (w1, w2) = (
            try first.value(in: &graph, type: type, name: "\(name)/w1"),
            try second.value(in: &graph, type: type, name: "\(name)/w2")
        )
        let product = try graph.multiply(
            graph.reshape(w1, to: [first.rows, 1, first.columns, 1]), graph.reshape(w2, to: [1, second.rows, 1, second.columns]),
            name: "\(name)/Multiply")
        return try graph.rows(rows, of: graph.reshape(product, to: [outputs, columns]))
    }
}
