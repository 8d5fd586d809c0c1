/// A dense row-major array of numbers: its type, its shape and its bytes.
///
/// A value: copies share memory until one of them is written to. The bytes are either owned or lent by something
/// that outlives them (a mapped file), which the tensor then keeps alive.
public struct Tensor: Sendable {
    public let elementType: ElementType
    public let shape: Shape
    private var buffer: TensorBuffer

    /// Number of elements; 1 for a scalar.
    public var elementCount: Int { shape.reduce(1, *) }
    /// Number of bytes.
    public var byteCount: Int { buffer.bytes.count }

    /// A tensor of zeros.
    /// - Throws: `TensorError.size` where the type has no fixed size or the shape is negative or too large.
    public init(zeros shape: Shape, of elementType: ElementType = .f32) throws(TensorError) {
        let count = try Tensor.byteCount(of: shape, elementType)
        self.init(elementType: elementType, shape: shape, buffer: TensorBuffer(zeroed: count))
    }

    /// A tensor over memory that `owner` keeps alive, and that nothing writes to meanwhile.
    /// - Throws: `TensorError.size` where `bytes` is not exactly what type and shape need.
    public init(
        borrowing bytes: UnsafeRawBufferPointer, owner: any AnyObject & Sendable, shape: Shape, of elementType: ElementType
    )
        throws(TensorError)
    {
        let expected = try Tensor.byteCount(of: shape, elementType)
        guard expected == bytes.count else { throw .size(elementType, shape, expected: expected, found: bytes.count) }
        self.init(elementType: elementType, shape: shape, buffer: TensorBuffer(borrowing: bytes, owner: owner))
    }

    /// A tensor with a copy of `bytes`, little-endian and row-major.
    /// - Throws: `TensorError.size` where `bytes` is not exactly what type and shape need.
    public init(copying bytes: UnsafeRawBufferPointer, shape: Shape, of elementType: ElementType) throws(TensorError) {
        let expected = try Tensor.byteCount(of: shape, elementType)
        guard expected == bytes.count else { throw .size(elementType, shape, expected: expected, found: bytes.count) }
        self.init(elementType: elementType, shape: shape, buffer: TensorBuffer(copying: bytes))
    }

    /// A tensor with the given elements, row-major.
    /// - Throws: `TensorError.size` where their number is not the shape's.
    public init<Element: TensorElement>(_ elements: [Element], shape: Shape) throws(TensorError) {
        guard elements.count == shape.checkedElementCount else {
            throw .size(
                Element.elementType, shape, expected: shape.checkedElementCount.map { $0 * MemoryLayout<Element>.size },
                found: elements.count * MemoryLayout<Element>.size)
        }
        let buffer = elements.withUnsafeBytes { TensorBuffer(copying: $0) }
        self.init(elementType: Element.elementType, shape: shape, buffer: buffer)
    }

    private init(elementType: ElementType, shape: Shape, buffer: TensorBuffer) {
        self.elementType = elementType
        self.shape = shape
        self.buffer = buffer
    }

    private static func byteCount(of shape: Shape, _ elementType: ElementType) throws(TensorError) -> Int {
        guard let count = shape.checkedElementCount, let bytes = elementType.byteCount(of: count) else {
            throw .size(elementType, shape, expected: nil, found: 0)
        }
        return bytes
    }

    /// The same elements under another shape.
    /// - Throws: `TensorError.size` where the number of elements differs.
    public func reshaped(to shape: Shape) throws(TensorError) -> Tensor {
        guard let count = shape.checkedElementCount, count == elementCount else {
            throw .size(
                elementType, shape, expected: shape.checkedElementCount.flatMap { elementType.byteCount(of: $0) },
                found: byteCount)
        }
        return Tensor(elementType: elementType, shape: shape, buffer: buffer)
    }

    // MARK: Access

    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(buffer) {} }
        return try body(UnsafeRawBufferPointer(buffer.bytes))
    }

    /// Lends the bytes for writing, copied first where they are shared or borrowed.
    public mutating func withUnsafeMutableBytes<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if buffer.isBorrowed || !isKnownUniquelyReferenced(&buffer) {
            buffer = TensorBuffer(copying: UnsafeRawBufferPointer(buffer.bytes))
        }
        defer { withExtendedLifetime(buffer) {} }
        return try body(buffer.bytes)
    }

    /// A copy of the elements.
    /// - Throws: `TensorError.elementType` where they are of another type.
    public func elements<Element: TensorElement>(as type: Element.Type = Element.self) throws(TensorError) -> [Element] {
        guard Element.elementType == elementType else { throw .elementType(expected: Element.elementType, found: elementType) }
        // Byte by byte: bytes lent by a file may lie at any address.
        return withUnsafeBytes { source in
            [Element](unsafeUninitializedCapacity: source.count / MemoryLayout<Element>.stride) { target, count in
                UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
                count = source.count / MemoryLayout<Element>.stride
            }
        }
    }
}

/// A Swift type that is an element type of tensors.
public protocol TensorElement: BitwiseCopyable, Sendable {
    static var elementType: ElementType { get }
}

extension Float: TensorElement { public static var elementType: ElementType { .f32 } }
extension Double: TensorElement { public static var elementType: ElementType { .f64 } }
extension Int8: TensorElement { public static var elementType: ElementType { .i8 } }
extension Int16: TensorElement { public static var elementType: ElementType { .i16 } }
extension Int32: TensorElement { public static var elementType: ElementType { .i32 } }
extension Int64: TensorElement { public static var elementType: ElementType { .i64 } }
extension UInt8: TensorElement { public static var elementType: ElementType { .u8 } }
extension UInt16: TensorElement { public static var elementType: ElementType { .u16 } }
extension UInt32: TensorElement { public static var elementType: ElementType { .u32 } }
extension UInt64: TensorElement { public static var elementType: ElementType { .u64 } }

/// An error in a tensor's shape, type or bytes.
public enum TensorError: Error, Equatable, Sendable {
    /// `expected` is nil where type and shape have no size that fits memory.
    case size(ElementType, Shape, expected: Int?, found: Int)
    case elementType(expected: ElementType, found: ElementType)
}

extension TensorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .size(let type, let shape, let expected?, let found):
            "A tensor \(type) \(shape) takes \(expected) bytes, not \(found)."
        case .size(let type, let shape, nil, _): "A tensor \(type) \(shape) has no size that fits memory."
        case .elementType(let expected, let found): "The elements are \(found), not \(expected)."
        }
    }
}

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
