import COpenVINO
import COpenVINOStrings
public import TensorStore

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
