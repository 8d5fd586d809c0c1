/// The tensors of a file that `torch.save` wrote (`.pth`, `.pt`, `.bin` since torch 1.6): a state dict, or a dictionary with
/// one under `state_dict`.
///
/// Nothing is run on the file's behalf: it may hold tensors, parameters, and plain values around them, and is refused with
/// the name of anything else that it asks for. Weights stay in the mapped file until they are used.
public struct TorchPickleFile: Sendable {
    /// A tensor of the file: a view of a storage, which other tensors may share.
    public struct Entry: Sendable {
        public let elementType: ElementType
        public let shape: Shape
        /// Elements from one to the next along each axis; 0 where there is no next one.
        public let strides: [Int]
        /// The offset of its first element in `file`, in bytes.
        public let offset: Int
        public let file: MappedFile

        /// Whether its elements follow each other row-major, so that they can be used where they lie.
        public var isContiguous: Bool {
            var expected = 1
            guard !shape.contains(0) else { return true }
            for (size, stride) in zip(shape, strides).reversed() where size != 1 {
                guard stride == expected else { return false }
                expected *= size
            }
            return true
        }
    }

    public let path: String
    /// By their names in the state dict.
    public let entries: [String: Entry]

    /// - Throws: any `TorchFileError`.
    public init(path: String) throws(TorchFileError) {
        let file: MappedFile
        do { file = try MappedFile(path: path) } catch { throw .file(error) }
        let zip = try StoredZip(file)
        // All entries lie in one folder, called as the file was when it was written.
        guard let pickleName = zip.names.filter({ $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }).min() else {
            throw .missingEntry(file: path, entry: "data.pkl")
        }
        let folder = pickleName.dropLast("data.pkl".count)
        if zip.names.contains("\(folder)byteorder") {
            let order = try zip.entry("\(folder)byteorder")
            guard file.bytes[order.offset..<order.offset + order.byteCount].elementsEqual("little".utf8) else {
                throw .bigEndian(file: path)
            }
        }
        let pickle = try zip.entry(pickleName)
        var machine = PickleMachine(
            UnsafeRawBufferPointer(rebasing: file.bytes[pickle.offset..<pickle.offset + pickle.byteCount]), file: path)
        let root = try machine.run()
        var entries: [String: Entry] = [:]
        for (name, value) in try Self.items(root, machine, path) {
            guard case .tensor(let tensor) = value else { throw .notATensor(file: path, name: name, found: value.kind) }
            let data = try zip.entry("\(folder)data/\(tensor.storage.key)")
            entries[name] = try Entry(tensor, name: name, storage: data, in: file)
        }
        self.path = path
        self.entries = entries
        withExtendedLifetime(file) {}
    }

    /// The state dict's items.
    private static func items(
        _ root: PickleValue, _ machine: PickleMachine, _ path: String
    ) throws(TorchFileError) -> [(String, PickleValue)] {
        guard case .dictionary(var place) = root else { throw .noTensors(file: path, found: root.kind) }
        for (key, value) in machine.dictionaries[place] {
            if case .string("state_dict") = key, case .dictionary(let inner) = value { place = inner }
        }
        var items: [(String, PickleValue)] = []
        for (key, value) in machine.dictionaries[place] {
            guard case .string(let name) = key else {
                throw .noTensors(file: path, found: "a dictionary whose keys are not strings")
            }
            items.append((name, value))
        }
        return items
    }

    /// The tensor called `name`: over the mapped bytes where they are contiguous, otherwise a copy.
    /// - Throws: `TorchFileError.missingEntry`; `TensorError`.
    public func tensor(named name: String) throws -> Tensor {
        guard let entry = entries[name] else { throw TorchFileError.missingEntry(file: path, entry: name) }
        return try entry.tensor()
    }
}

extension TorchPickleFile.Entry {
    /// Checks that the view lies within its storage, and the storage within the zip's entry.
    fileprivate init(
        _ tensor: PickleTensor, name: String, storage entry: ZipDirectory.Entry, in file: MappedFile
    ) throws(TorchFileError) {
        func damaged(_ reason: String) -> TorchFileError { .tensor(file: file.path, name: name, reason: reason) }
        let storage = tensor.storage
        guard let byteCount = storage.elementType.byteCount(of: storage.elementCount), byteCount <= entry.byteCount else {
            throw damaged("its storage has \(entry.byteCount) bytes for \(storage.elementCount) elements")
        }
        let shape = Shape(tensor.shape)
        // Repeated elements (strides of 0) could make a tensor of any size out of a small file.
        guard tensor.strides.count == shape.rank, tensor.strides.allSatisfy({ $0 >= 0 }), tensor.offset >= 0,
            let count = shape.checkedElementCount, count <= storage.elementCount
        else { throw damaged("its shape is \(shape) with strides \(tensor.strides) over \(storage.elementCount) elements") }
        var last = tensor.offset
        if count > 0 {
            for (size, stride) in zip(shape, tensor.strides) {
                let (reach, tooFar) = (size - 1).multipliedReportingOverflow(by: stride)
                let (sum, overflow) = last.addingReportingOverflow(reach)
                guard !tooFar, !overflow else { throw damaged("its strides go beyond its storage") }
                last = sum
            }
        }
        guard count == 0 || last < storage.elementCount, last <= storage.elementCount else {
            throw damaged("its last element is \(last) of \(storage.elementCount)")
        }
        elementType = storage.elementType
        self.shape = shape
        // A stride that leads nowhere may be any number.
        strides = zip(shape, tensor.strides).map { count == 0 || $0 == 1 ? 0 : $1 }
        offset = entry.offset + tensor.offset * (byteCount / max(storage.elementCount, 1))
        self.file = file
    }

    public func tensor() throws(TensorError) -> Tensor {
        guard !isContiguous else {
            let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + byteCount])
            return try Tensor(borrowing: bytes, owner: file, shape: shape, of: elementType)
        }
        let gathered = gathered()
        let tensor = gathered.withUnsafeBytes { bytes in
            Result { () throws(TensorError) in try Tensor(copying: bytes, shape: shape, of: elementType) }
        }
        return try tensor.get()
    }

    /// Bytes of its elements; those of a contiguous tensor follow `offset`.
    public var byteCount: Int { shape.reduce(1, *) * elementByteCount }
    /// All types of torch's storages have whole bytes.
    private var elementByteCount: Int { (elementType.bitWidth ?? 8) / 8 }

    /// A copy of the elements, row-major.
    public func gathered() -> [UInt8] {
        let (count, size) = (byteCount, elementByteCount)
        var place = [Int](repeating: 0, count: shape.rank)
        var element = 0
        return [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            for written in stride(from: 0, to: count, by: size) {
                for byte in 0..<size { target[written + byte] = file.bytes[offset + element * size + byte] }
                // To the next element: the last axis that has one goes on, those after it start again.
                for axis in place.indices.reversed() {
                    place[axis] += 1
                    element += strides[axis]
                    if place[axis] < shape[axis] { break }
                    element -= strides[axis] * shape[axis]
                    place[axis] = 0
                }
            }
            initialized = count
        }
    }
}

/// An error in a torch file.
public enum TorchFileError: Error, Equatable, Sendable {
    case file(FileError)
    /// Not a zip as torch ≥ 1.6 writes it; older files are a bare pickle.
    case notAZip(FileKind, file: String)
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
        case .notAZip(.pickle, let file):
            "\(file) is not a zip file as torch.save writes it since version 1.6; save it again with a newer torch, or as safetensors."
        case .notAZip(let kind, let file): "\(file) is not a file of torch.save: \(kind.explanation)."
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
