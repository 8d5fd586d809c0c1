import TensorStore

extension Graph {
    /// The elements of a floating-point constant, row-major in the value's shape.
    ///
    /// The constant is f32, f16 or bf16, and may stand behind `Convert`, `Reshape`, `Squeeze` and `Unsqueeze`.
    /// - Returns: nil for any other value.
    public func constantFloats(_ value: Value) -> [Float]? {
        var index = value.node
        while ["Convert", "Reshape", "Unsqueeze", "Squeeze"].contains(nodes[index].type) { index = nodes[index].inputs[0].node }
        let node = nodes[index]
        guard let data = node.constant, let type = node.outputs.first?.elementType, type.isFloatingPoint,
            let count = value.shape.fixed?.checkedElementCount, type.byteCount(of: count) == data.byteCount
        else { return nil }
        return data.withUnsafeBytes { bytes in
            switch type {
            case .f32: (0..<count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
            case .f16:
                (0..<count).map { HalfPrecision.float(f16: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }
            case .bf16:
                (0..<count).map { HalfPrecision.float(bf16: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }
            default: nil
            }
        }
    }

    /// The elements of an i64 or i32 constant, row-major; nil for any other value.
    public func constantIntegers(_ value: Value) -> [Int]? {
        guard let data = nodes[value.node].constant, let count = value.shape.fixed?.checkedElementCount,
            value.elementType.byteCount(of: count) == data.byteCount
        else { return nil }
        return data.withUnsafeBytes { bytes in
            switch value.elementType {
            case .i64: (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
            case .i32: (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)) }
            default: nil
            }
        }
    }
}
