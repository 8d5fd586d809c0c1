import ModelGraph
import TensorStore

/// LoRA's difference, up × down, in a convolution possibly with LoCon's core between them.
struct LowRankProduct: WeightDifference {
    /// `[rank, inputs]`, or `[rank, inputs, kh, kw]` of a convolution.
    let down: TensorEntry
    /// `[outputs, rank]`, possibly with trailing axes of 1.
    let up: TensorEntry
    /// The kernel `[rank, rank, kh, kw]` of a convolution whose `down` has none.
    let core: CoreTensor?
    let columns: Int

    /// - Throws: `LoRAError.missingPair`, `.shape`.
    init(_ tensors: LayerTensors) throws(LoRAError) {
        guard let down = tensors[.down], let up = tensors[.up] else {
            let found = tensors[.down] ?? tensors[.up] ?? tensors.entries.values.min { $0.name < $1.name }
            let name = found?.name ?? ""
            throw .missingPair(expected: Self.pair(of: name), key: name, file: tensors.file)
        }
        (self.down, self.up) = (down, up)
        guard [2, 4].contains(down.shape.rank) else {
            throw tensors.refusal(down, "[rank, inputs] or [rank, inputs, kh, kw]")
        }
        let rank = down.shape[0]
        guard [2, 4].contains(up.shape.rank), up.shape[1] == rank, up.shape.dropFirst(2).allSatisfy({ $0 == 1 }) else {
            throw tensors.refusal(up, "[outputs, \(rank)] to go with '\(down.name)' \(down.shape)")
        }
        guard let mid = tensors[.mid] else {
            core = nil
            columns = down.shape.dropFirst().reduce(1, *)
            return
        }
        let core = try CoreTensor(mid, outer: rank, inner: rank, beside: down, tensors)
        guard down.shape.dropFirst(2).allSatisfy({ $0 == 1 }) else {
            throw tensors.refusal(mid, "left out beside '\(down.name)' \(down.shape), which has a kernel")
        }
        columns = try tensors.product(down.shape[1], core.place, of: mid)
        self.core = core
    }

    var rank: Int? { innerRank }
    var innerRank: Int { down.shape[0] }
    var outputs: Int { up.shape[0] }
    var inputs: Int { down.shape[1] }
    var kernel: (height: Int, width: Int)? { core?.kernel ?? (down.shape.rank == 4 ? (down.shape[2], down.shape[3]) : (1, 1)) }

    func misfit(_ shape: Shape) -> (entry: TensorEntry, expected: String) {
        if outputs != shape[0] { return (up, "[\(shape[0]), \(innerRank)]") }
        let wanted = Shape([innerRank] + shape.dropFirst())
        return (inputs == shape[1] ? core?.entry ?? down : down, "\(wanted)")
    }

    func matrix(in graph: inout Graph, rows: Range<Int>?, type: ElementType, name: String) throws(GraphError) -> Value {
        let up = graph.lora(up, [outputs, innerRank], rows: rows, type: type, name: "\(name)/up")
        return try graph.matMul(up, down(in: &graph, type: type, name: name), name: "\(name)/MatMul")
    }

    /// `down` as `[rank, columns]`, with the core multiplied in.
    func down(in graph: inout Graph, type: ElementType, name: String) throws(GraphError) -> Value {
        guard let core else { return graph.lora(down, [innerRank, columns], type: type, name: "\(name)/down") }
        let inner = graph.lora(down, [innerRank, inputs], type: type, name: "\(name)/down")
        return try core.times(inner, inputs: inputs, in: &graph, name: name)
    }

    /// The key of the other matrix of a pair.
    private static func pair(of key: String) -> String {
        let pairs = [("lora_down", "lora_up"), ("lora_A", "lora_B"), ("lora.down", "lora.up"), ("layer.down", "layer.up")]
        for (down, up) in pairs {
            if key.contains(down) { return key.replacing(down, with: up) }
            if key.contains(up) { return key.replacing(up, with: down) }
        }
        return "lora_down and lora_up beside it"
    }
}
