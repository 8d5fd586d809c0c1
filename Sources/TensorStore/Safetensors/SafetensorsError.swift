/// Why a safetensors checkpoint can't be read or written.
public enum SafetensorsError: Error, Equatable, Sendable {
    case file(FileError)
    case header(SafetensorsHeaderError, file: String)
    /// A file of another kind.
    case kind(FileKind, file: String)
    /// The index of a sharded checkpoint is not JSON, or not of the form that an index has.
    case indexJSON(JSONError, file: String)
    case index(reason: String, file: String)
    /// A file that the index names is not there.
    case missingShard(String, index: String)
    /// The index says that a tensor is in a shard that does not have it.
    case missingFromShard(tensor: String, shard: String, index: String)
    case inTwoShards(tensor: String, shards: [String])
    case missingTensor(String, file: String)

    /// Writing: files of this format have no such element type.
    case unwritableType(tensor: String, ElementType)
    /// Writing: two tensors of one name, or one of the name that is kept for metadata.
    case unwritableName(tensor: String)
    /// Writing: a tensor made late is not what was announced.
    case notAsAnnounced(tensor: String, expected: String, found: String)
}

extension SafetensorsError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .header(let error, let file): "\(file) is not a valid safetensors file: \(error)"
        case .kind(let kind, let file): "\(file) is not a safetensors file: \(kind.explanation)."
        case .indexJSON(let error, let file): "\(file) is not a valid index: \(error)"
        case .index(let reason, let file): "\(file) is not a valid index: \(reason)"
        case .missingShard(let shard, let index): "\(index) names the file \(shard), which is not there."
        case .missingFromShard(let tensor, let shard, let index):
            "\(index) places '\(tensor)' in \(shard), which does not have it."
        case .inTwoShards(let tensor, let shards): "'\(tensor)' is in more than one file: \(shards.joined(separator: ", "))."
        case .missingTensor(let tensor, let file): "\(file) has no tensor '\(tensor)'."
        case .unwritableType(let tensor, let type): "'\(tensor)' is \(type), which safetensors files can't hold."
        case .unwritableName(let tensor): "'\(tensor)' can't be written: the name is taken."
        case .notAsAnnounced(let tensor, let expected, let found):
            "'\(tensor)' was announced as \(expected) and made as \(found)."
        }
    }
}

/// An error in the header of a safetensors file. Offsets count from the end of the header, as they do in the file.
public enum SafetensorsHeaderError: Error, Equatable, Sendable {
    /// The file is shorter than the eight bytes that hold the header's length.
    case noLength(fileByteCount: Int)
    case tooLong(UInt64, limit: Int)
    case truncated(byteCount: Int, found: Int)
    case json(JSONError)
    /// JSON, but not of the form that a header has; `tensor` is nil where it concerns none.
    case malformed(tensor: String?, expected: String, found: String)
    /// Two names that Swift takes for the same text (composed and decomposed).
    case sameName(String)
    case unknownElementType(tensor: String, String)
    case tooLarge(tensor: String, ElementType, Shape)
    /// Elements under a byte that do not fill whole bytes.
    case partialByte(tensor: String, ElementType, Shape)
    case size(tensor: String, ElementType, Shape, expected: Int, found: Int)
    case reversed(tensor: String, begin: Int, end: Int)
    case hole(before: String, expected: Int, found: Int)
    case overlap(tensor: String, expected: Int, found: Int)
    case outOfRange(tensor: String, end: Int, dataByteCount: Int)
    case trailingBytes(Int)
}

extension SafetensorsHeaderError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noLength(let count): "it ends after \(count) bytes; the header's length alone takes 8."
        case .tooLong(let length, let limit): "the header is said to take \(length) bytes; \(limit) is the most."
        case .truncated(let count, let found):
            "the header is said to take \(count) bytes; only \(found) follow. The file is cut off: download it again."
        case .json(let error): "\(error)"
        case .malformed(let tensor, let expected, let found):
            "\(tensor.map { "'\($0)'" } ?? "the header") must have \(expected), not \(found)."
        case .sameName(let name): "the name '\(name)' appears twice, in two spellings of the same text."
        case .unknownElementType(let tensor, let type): "'\(tensor)' has the element type '\(type)', which is not supported."
        case .tooLarge(let tensor, let type, let shape): "'\(tensor)' \(type) \(shape) is too large for memory."
        case .partialByte(let tensor, let type, let shape): "'\(tensor)' \(type) \(shape) does not fill whole bytes."
        case .size(let tensor, let type, let shape, let expected, let found):
            "'\(tensor)' \(type) \(shape) takes \(expected) bytes; its offsets span \(found)."
        case .reversed(let tensor, let begin, let end): "'\(tensor)' ends at \(end), before its start at \(begin)."
        case .hole(let tensor, let expected, let found):
            "'\(tensor)' starts at \(found); the bytes from \(expected) on belong to no tensor."
        case .overlap(let tensor, let expected, let found):
            "'\(tensor)' starts at \(found), within the tensor that ends at \(expected)."
        case .outOfRange(let tensor, let end, let count):
            "'\(tensor)' ends at \(end); the file has only \(count) bytes of data. It is cut off: download it again."
        case .trailingBytes(let count): "\(count) bytes follow the last tensor."
        }
    }
}
