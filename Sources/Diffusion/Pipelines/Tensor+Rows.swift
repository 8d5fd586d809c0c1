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

    /// Tensors of one type, alike but for their first axis, one after the other along it.
    /// - Precondition: there is one at least.
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
