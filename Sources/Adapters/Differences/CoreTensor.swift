import ModelGraph
import TensorStore

/// A core `[i, j, kh, kw]` between factors `[i, outputs]` and `[j, inputs]` (Tucker, or CP, decomposition of a kernel).
struct CoreTensor {
    let entry: TensorEntry

    /// - Throws: `LoRAError.shape` unless it goes with factors of these ranks.
    init(_ entry: TensorEntry, outer: Int, inner: Int, beside other: TensorEntry, _ tensors: LayerTensors) throws(LoRAError) {
        guard entry.shape.rank == 4, entry.shape[0] == outer, entry.shape[1] == inner else {
            throw tensors.refusal(entry, "[\(outer), \(inner), kh, kw] to go with '\(other.name)' \(other.shape)")
        }
        self.entry = entry
    }

    var kernel: (height: Int, width: Int) { (entry.shape[2], entry.shape[3]) }
    var place: Int { entry.shape[2] * entry.shape[3] }

    /// The product with the inner factor `[j, inputs]`, as `[i, inputs·kh·kw]`.
    func times(_ inner: Value, inputs: Int, in graph: inout Graph, name: String) throws(GraphError) -> Value {
        let (outer, rank) = (entry.shape[0], entry.shape[1])
        let core = graph.lora(entry, [outer, rank, place], type: inner.elementType, name: "\(name)/core")
        let product = try graph.matMul(graph.transpose(core, [0, 2, 1]), inner, name: "\(name)/MatMulKernel")
        return try graph.reshape(graph.transpose(product, [0, 2, 1]), to: [outer, inputs * place])
    }
}
