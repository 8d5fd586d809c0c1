import Inference
import TensorStore

extension Tensor {
    /// Some of the parts along the first axis, copied.
    func rows(_ indices: [Int]) throws(TensorError) -> Tensor {
        try Tensor(joining: indices.map { (self, $0..<$0 + 1) })
    }

    /// Ranges along the first axis of tensors that are alike but for it, copied one after the other.
    fileprivate init(joining parts: [(tensor: Tensor, rows: Range<Int>)]) throws(TensorError) {
        let first = parts[0].tensor
        let count = parts.reduce(0) { $0 + $1.rows.count }
        var result = try Tensor(zeros: Shape([count] + first.shape.dimensions.dropFirst()), of: first.elementType)
        result.withUnsafeMutableBytes { target in
            var place = 0
            for (tensor, rows) in parts where !rows.isEmpty {
                tensor.withUnsafeBytes { source in
                    let size = source.count / tensor.shape[0]
                    let bytes = source[rows.lowerBound * size..<rows.upperBound * size]
                    UnsafeMutableRawBufferPointer(rebasing: target[place...]).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: bytes))
                    place += bytes.count
                }
            }
        }
        self = result
    }
}

extension [[String: Tensor]] {
    /// The tensors of each name, joined along the first axis. All have the names of the first.
    func joinedRows() throws -> [String: Tensor] {
        guard let first else { return [:] }
        return try Dictionary(
            uniqueKeysWithValues: first.keys.map { name in
                let parts = try map { try $0.required(name, of: "encoder") }
                return (name, try Tensor(joining: parts.map { ($0, 0..<$0.shape[0]) }))
            })
    }
}
