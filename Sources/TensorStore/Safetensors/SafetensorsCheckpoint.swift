/// The tensors of one safetensors file, or of several named by an index.
public struct SafetensorsCheckpoint: Sendable {
    /// The file or index, as it was given.
    public let path: String
    /// The mapped files: one, or the shards in the order of their names.
    public let files: [SafetensorsFile]
    /// The tensors by name.
    public let entries: [String: TensorEntry]

    /// Opens a checkpoint: a safetensors file under any name, or the index of a sharded one in JSON
    /// (`model.safetensors.index.json`), whose shards lie beside it.
    ///
    /// Tensors of a shard that the index does not name are taken too, as transformers and diffusers do.
    /// - Throws: `SafetensorsError` naming the file at fault.
    public init(path: String) throws(SafetensorsError) {
        let first: MappedFile
        do { first = try MappedFile(path: path) } catch { throw .file(error) }
        guard path.lowercased().hasSuffix(".json") || FileKind(first) == .json else {
            self.init(try SafetensorsFile(first))
            return
        }
        let index = try SafetensorsIndex(first)
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        var files: [SafetensorsFile] = []
        var entries: [String: TensorEntry] = [:]
        for shard in index.shards {
            let file: SafetensorsFile
            do throws(SafetensorsError) {
                file = try SafetensorsFile(path: folder + shard)
            } catch .file(.missing) {
                throw .missingShard(shard, index: path)
            }
            for entry in file.entries {
                if let other = entries.updateValue(entry, forKey: entry.name) {
                    throw .inTwoShards(tensor: entry.name, shards: [other.file.path, file.file.path])
                }
            }
            files.append(file)
        }
        for (tensor, shard) in index.locations where entries[tensor]?.file.path != folder + shard {
            throw .missingFromShard(tensor: tensor, shard: shard, index: path)
        }
        self.init(path: path, files: files, entries: entries)
    }

    /// A checkpoint that consists of a single file, which may be mapped or in memory.
    public init(_ file: SafetensorsFile) {
        // The header's reader refuses a name twice.
        let entries = Dictionary(file.entries.map { ($0.name, $0) }) { first, _ in first }
        self.init(path: file.file.path, files: [file], entries: entries)
    }

    private init(path: String, files: [SafetensorsFile], entries: [String: TensorEntry]) {
        self.path = path
        self.files = files
        self.entries = entries
    }

    /// The strings of `__metadata__` of all files; where they differ, those of the first.
    public var metadata: [String: String] {
        files.reduce(into: [:]) { $0.merge($1.metadata) { first, _ in first } }
    }

    /// The tensor `name`, over the mapped bytes.
    /// - Throws: `SafetensorsError.missingTensor`.
    public func tensor(named name: String) throws -> Tensor {
        guard let entry = entries[name] else { throw SafetensorsError.missingTensor(name, file: path) }
        return try entry.tensor()
    }
}

/// The index of a sharded checkpoint: `{"metadata": {…}, "weight_map": {"tensor": "file", …}}`.
struct SafetensorsIndex {
    /// Which file each tensor is in.
    let locations: [(tensor: String, shard: String)]
    /// The files, each once, in the order of their names.
    let shards: [String]

    /// - Throws: `SafetensorsError.kind`, `.indexJSON`, `.index`.
    init(_ file: MappedFile) throws(SafetensorsError) {
        let path = file.path
        let json: JSONValue
        do {
            json = try file.withUnsafeBytes { bytes throws(JSONError) in try JSONValue(parsing: bytes) }
        } catch {
            let kind = FileKind(file)
            throw kind == .json ? .indexJSON(error, file: path) : .kind(kind, file: path)
        }
        guard let map = json["weight_map"]?.object else {
            guard path.lowercased().hasSuffix(".json") else { throw .kind(.json, file: path) }
            throw .index(reason: "it has no 'weight_map', an object.", file: path)
        }
        var locations: [(tensor: String, shard: String)] = []
        var shards: Set<String> = []
        for (tensor, value) in map {
            guard let shard = value.string, Self.isFileName(shard) else {
                throw .index(reason: "'\(tensor)' must be in a file of the same folder, not \(value).", file: path)
            }
            locations.append((tensor, shard))
            shards.insert(shard)
        }
        self.locations = locations
        self.shards = shards.sorted()
    }

    /// Whether `name` stays in its folder, here and on systems where a backslash separates.
    private static func isFileName(_ name: String) -> Bool {
        !["", ".", ".."].contains(name) && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 == 0 }
    }
}
