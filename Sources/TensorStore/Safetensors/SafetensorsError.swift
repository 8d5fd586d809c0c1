/// Why a safetensors checkpoint can't be read or written.
public enum SafetensorsError: Error, Equatable, Sendable {
    case file(FileError)
    case header(SafetensorsHeaderError, file: String)
    /// The index of a sharded checkpoint is no JSON, or not of the form that an index has.
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
        case .header(let error, let file): "\(file) is no valid safetensors file: \(error)"
        case .indexJSON(let error, let file): "\(file) is no valid index: \(error)"
        case .index(let reason, let file): "\(file) is no valid index: \(reason)"
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
