import OpenVINO
import TensorStore
import Testing

struct ElementTypeTests {
    static let sized = ElementType.allCases.filter { $0.bitWidth != nil }
    /// Element types that the CPU plugin refuses as an input.
    static let refused: Set<ElementType> = [.u1, .u3, .u6]

    /// Five small values. The CPU plugin converts f64 and 64-bit integers to f32 and i32, which represent them exactly.
    private static func values(_ type: ElementType) throws -> Tensor {
        let bytes: [UInt8] =
            switch type {
            case .f32: (0..<5).flatMap { encode(Float($0).bitPattern) }
            case .f64: (0..<5).flatMap { encode(Double($0).bitPattern) }
            case .bf16: (0..<5).flatMap { encode(UInt16(Float($0).bitPattern >> 16)) }
            case .f16: [0x0000, 0x3C00, 0x4000, 0x4200, 0x4400].flatMap { encode($0 as UInt16) }
            case .boolean: [1, 0, 1, 1, 0]
            // Each byte, or part of a byte, has another exponent and sign; the bits after the fifth value are zero.
            case .u1: [0b0001_0110]
            case .u2: [0b1101_1000, 0b0000_0010]
            case .u3: [0b1010_0101, 0b0011_0110]
            case .u6: [0x12, 0x34, 0x56, 0x08]
            case .i4, .u4, .nf4, .f4e2m1: [0x21, 0x43, 0x05]
            case .f8e4m3, .f8e5m2, .f8e8m0: [0x38, 0x40, 0x44, 0x48, 0x30]
            default: (1...5).flatMap { encode(UInt64($0), count: (type.bitWidth ?? 0) / 8) }
            }
        return try bytes.withUnsafeBytes { try Tensor(copying: $0, shape: [5], of: type) }
    }

    private static func encode(_ value: some FixedWidthInteger, count: Int? = nil) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0.prefix(count ?? $0.count)) }
    }

    private func bytes(_ tensor: Tensor) -> [UInt8] { tensor.withUnsafeBytes(Array.init) }

    @Test(arguments: sized) func tensorKeepsTypeShapeAndBytes(_ type: ElementType) throws {
        let values = try Self.values(type)
        let tensor = try InferTensor(values)
        #expect(try tensor.elementType == type)
        #expect(try tensor.shape == [5])
        #expect(bytes(try tensor.copy()) == bytes(values))
        let zeros = try InferTensor(zeros: [5], of: type)
        #expect(try zeros.elementType == type)
        #expect(bytes(try zeros.copy()) == [UInt8](repeating: 0, count: values.byteCount))
    }

    @Test(arguments: sized) func passesThroughAModel(_ type: ElementType) throws {
        let values = try Self.values(type)
        guard !Self.refused.contains(type) else {
            expectFailure(saying: "format \(type) is not supported") { try compiled(IR.identity(type, "5")) }
            return
        }
        let model = try compiled(IR.identity(type, "5"))
        #expect(model.inputs[0].elementType == type)
        let request = try model.makeRequest()
        try request.setInput(0, to: values)
        try request.infer()
        let output = try request.outputTensor(0)
        #expect(output.elementType == type)
        #expect(bytes(output) == bytes(values))
    }
}
