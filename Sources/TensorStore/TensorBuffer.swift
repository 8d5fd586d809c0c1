/// The bytes of a tensor: an allocation of its own, aligned for any vector unit, or memory that another object lends.
///
/// @unchecked: bytes are written only through `Tensor.withUnsafeMutableBytes`, which first makes sure that the buffer
/// is an allocation of its own with one owner; all other access reads.
final class TensorBuffer: @unchecked Sendable {
    static let alignment = 64

    let bytes: UnsafeMutableRawBufferPointer
    private let owner: (any AnyObject & Sendable)?

    var isBorrowed: Bool { owner != nil }

    init(zeroed count: Int) {
        bytes = .allocate(byteCount: count, alignment: Self.alignment)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        owner = nil
    }

    init(copying source: UnsafeRawBufferPointer) {
        bytes = .allocate(byteCount: source.count, alignment: Self.alignment)
        bytes.copyMemory(from: source)
        owner = nil
    }

    init(borrowing source: UnsafeRawBufferPointer, owner: any AnyObject & Sendable) {
        bytes = UnsafeMutableRawBufferPointer(mutating: source)
        self.owner = owner
    }

    deinit {
        if owner == nil { bytes.deallocate() }
    }
}
