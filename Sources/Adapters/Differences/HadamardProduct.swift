import ModelGraph
import TensorStore

/// LoHa's difference (LyCORIS, https://arxiv.org/abs/2309.14859): the elementwise product of two low-rank matrices,
/// (w1_a × w1_b) ⊙ (w2_a × w2_b).
struct HadamardProduct: WeightDifference {
    private let first: FactoredMatrix
    private let second: FactoredMatrix

    /// - Throws: `LoRAError.missingPair`, `.shape`.
    init(_ tensors: LayerTensors) throws(LoRAError) {
        if tensors[.hadaT1] != nil || tensors[.hadaT2] != nil {
            _ = try (tensors.required(.hadaT1, "hada_t1"), tensors.required(.hadaT2, "hada_t2"))
        }
        first = try FactoredMatrix(tensors, .init(name: "hada_w1", a: .hadaW1A, b: .hadaW1B, core: .hadaT1))
        second = try FactoredMatrix(tensors, .init(name: "hada_w2", a: .hadaW2A, b: .hadaW2B, core: .hadaT2))
        guard first.rows == second.rows, first.columns == second.columns else {
            throw tensors.refusal(
                second.entry,
                "a factor of [\(first.rows), \(first.columns)], which '\(first.entry.name)' makes, not of "
                    + "[\(second.rows), \(second.columns)]")
        }
    }

    var rank: Int? { first.rank }
    var outputs: Int { first.rows }
    var columns: Int { first.columns }
    var kernel: (height: Int, width: Int)? { first.kernel }

    func misfit(_ shape: Shape) -> (entry: TensorEntry, expected: String) {
        (first.entry, "a factor of \(shape), not of [\(outputs), \(columns)],")
    }

    func matrix(in graph: inout Graph, rows: Range<Int>?, type: ElementType, name: String) throws(GraphError) -> Value {
        let (w1, w2) = (
            try first.value(in: &graph, type: type, name: "\(name)/w1"),
            try second.value(in: &graph, type: type, name: "\(name)/w2")
        )
        return try graph.rows(rows, of: graph.multiply(w1, w2, name: "\(name)/Multiply"))
    }
}
