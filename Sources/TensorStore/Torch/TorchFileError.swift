/// An error in a torch file.
public enum TorchFileError: Error, Equatable, Sendable {
    case file(FileError)
    /// Not a zip as torch ≥ 1.6 writes it; older files are a bare pickle.
    case notAZip(file: String)
    /// `reason` says what of the zip is wrong, and of which entry.
    case zip(file: String, reason: String)
    /// torch stores; another tool has compressed.
    case compressed(file: String, entry: String)
    case missingEntry(file: String, entry: String)
    case bigEndian(file: String)
    /// `offset` bytes into the pickle.
    case pickle(file: String, offset: Int, reason: String)
    /// Something that only running code of the file's choice would bring back: never done.
    case forbidden(file: String, name: String)
    /// The item called `name` is not a tensor.
    case notATensor(file: String, name: String, found: String)
    case tensor(file: String, name: String, reason: String)
    case noTensors(file: String, found: String)
}

extension TorchFileError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .notAZip(let file):
            "\(file) is no zip as torch.save writes it since version 1.6; save it again with a newer torch, or as safetensors."
        case .zip(let file, let reason): "The zip \(file) is damaged: \(reason)."
        case .compressed(let file, let entry): "The entry '\(entry)' of \(file) is compressed; torch.save only stores."
        case .missingEntry(let file, let entry): "\(file) has no entry '\(entry)', which torch.save writes."
        case .bigEndian(let file): "\(file) was written on a big-endian machine, which is not supported."
        case .pickle(let file, let offset, let reason): "The pickle in \(file) can't be read at byte \(offset): \(reason)."
        case .forbidden(let file, let name):
            "\(file) asks for '\(name)'; only tensors are unpickled. Save its state_dict alone."
        case .notATensor(let file, let name, let found): "'\(name)' in \(file) is \(found), not a tensor."
        case .tensor(let file, let name, let reason): "The tensor '\(name)' in \(file) is damaged: \(reason)."
        case .noTensors(let file, let found): "\(file) holds \(found), not a dictionary of tensors; save a state_dict."
        }
    }
}
