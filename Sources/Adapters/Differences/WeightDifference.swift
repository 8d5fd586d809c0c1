import ModelGraph
import TensorStore

/// The difference of one module's weights in the factors that a file has.
protocol WeightDifference: Sendable {
    /// The number that alpha is divided by; nil where no alpha applies.
    var rank: Int? { get }
    var outputs: Int { get }
    /// The inputs of each output: those of a linear layer, or channels · height · width of a kernel.
    var columns: Int { get }
    /// Height and width of a kernel, 1 × 1 for a linear layer; nil where the factors have it flattened.
    var kernel: (height: Int, width: Int)? { get }

    /// A tensor that keeps the difference from being one of `shape`, and the shape that it should have.
    func misfit(_ shape: Shape) -> (entry: TensorEntry, expected: String)

    /// The difference as a matrix `[outputs, columns]`, or some of its rows.
    func matrix(in graph: inout Graph, rows: Range<Int>?, type: ElementType, name: String) throws(GraphError) -> Value
}

/// The tensors of one layer by their parts, with the checks that all kinds of layers need.
struct LayerTensors {
    let entries: [LoRAKey.Part: TensorEntry]
    let file: String

    /// - Throws: `LoRAError.type`, `.shape` for a tensor without elements.
    init(_ entries: [LoRAKey.Part: TensorEntry], file: String) throws(LoRAError) {
        self.entries = entries
        self.file = file
        for (part, entry) in entries.sorted(by: { $0.value.name < $1.value.name }) where part != .alpha {
            guard [.f32, .f16, .bf16, .f64, .f8e4m3, .f8e5m2].contains(entry.elementType) else {
                throw .type(key: entry.name, entry.elementType, file: file)
            }
            guard entry.shape.allSatisfy({ $0 > 0 }) else { throw refusal(entry, "without axes of 0") }
        }
    }

    subscript(part: LoRAKey.Part) -> TensorEntry? { entries[part] }

    /// - Parameter name: the part's name in files.
    /// - Throws: `LoRAError.missingPair` where the tensor is not there.
    func required(_ part: LoRAKey.Part, _ name: String) throws(LoRAError) -> TensorEntry {
        if let entry = entries[part] { return entry }
        let key = entries.values.map(\.name).min() ?? ""
        let module = key.lastIndex(of: ".").map { key[...$0] } ?? ""
        throw .missingPair(expected: module + name, key: key, file: file)
    }

    func refusal(_ entry: TensorEntry, _ expected: String) -> LoRAError {
        .shape(key: entry.name, expected: expected, found: entry.shape, file: file)
    }

    /// The product of sizes of different tensors.
    /// - Throws: `LoRAError.shape` where it overflows.
    func product(_ sizes: Int..., of entry: TensorEntry) throws(LoRAError) -> Int {
        guard let product = Shape(sizes).checkedElementCount else { throw refusal(entry, "small enough for a weight") }
        return product
    }
}
