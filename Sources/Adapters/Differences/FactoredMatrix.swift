import ModelGraph
import TensorStore

/// A matrix in one of the forms that LyCORIS' files have for the factors of LoHa and LoKr. A kernel's height and width are
/// among its columns, behind the inputs.
struct FactoredMatrix {
    /// The parts of a layer that hold such a matrix.
    struct Parts {
        /// The beginning of their names: `hada_w1`, `lokr_w2` …
        let name: String
        var whole: LoRAKey.Part?
        let a: LoRAKey.Part
        let b: LoRAKey.Part
        var core: LoRAKey.Part?
    }

    private enum Form {
        /// `[rows, inputs]`, or `[rows, inputs, kh, kw]`.
        case whole(TensorEntry)
        /// `[rows, rank]` × `[rank, columns]`.
        case product(TensorEntry, TensorEntry)
        /// `[rank, rows]`, `[rank, inputs]` and the core between them (Tucker's decomposition).
        case decomposed(TensorEntry, TensorEntry, CoreTensor)
    }

    private let form: Form
    let rows: Int
    let columns: Int
    /// A tensor that stands for the matrix in errors.
    let entry: TensorEntry

    /// - Throws: `LoRAError.missingPair`, `.shape`.
    init(_ tensors: LayerTensors, _ parts: Parts) throws(LoRAError) {
        if let whole = parts.whole.flatMap({ tensors[$0] }) {
            guard [2, 4].contains(whole.shape.rank) else { throw tensors.refusal(whole, "a matrix or a kernel") }
            (form, entry) = (.whole(whole), whole)
            (rows, columns) = (whole.shape[0], whole.shape.dropFirst().reduce(1, *))
            return
        }
        let a = try tensors.required(parts.a, "\(parts.name)_a")
        let b = try tensors.required(parts.b, "\(parts.name)_b")
        entry = a
        guard a.shape.rank == 2 else { throw tensors.refusal(a, "a matrix") }
        if let core = parts.core.flatMap({ tensors[$0] }) {
            guard b.shape.rank == 2 else { throw tensors.refusal(b, "[rank, inputs] beside '\(core.name)'") }
            let core = try CoreTensor(core, outer: a.shape[0], inner: b.shape[0], beside: b, tensors)
            form = .decomposed(a, b, core)
            (rows, columns) = (a.shape[1], try tensors.product(b.shape[1], core.place, of: core.entry))
        } else {
            guard [2, 4].contains(b.shape.rank), a.shape[1] == b.shape[0] else {
                throw tensors.refusal(a, "[outputs, rank] to go with '\(b.name)' \(b.shape)")
            }
            form = .product(a, b)
            (rows, columns) = (a.shape[0], b.shape.dropFirst().reduce(1, *))
        }
    }

    /// nil for a whole matrix.
    var rank: Int? {
        switch form {
        case .whole: nil
        case .product(_, let b), .decomposed(_, let b, _): b.shape[0]
        }
    }

    /// Height and width of a kernel; nil where the tensors have it flattened, or there is none.
    var kernel: (height: Int, width: Int)? {
        switch form {
        case .whole(let entry), .product(_, let entry): entry.shape.rank == 4 ? (entry.shape[2], entry.shape[3]) : nil
        case .decomposed(_, _, let core): core.kernel
        }
    }

    /// The matrix, `[rows, columns]`.
    func value(in graph: inout Graph, type: ElementType, name: String) throws(GraphError) -> Value {
        switch form {
        case .whole(let entry): return graph.lora(entry, [rows, columns], type: type, name: name)
        case .product(let a, let b):
            let (a, b) = (
                graph.lora(a, a.shape, type: type, name: "\(name)/a"),
                graph.lora(b, [b.shape[0], columns], type: type, name: "\(name)/b")
            )
            return try graph.matMul(a, b, name: "\(name)/MatMul")
        case .decomposed(let a, let b, let core):
            let inner = graph.lora(b, b.shape, type: type, name: "\(name)/b")
            let kernels = try core.times(inner, inputs: b.shape[1], in: &graph, name: name)
            return try graph.matMul(
                graph.lora(a, a.shape, type: type, name: "\(name)/a"), kernels, transposeA: true, name: "\(name)/MatMul")
        }
    }
}

extension Graph {
    /// The `rows` of a matrix; all of them for nil.
    mutating func rows(_ rows: Range<Int>?, of matrix: Value) throws(GraphError) -> Value {
        guard let rows else { return matrix }
        return try slice(matrix, axis: 0, rows)
    }
}
