import TensorStore
import Testing

@Suite struct TensorConvertedTests {
    /// `Tests/Goldens/TensorStore/make.py`: torch 2.13 for f32, NumPy for f64.
    @Test(arguments: [("f32", ElementType.f16, "f16"), ("f32", .bf16, "bf16"), ("f64", .f16, "f64.f16")])
    func roundsAsTheReferencesDo(_ source: String, _ type: ElementType, _ expected: String) throws {
        let checkpoint = try SafetensorsCheckpoint(path: "halves.safetensors".golden)
        let found = try checkpoint.tensor(named: source).converted(to: type)
        let reference = try checkpoint.tensor(named: expected)
        #expect(found.elementType == type)
        #expect(found.shape == reference.shape)
        #expect(found.withUnsafeBytes { Array($0) } == reference.withUnsafeBytes { Array($0) })
    }

    @Test(arguments: [
        ElementType.boolean, .f16, .bf16, .f32, .f64, .i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64,
    ])
    func goesThereAndBack(_ type: ElementType) throws {
        let numbers: [Float] = type == .boolean ? [0, 1, 1] : [0, 1, 100]
        for start in [ElementType.f32, .f64, .f16, .bf16, .i64, .u8] {
            let tensor = try Tensor(numbers, shape: [3]).converted(to: start)
            let converted = try tensor.converted(to: type)
            #expect(converted.elementType == type)
            #expect(try converted.converted(to: .f32).elements() == numbers, "\(start) \(type)")
        }
    }

    @Test func roundsOnce() throws {
        // f64 just above the midpoint of two f16 (and bf16) numbers, which f32 would take for the midpoint.
        #expect(try bits(Tensor([1 + exp2(-11) + exp2(-40)], shape: [1]).converted(to: .f16)) == 0x3C01)
        #expect(try bits(Tensor([1 + exp2(-11)], shape: [1]).converted(to: .f16)) == 0x3C00)
        #expect(try bits(Tensor([-(1 + exp2(-8) + exp2(-40))], shape: [1]).converted(to: .bf16)) == 0xBF81)
        #expect(try bits(Tensor([1e300], shape: [1]).converted(to: .f16)) == 0x7C00)
        #expect(try bits(Tensor([Double.leastNonzeroMagnitude], shape: [1]).converted(to: .f16)) == 0)
        let midpoint: Int64 = 1 << 60 + 1 << 52
        #expect(try bits(Tensor([midpoint], shape: [1]).converted(to: .bf16)) == 0x5D80)
        #expect(try bits(Tensor([midpoint + 1], shape: [1]).converted(to: .bf16)) == 0x5D81)
        #expect(try bits(Tensor([-midpoint - 1], shape: [1]).converted(to: .bf16)) == 0xDD81)
        #expect(try Tensor([Int64.min, .max], shape: [2]).converted(to: .f32).elements() == [-0x1p63, 0x1p63] as [Float])
    }

    @Test func cutsOffFractionsAndRefusesWhatDoesNotFit() throws {
        let numbers = try Tensor([-1.9, 1.9, 255.9] as [Float], shape: [3])
        #expect(try numbers.converted(to: .i32).elements() == [-1, 1, 255] as [Int32])
        #expect(throws: ConversionError.outOfRange(index: 0, value: "-1.9", to: .u8)) { try numbers.converted(to: .u8) }
        #expect(throws: ConversionError.outOfRange(index: 2, value: "255.9", to: .i8)) { try numbers.converted(to: .i8) }
        #expect(throws: ConversionError.outOfRange(index: 0, value: "nan", to: .i64)) {
            try Tensor([Float.nan], shape: [1]).converted(to: .i64)
        }
        #expect(throws: ConversionError.outOfRange(index: 1, value: "256", to: .u8)) {
            try Tensor([0, 256] as [Int64], shape: [2]).converted(to: .u8)
        }
        #expect(try Tensor([Int64.max], shape: [1]).converted(to: .u64).elements() == [UInt64(Int64.max)])
        #expect(throws: ConversionError.unsupported(from: .f32, to: .u4)) { try numbers.converted(to: .u4) }
        #expect(throws: ConversionError.unsupported(from: .u4, to: .f32)) { try Tensor(zeros: [2], of: .u4).converted(to: .f32) }
    }

    @Test func convertsNothing() throws {
        #expect(try Tensor(zeros: [0, 3], of: .f16).converted(to: .f32).shape == [0, 3])
    }

    private func exp2(_ exponent: Int) -> Double { Double(sign: .plus, exponent: exponent, significand: 1) }

    private func bits(_ tensor: Tensor) -> UInt16 { tensor.withUnsafeBytes { $0.loadUnaligned(as: UInt16.self) } }

    /// The numbers of OFP8: https://arxiv.org/abs/2209.05433, table 1.
    @Test func eightBitFloats() throws {
        func numbers(_ bytes: [UInt8], _ type: ElementType) throws -> [Float] {
            try bytes.withUnsafeBytes { try Tensor(copying: $0, shape: [bytes.count], of: type) }.converted(to: .f32).elements()
        }
        // Zero, the smallest and largest denormal, the smallest normal, one, the largest, minus two.
        #expect(
            try numbers([0, 0x01, 0x07, 0x08, 0x38, 0x7E, 0xC0], .f8e4m3)
                == [0, 0x1p-9, 0.875 * 0x1p-6, 0x1p-6, 1, 448, -2])
        #expect(
            try numbers([0, 0x01, 0x03, 0x04, 0x3C, 0x7B, 0xC0], .f8e5m2) == [0, 0x1p-16, 0.75 * 0x1p-14, 0x1p-14, 1, 57344, -2])
        #expect(try numbers([0x7F, 0xFF], .f8e4m3).allSatisfy(\.isNaN))
        #expect(try numbers([0x7C, 0xFC], .f8e5m2) == [.infinity, -.infinity])
        #expect(try numbers([0x80], .f8e4m3)[0].sign == .minus)
    }
}
