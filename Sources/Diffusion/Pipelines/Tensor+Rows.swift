import TensorStore

extension Tensor {
    /// Part of the first axis, copied.
    /// - Precondition: `range` lies within the axis.
    func rows(_ range: Range<Int>) -> Tensor {
        let rowBytes = byteCount / max(shape[0], 1)
        var part = shape
        part[0] = range.count
        return withUnsafeBytes { bytes in
            let rows = UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound * rowBytes..<range.upperBound * rowBytes])
            guard let tensor = try? Tensor(copying: rows, shape: part, of: elementType) else {
                preconditionFailure("rows \(range) of \(shape) have \(rows.count) bytes")
            }
            return tensor
        }
    }

    /// Concatenates tensors of one type along the first axis.
    /// - Precondition: `parts` is not empty, and all axes but the first agree.
    static func stacked(_ parts: [Tensor]) -> Tensor {
        guard parts.count > 1 else { return parts[0] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(parts.reduce(0) { $0 + $1.byteCount })
        for part in parts { part.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        var shape = parts[0].shape
        shape[0] = parts.reduce(0) { $0 + $1.shape[0] }
        return bytes.withUnsafeBytes { bytes in
            guard let tensor = try? Tensor(copying: bytes, shape: shape, of: parts[0].elementType) else {
                preconditionFailure("parts of \(shape) have \(bytes.count) bytes")
            }
            return tensor
        }
    }
}

extension Tensor {
    /// Concatenates f32 tensors `[1, N, C]` along the last axis.
    /// - Throws: `TensorError` for other element types.
    /// - Precondition: `parts` is not empty, and all axes but the last agree.
    static func joined(channelsOf parts: [Tensor]) throws(TensorError) -> Tensor {
        guard parts.count > 1 else { return parts[0] }
        var values: [[Float]] = []
        for part in parts { values.append(try part.elements(as: Float.self)) }
        let widths = parts.map { $0.shape[$0.shape.rank - 1] }
        var shape = parts[0].shape
        let rows = shape.dropLast().reduce(1, *)
        shape[shape.rank - 1] = widths.reduce(0, +)
        var joined: [Float] = []
        joined.reserveCapacity(rows * shape[shape.rank - 1])
        for row in 0..<rows {
            for (part, width) in zip(values, widths) { joined += part[row * width..<(row + 1) * width] }
        }
        return try Tensor(joined, shape: shape)
    }

    /// Concatenates f32 tensors `[B, C, h, w]` along the channels.
    /// - Precondition: all axes but the second agree.
    static func joined(planesOf parts: [Tensor]) throws(TensorError) -> Tensor {
        guard parts.count > 1 else { return parts[0] }
        let batch = parts[0].shape[0]
        var rows: [Tensor] = []
        for index in 0..<batch {
            for part in parts {
                var shape = part.shape
                shape[0] = 1
                rows.append(try part.rows(index..<index + 1).reshaped(to: Shape(Array(shape.dropFirst()))))
            }
        }
        var shape = parts[0].shape
        shape[1] = parts.reduce(0) { $0 + $1.shape[1] }
        return try stacked(rows).reshaped(to: shape)
    }

    /// A picture `[1, …]` repeated along the first axis.
    func repeated(_ count: Int) -> Tensor { .stacked(Array(repeating: self, count: count)) }
}
