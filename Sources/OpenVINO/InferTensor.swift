import COpenVINO
import COpenVINOStrings
public import TensorStore

/// Memory that requests read and write in place (`ov_tensor_t`). It is set as an input or output, or taken from a request.
///
/// Has reference semantics, unlike `TensorStore.Tensor`: one request's output can be another's input without a copy. Not
/// `Sendable`, and must not be accessed while a request that uses it is running.
public final class InferTensor {
    let handle: OpaquePointer
    /// Retains memory that the runtime does not own.
    private let owner: Owner

    enum Owner {
        case runtime
        /// A tensor value, whose memory is read-only.
        case tensor(Tensor)
        case object(any AnyObject & Sendable)
        /// Memory of a request of this model: the runtime's own, or that of the tensor that was set.
        case request(of: CompiledModel, InferTensor?)
    }

    /// - Parameter handle: freed with this object.
    init(owning handle: OpaquePointer, owner: Owner) {
        self.handle = handle
        self.owner = owner
    }

    deinit { ov_tensor_free(handle) }

    /// Allocates a tensor of zeros in the runtime's memory.
    /// - Throws: `.impossibleTensor` for a type without a fixed size, a negative axis, or too many elements.
    public convenience init(zeros shape: Shape, of elementType: ElementType) throws(OpenVINOError) {
        let byteCount = try Self.byteCount(shape, elementType)
        let handle = try shape.withCShape { (shape) throws(OpenVINOError) in
            try create("ov_tensor_create") { ov_tensor_create(elementType.code, shape, $0) }
        }
        self.init(owning: handle, owner: .runtime)
        if byteCount > 0 { try data().initializeMemory(as: UInt8.self, repeating: 0, count: byteCount) }
    }

    /// Wraps a tensor's memory without a copy. Requests can read it, but not write to it.
    ///
    /// Value semantics hold: writing to another copy of `tensor` does not change this one.
    public convenience init(_ tensor: Tensor) throws(OpenVINOError) {
        // A tensor's buffer keeps its address while any copy of the tensor exists; `owner` holds one.
        let bytes = tensor.withUnsafeBytes { $0 }
        try self.init(
            UnsafeMutableRawBufferPointer(mutating: bytes), owner: .tensor(tensor), shape: tensor.shape, of: tensor.elementType)
    }

    /// Wraps the caller's memory, which requests read and write in place.
    /// - Parameter bytes: at least as many as shape and type need; any alignment.
    /// - Parameter owner: owner of the memory, retained while a request may use it.
    /// - Throws: `.impossibleTensor`; `.byteCount` if there are too few `bytes`.
    public convenience init(
        borrowing bytes: UnsafeMutableRawBufferPointer, owner: any AnyObject & Sendable, shape: Shape, of elementType: ElementType
    ) throws(OpenVINOError) {
        try self.init(bytes, owner: .object(owner), shape: shape, of: elementType)
    }

    private convenience init(
        _ bytes: UnsafeMutableRawBufferPointer, owner: Owner, shape: Shape, of elementType: ElementType
    ) throws(OpenVINOError) {
        let byteCount = try Self.byteCount(shape, elementType)
        guard bytes.count >= byteCount else { throw .byteCount(elementType, shape, expected: byteCount, found: bytes.count) }
        let handle = try shape.withCShape { (shape) throws(OpenVINOError) in
            // A tensor without elements may have no address, which the C API refuses.
            guard byteCount > 0, let address = bytes.baseAddress else {
                return try create("ov_tensor_create") { ov_tensor_create(elementType.code, shape, $0) }
            }
            return try create("ov_tensor_create_from_host_ptr") {
                ov_tensor_create_from_host_ptr(elementType.code, shape, address, $0)
            }
        }
        self.init(owning: handle, owner: owner)
    }

    /// Whether requests may only read it.
    var isReadOnly: Bool {
        switch owner {
        case .runtime, .object: false
        case .tensor: true
        case .request(_, let tensor): tensor?.isReadOnly ?? false
        }
    }

