/// The index of a sharded checkpoint: `{"metadata": {…}, "weight_map": {"tensor": "file", …}}`.
struct SafetensorsIndex {
    /// Which file each tensor is in.
    let locations: [(tensor: String, shard: String)]
    /// The files, each once, in the order of their names.
    let shards: [String]

    /// - Throws: `SafetensorsError.file`, `.indexJSON`, `.index`.
    init(path: String) throws(SafetensorsError) {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .file(error)
        }
        let json: JSONValue
        do {
            json = try file.withUnsafeBytes { bytes throws(JSONError) in try JSONValue(parsing: bytes) }
        } catch {
            throw .indexJSON(error, file: path)
        }
        guard let map = json["weight_map"]?.object else {
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
