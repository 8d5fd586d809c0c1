import Glibc

/// Arrays in NumPy's own format.
///
/// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
public enum NumpyFile {
    private static let magic = Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) })
    private static let alignment = 64

    /// Reads the array at `path`: boolean, integer or float, little-endian, in a version 1, 2 or 3 file. One in column-major
    /// order is put in row-major order.
    /// - Throws: `NumpyError`, where the file is longer than its header says too.
    public static func read(_ path: String) throws(NumpyError) -> Tensor {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .file(error)
        }
        return try file.withUnsafeBytes { bytes throws(NumpyError) in try parse(bytes, file: path) }
    }

    /// Reads a whole file in memory.
    /// - Parameter file: the file's name in errors.
    static func parse(_ bytes: UnsafeRawBufferPointer, file: String) throws(NumpyError) -> Tensor {
        guard bytes.count >= magic.count, bytes[..<magic.count].elementsEqual(magic) else {
            throw .notNumpy(FileKind(firstBytes: bytes), file: file)
        }
        guard bytes.count >= magic.count + 2 else { throw .header(reason: "the file is cut off", file: file) }
        let version = (bytes[magic.count], bytes[magic.count + 1])
        guard (1...3).contains(version.0), version.1 == 0 else { throw .version(version.0, version.1, file: file) }
        let lengthByteCount = version.0 == 1 ? 2 : 4
        let start = magic.count + 2 + lengthByteCount
        guard bytes.count >= start else { throw .header(reason: "the file is cut off", file: file) }
        let length = bytes[start - lengthByteCount..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - start else { throw .header(reason: "the file is cut off", file: file) }
        let header: NumpyHeader
        do {
            header = try NumpyHeader(parsing: bytes[start..<start + length])
        } catch {
            throw .header(reason: error.reason, file: file)
        }
        guard let elementType = header.elementType else { throw .elementType(header.descr, file: file) }
        let data = UnsafeRawBufferPointer(rebasing: bytes[(start + length)...])
        do {
            let shape = header.isFortranOrder ? Shape(header.shape.reversed()) : header.shape
            let tensor = try Tensor(copying: data, shape: shape, of: elementType)
            return header.isFortranOrder ? try tensor.reversingAxes() : tensor
        } catch {
            let expected = header.shape.checkedElementCount.flatMap { elementType.byteCount(of: $0) }
            throw .size(elementType, header.shape, expected: expected, found: data.count, file: file)
        }
    }

    /// Writes a version 1 file as NumPy does; it appears under its name when it is complete.
    public static func write(_ tensor: Tensor, to path: String) throws(NumpyError) {
        guard let header = NumpyHeader(tensor.elementType, tensor.shape) else {
            throw .unwritableType(tensor.elementType, file: path)
        }
        let text = header.text
        let unpadded = magic.count + 4 + text.utf8.count + 1
        let padding = (alignment - unpadded % alignment) % alignment
        guard let length = UInt16(exactly: text.utf8.count + padding + 1) else {
            throw .header(reason: "the shape has too many axes for version 1.0", file: path)
        }
        var head = magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)]
        head += text.utf8
        head += repeatElement(UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
        do throws(FileError) {
            let file = try AtomicFile(path: path)
            try file.write(head)
            try tensor.withUnsafeBytes { bytes throws(FileError) in try file.write(bytes) }
            try file.commit()
        } catch {
            throw .file(error)
        }
    }
}

extension Tensor {
    /// The transpose: axes in reverse order.
    fileprivate func reversingAxes() throws(TensorError) -> Tensor {
        var result = try Tensor(zeros: Shape(shape.reversed()), of: elementType)
        guard elementCount > 0 else { return result }
        let width = byteCount / elementCount
        // The stride, in the source, of each axis of the result.
        var strides: [Int] = []
        var stride = 1
        for size in shape.reversed() {
            strides.append(stride)
            stride *= size
        }
        let sizes = result.shape
        withUnsafeBytes { source in
            result.withUnsafeMutableBytes { target in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                var position = [Int](repeating: 0, count: sizes.rank)
                var offset = 0
                for index in 0..<target.count / width {
                    memcpy(to + index * width, from + offset * width, width)
                    // Counts up like an odometer, last axis first.
                    var axis = sizes.rank - 1
                    while axis >= 0 {
                        position[axis] += 1
                        offset += strides[axis]
                        if position[axis] < sizes[axis] { break }
                        offset -= sizes[axis] * strides[axis]
                        position[axis] = 0
                        axis -= 1
                    }
                }
            }
        }
        return result
    }
}

/// Why a `.npy` file can't be read or written.
public enum NumpyError: Error, Equatable, Sendable {
    case file(FileError)
    case notNumpy(FileKind, file: String)
    case version(UInt8, UInt8, file: String)
    /// The header is cut off, or is not the dictionary that NumPy writes.
    case header(reason: String, file: String)
    /// `descr` names a type that is not supported: big-endian, complex, text, records …
    case elementType(String, file: String)
    case size(ElementType, Shape, expected: Int?, found: Int, file: String)
    /// Writing: NumPy has no such element type.
    case unwritableType(ElementType, file: String)
}

extension NumpyError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .notNumpy(let kind, let file): "\(file) is not a .npy file: \(kind.explanation)."
        case .version(let major, let minor, let file): "\(file) is of .npy version \(major).\(minor); 1.0, 2.0 and 3.0 are known."
        case .header(let reason, let file): "\(file) has no valid .npy header: \(reason)."
        case .elementType(let type, let file):
            "\(file) holds elements of type \(type); booleans and little-endian integers and floats are supported."
        case .size(let type, let shape, let expected?, let found, let file):
            "\(file) should hold \(type) \(shape), which takes \(expected) bytes; it holds \(found)."
        case .size(let type, let shape, nil, _, let file): "\(file) should hold \(type) \(shape), which is too large for memory."
        case .unwritableType(let type, let file): "\(file) can't be written: NumPy has no element type \(type)."
        }
    }
}
