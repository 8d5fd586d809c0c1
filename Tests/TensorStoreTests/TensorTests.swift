import TensorStore
import Testing

@Suite struct TensorTests {
    @Test func copiesAreIndependent() throws {
        let original = try Tensor([1, 2, 3] as [Float], shape: [3])
        var copy = original
        copy.withUnsafeMutableBytes { $0.storeBytes(of: 9, as: Float.self) }
        #expect(try original.elements() == [1, 2, 3] as [Float])
        #expect(try copy.elements() == [9, 2, 3] as [Float])
    }

    @Test func borrowedBytesAreNotWrittenTo() throws {
        final class Owner: Sendable {}
        let bytes: [UInt8] = [1, 2, 3]
        try bytes.withUnsafeBytes { bytes in
            var tensor = try Tensor(borrowing: bytes, owner: Owner(), shape: [3], of: .u8)
            tensor.withUnsafeMutableBytes { $0[0] = 9 }
            #expect(try tensor.elements() == [9, 2, 3] as [UInt8])
            #expect(bytes[0] == 1)
        }
    }

    @Test func readsElementsAtAnyAddress() throws {
        final class Owner: Sendable {}
        let bytes: [UInt8] = [0xFF, 0, 0, 0x80, 0x3F]
        try bytes.withUnsafeBytes { bytes in
            let tail = UnsafeRawBufferPointer(rebasing: bytes[1...])
            let tensor = try Tensor(borrowing: tail, owner: Owner(), shape: [1], of: .f32)
            #expect(try tensor.elements() == [1] as [Float])
        }
    }

    @Test func refusesWhatDoesNotFit() throws {
        #expect(throws: TensorError.size(.f32, [3], expected: 12, found: 8)) { try Tensor([1, 2] as [Float], shape: [3]) }
        #expect(throws: TensorError.size(.f64, [.max], expected: nil, found: 0)) { try Tensor(zeros: [.max], of: .f64) }
        #expect(throws: TensorError.elementType(expected: .f64, found: .f32)) { try Tensor(zeros: [1]).elements(as: Double.self) }
        #expect(throws: TensorError.size(.f32, [2, 2], expected: 16, found: 12)) { try Tensor(zeros: [3]).reshaped(to: [2, 2]) }
    }
}
