import ModelGraph
import TensorStore

extension Graph {
    /// The numbers of a constant in f32, f16 or bf16, perhaps behind Converts and Reshapes, row-major in the value's shape; nil
    /// for anything else.
    func floats(_ value: Value) -> [Float]? {
        var index = value.node
        while ["Convert", "Reshape", "Unsqueeze", "Squeeze"].contains(nodes[index].type) { index = nodes[index].inputs[0].node }
        let node = nodes[index]
        guard node.type == "Const", let data = node.constant, let shape = node.outputs[0].shape.fixed,
            let count = value.shape.fixed?.checkedElementCount, count == shape.checkedElementCount
        else { return nil }
        let type = node.outputs[0].elementType
        guard type.isFloatingPoint, type.byteCount(of: count) == data.byteCount else { return nil }
        return data.withUnsafeBytes { bytes in
            switch type {
            case .f32: (0..<count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
            case .f16:
                (0..<count).map { HalfPrecision.float(f16: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }
            case .bf16:
                (0..<count).map {
                    Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) << 16)
                }
            default: nil
            }
        }
    }

    /// A constant vector of integers; nil for anything else.
    func wholeNumbers(_ value: Value) -> [Int]? {
        let node = nodes[value.node]
        guard node.type == "Const", let data = node.constant, let count = value.shape.fixed?.checkedElementCount else {
            return nil
        }
        return data.withUnsafeBytes { bytes in
            switch value.elementType {
            case .i64 where bytes.count == 8 * count:
                (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
            case .i32 where bytes.count == 4 * count:
                (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)) }
            default: nil
            }
        }
    }
}
