public import TensorStore

extension Tensor {
    /// A tensor of random values in the range of `benchmark_app`'s, 0 to 255, and 0 or 1 for booleans; the same at every call.
    /// - Parameter seed: another one gives other values.
    /// - Throws: `BenchmarkError.inputFile` for types without a fixed size; `TensorError`.
    public static func random(_ shape: Shape, of type: ElementType, seed: UInt64 = 0) throws -> Tensor {
        guard let count = shape.checkedElementCount else { throw TensorError.size(type, shape, expected: nil, found: 0) }
        var generator = SplitMix(state: seed)
        switch type {
        case .f32, .f16, .bf16, .f64:
            let values = (0..<count).map { _ in Float(generator.next() >> 40) * Float(255.0 / 16_777_216.0) }
            return try Tensor(values, shape: shape).converted(to: type)
        case .boolean:
            return try Tensor((0..<count).map { _ in UInt8(generator.next() >> 63) }, shape: shape).converted(to: type)
        case .i8:
            return try Tensor((0..<count).map { _ in Int8(bitPattern: UInt8(generator.next() >> 56)) }, shape: shape)
        case .u8:
            return try Tensor((0..<count).map { _ in UInt8(generator.next() >> 56) }, shape: shape)
        case .i16, .i32, .i64, .u16, .u32, .u64:
            return try Tensor((0..<count).map { _ in Int64(generator.next() >> 56) }, shape: shape).converted(to: type)
        default:
            guard type.bitWidth != nil else { throw BenchmarkError.settings("Inputs of type \(type) can't be made at random.") }
            // Types of fewer bits, and of 8-bit floats: any bits are a value.
            var tensor = try Tensor(zeros: shape, of: type)
            tensor.withUnsafeMutableBytes { bytes in
                for index in bytes.indices { bytes[index] = UInt8(generator.next() >> 56) & 0x3B }
            }
            return tensor
        }
    }
}

/// SplitMix64: https://prng.di.unimi.it/splitmix64.c.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
