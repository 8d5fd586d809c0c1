/// Why a CTranslate2 model can't be read.
public enum CTranslate2Error: Error, Equatable, Sendable {
    case file(FileError)
    case header(CTranslate2HeaderError, file: String)
    /// A file of another kind.
    case kind(FileKind, file: String)
    case missingTensor(String, file: String)
    /// A model of another kind than the expected one.
    case specification(String, expected: String, file: String)
    /// A quantized tensor without usable scales; `reason` says what is wrong with them.
    case scale(tensor: String, reason: String, file: String)
}

extension CTranslate2Error: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .header(let error, let file): "\(file) is not a valid CTranslate2 model: \(error)"
        case .kind(let kind, let file): "\(file) is not a CTranslate2 model: \(kind.explanation)."
        case .missingTensor(let name, let file): "\(file) has no tensor '\(name)'."
        case .specification(let found, let expected, let file):
            "\(file) is a CTranslate2 model of the kind '\(found)'; one of the kind '\(expected)' is needed."
        case .scale(let tensor, let reason, let file): "The integer tensor '\(tensor)' in \(file) can't be used: \(reason)."
        }
    }
}

/// An error in the descriptions of a CTranslate2 model's tensors. Offsets count from the start of the file.
public enum CTranslate2HeaderError: Error, Equatable, Sendable {
    case version(Int)
    /// The file ends within `part`, which starts at `offset`.
    case truncated(_ part: String, offset: Int, expected: Int, found: Int)
    /// A string that does not end with its only 0.
    case unterminated(_ part: String, offset: Int)
    case notUTF8(_ part: String, offset: Int)
    case elementType(tensor: String, Int, offset: Int)
    /// `expected` is nil where type and shape have no size that fits memory.
    case size(tensor: String, ElementType, Shape, expected: Int?, found: Int, offset: Int)
    case sameName(String, offset: Int)
    case aliasOfNothing(String, tensor: String, offset: Int)
    case trailingBytes(Int, offset: Int)
}

extension CTranslate2HeaderError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .version(let found):
            "its version must be one of \(CTranslate2Header.versions.map(String.init).joined(separator: ", ")); it is \(found). "
                + "Convert the model with a current CTranslate2."
        case .truncated(let part, let offset, let expected, let found):
            "\(part) at byte \(offset) takes \(expected) bytes; only \(found) follow. The file is cut off: download it again."
        case .unterminated(let part, let offset): "\(part) at byte \(offset) must end with a zero byte and have no other."
        case .notUTF8(let part, let offset): "\(part) at byte \(offset) is not UTF-8 text."
        case .elementType(let tensor, let found, let offset):
            "the element type of '\(tensor)' at byte \(offset) must be 0 to \(CTranslate2Header.elementTypes.count - 1), not \(found)."
        case .size(let tensor, let type, let shape, let expected?, let found, let offset):
            "'\(tensor)' \(type) \(shape) takes \(expected) bytes; the size at byte \(offset) is \(found)."
        case .size(let tensor, let type, let shape, nil, _, _): "'\(tensor)' \(type) \(shape) is too large for memory."
        case .sameName(let name, let offset): "the name '\(name)' at byte \(offset) appears a second time."
        case .aliasOfNothing(let alias, let tensor, let offset):
            "the alias '\(alias)' at byte \(offset) stands for '\(tensor)', which is not there."
        case .trailingBytes(let count, let offset): "\(count) bytes follow its end at byte \(offset)."
        }
    }
}
