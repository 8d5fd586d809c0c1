/// Why a `.npy` file can't be read or written.
public enum NumpyError: Error, Equatable, Sendable {
    case file(FileError)
    case notNumpy(file: String)
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
        case .notNumpy(let file): "\(file) is no .npy file: it does not start with \\x93NUMPY."
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
