/// What a header says of one tensor: `{"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]}`.
struct SafetensorsDeclaration {
    let name: String
    let elementType: ElementType
    let shape: Shape
    /// Its bytes, counted from the end of the header.
    let begin: Int
    let end: Int

    init(_ name: String, _ value: JSONValue) throws(SafetensorsHeaderError) {
        guard let members = value.object else {
            throw .malformed(tensor: name, expected: "its fields in braces", found: value.kind)
        }
        guard let type = members["dtype"]?.string else {
            throw .malformed(tensor: name, expected: "'dtype', a string", found: members["dtype"]?.kind ?? "none")
        }
        guard let elementType = ElementType(safetensorsName: type) else { throw .unknownElementType(tensor: name, type) }
        let offsets = try Self.sizes("data_offsets", of: name, members)
        guard offsets.count == 2 else {
            throw .malformed(tensor: name, expected: "two 'data_offsets'", found: "\(offsets.count)")
        }
        self.name = name
        self.elementType = elementType
        shape = Shape(try Self.sizes("shape", of: name, members))
        begin = offsets[0]
        end = offsets[1]
    }

    private static func sizes(
        _ key: String, of tensor: String, _ members: JSONObject
    ) throws(SafetensorsHeaderError) -> [Int] {
        let expected = "'\(key)', whole numbers from 0 on"
        guard let values = members[key]?.array else {
            throw .malformed(tensor: tensor, expected: expected, found: members[key]?.kind ?? "none")
        }
        var sizes: [Int] = []
        sizes.reserveCapacity(values.count)
        for value in values {
            guard let size = value.int, size >= 0 else { throw .malformed(tensor: tensor, expected: expected, found: value.kind) }
            sizes.append(size)
        }
        return sizes
    }

    /// Checks that the bytes start where the tensor before ends, lie in the file, and are as many as type and shape need.
    func check(startsAt expected: Int, dataByteCount: Int) throws(SafetensorsHeaderError) {
        guard begin <= end else { throw .reversed(tensor: name, begin: begin, end: end) }
        guard begin >= expected else { throw .overlap(tensor: name, expected: expected, found: begin) }
        guard begin <= expected else { throw .hole(before: name, expected: expected, found: begin) }
        guard end <= dataByteCount else { throw .outOfRange(tensor: name, end: end, dataByteCount: dataByteCount) }
        guard let count = shape.checkedElementCount, let byteCount = elementType.byteCount(of: count) else {
            throw .tooLarge(tensor: name, elementType, shape)
        }
        guard let bitWidth = elementType.bitWidth, count * bitWidth % 8 == 0 else {
            throw .partialByte(tensor: name, elementType, shape)
        }
        guard byteCount == end - begin else {
            throw .size(tensor: name, elementType, shape, expected: byteCount, found: end - begin)
        }
    }
}