    private static func byteCount(_ shape: Shape, _ elementType: ElementType) throws(OpenVINOError) -> Int {
        guard let count = shape.checkedElementCount, let bytes = elementType.byteCount(of: count) else {
            throw .impossibleTensor(elementType, shape)
        }
        return bytes
    }

    // MARK: Access

    /// The current shape; a dynamic output's may change with each inference.
    public var shape: Shape {
        get throws(OpenVINOError) { try Shape("ov_tensor_get_shape") { ov_tensor_get_shape(handle, $0) } }
    }

    public var elementType: ElementType {
        get throws(OpenVINOError) {
            var type = DYNAMIC
            try check("ov_tensor_get_element_type") { ov_tensor_get_element_type(handle, &type) }
            return try ElementType(code: type)
        }
    }

    /// Lends the bytes, row-major; for strings, use `strings()`.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(try bytes()))
    }

    /// Lends the bytes for writing.
    /// - Throws: `.readOnly` for memory of a `Tensor`.
    public func withUnsafeMutableBytes<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws -> Result {
        guard !isReadOnly else { throw OpenVINOError.readOnly(port: nil) }
        defer { withExtendedLifetime(self) {} }
        return try body(try bytes())
    }

    /// Copies type, shape and bytes.
    public func copy() throws -> Tensor {
        let (shape, type) = (try shape, try elementType)
        return try withUnsafeBytes { try Tensor(copying: $0, shape: shape, of: type) }
    }

    private func bytes() throws(OpenVINOError) -> UnsafeMutableRawBufferPointer {
        let (shape, type) = (try shape, try elementType)
        // Elements of a string tensor are C++ objects, which must not be read or written as bytes.
        guard type != .string else { throw .stringBytes }
        let count = try Self.byteCount(shape, type)
        return UnsafeMutableRawBufferPointer(start: count == 0 ? nil : try data(), count: count)
    }

    /// The memory's address.
    /// - Throws: `.runtime` if there is no memory, which can be so for a tensor without elements.
    func data() throws(OpenVINOError) -> UnsafeMutableRawPointer {
        var address: UnsafeMutableRawPointer?
        try check("ov_tensor_data") { ov_tensor_data(handle, &address) }
        guard let address else {
            throw .runtime(call: "ov_tensor_data", status: .unexpected, details: "The tensor has no memory.")
        }
        return address
    }
}

extension InferTensor {
    /// Makes a tensor of strings, copied from `strings` in row-major order.
    /// - Throws: `.stringCount` if their number is not the shape's; `.embeddedNUL` if one contains a NUL.
    public convenience init(_ strings: [String], shape: Shape) throws(OpenVINOError) {
        guard let count = shape.checkedElementCount, count == strings.count else {
            throw .stringCount(shape, found: strings.count)
        }
        for (index, string) in strings.enumerated() { try requireNoNUL(string, in: "string \(index)") }
        let handle = try shape.withCShape { (shape) throws(OpenVINOError) in
            try withCStrings(strings) { (cStrings) throws(OpenVINOError) in
                // The C API refuses an empty array of strings.
                guard count > 0 else { return try create("ov_tensor_create") { ov_tensor_create(STRING, shape, $0) } }
                var cStrings = cStrings
                return try create("ov_tensor_create_from_string_array") {
                    ov_tensor_create_from_string_array(&cStrings, count, shape, $0)
                }
            }
        }
        self.init(owning: handle, owner: .runtime)
    }

    /// Copies the strings, row-major. Bytes that are not UTF-8 become replacement characters.
    /// - Throws: `.elementType` for a tensor of another type.
    public func strings() throws(OpenVINOError) -> [String] {
        let type = try elementType
        guard type == .string else { throw .elementType(port: "string tensor", expected: .string, found: type) }
        var count = 0
        try check("ov_tensor_get_size") { ov_tensor_get_size(handle, &count) }
        guard count > 0 else { return [] }
        defer { withExtendedLifetime(self) {} }
        let data = try data()
        return (0..<count).map { index in
            var length = 0
            let bytes = ov_string_tensor_bytes(data, index, &length)
            return String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
        }
    }
}
