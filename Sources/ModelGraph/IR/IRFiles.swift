import Glibc
import TensorStore

extension Graph {
    /// Writes the graph as IR: the text at `path`, and its constants, each at a multiple of 64 bytes, in one weights file.
    ///
    /// Bytes go from the mapped files into the new file without a copy in memory. Bytes that are used twice are written once.
    /// Both files are renamed to their paths after they are complete, the weights first. The files that the graph was read from
    /// may therefore be replaced.
    ///
    /// - Parameters:
    ///   - path: the path of the text, by convention with `.xml`.
    ///   - weightsPath: the path of the weights; by default `path` with `.bin`, where readers look for them.
    /// - Throws: `GraphError.structure` if the graph has no output; `FileError` if a file has changed since it was mapped, or
    ///   can't be written. Existing files at the two paths then stay unchanged.
    public func writeIR(xml path: String, weights weightsPath: String? = nil) throws {
        let weightsPath = weightsPath ?? pathOfWeights(beside: path)
        guard path != weightsPath else {
            throw GraphError.ir(file: path, layer: nil, reason: "text and weights need a file each")
        }
        var layout = WeightsLayout()
        let text = try IRWriter.text(of: self) { layout.place($0) }
        // Both files are complete before either is renamed, so that a full disk does no harm.
        let weights = try AtomicFile(path: weightsPath)
        try layout.write(to: weights)
        let xml = try AtomicFile(path: path)
        try xml.write(Array(text.utf8))
        // After the weights are renamed, renaming the text must not fail for a reason that can be checked here.
        guard !isDirectory(path) else { throw FileError.isDirectory(path: path) }
        try weights.commit()
        try xml.commit()
    }
}

/// The offset of each constant in a weights file.
private struct WeightsLayout {
    private static let alignment = 64
    private static let keptByteCount = 64 << 20

    private struct Range: Hashable {
        let file: ObjectIdentifier
        let offset: Int
        let byteCount: Int
    }

    private var constants: [(offset: Int, data: ConstantData)] = []
    private var ranges: [Range: Int] = [:]
    private var ownBytes: [[UInt8]: Int] = [:]
    private var end = 0

    /// The offset of `constant`. Constants with the same bytes share one offset.
    mutating func place(_ constant: ConstantData) -> Int {
        let offset = (end + Self.alignment - 1) / Self.alignment * Self.alignment
        switch constant {
        case .bytes(let bytes):
            if let known = ownBytes[bytes] { return known }
            ownBytes[bytes] = offset
        case .file(let file, let start, let byteCount):
            let range = Range(file: ObjectIdentifier(file), offset: start, byteCount: byteCount)
            if let known = ranges[range] { return known }
            ranges[range] = offset
        }
        constants.append((offset, constant))
        end = offset + constant.byteCount
        return offset
    }

    func write(to target: AtomicFile) throws(FileError) {
        var written = 0
        var files: [ObjectIdentifier: MappedFile] = [:]
        for (_, data) in constants {
            if case .file(let file, _, _) = data { files[ObjectIdentifier(file)] = file }
        }
        for file in files.values { try file.checkUnchanged() }
        var read = 0
        for (offset, data) in constants {
            try target.write([UInt8](repeating: 0, count: offset - written))
            try data.withUnsafeBytes { bytes throws(FileError) in try target.write(bytes) }
            written = offset + data.byteCount
            // Pages of many gigabytes that were read once need not stay in memory.
            read += data.byteCount
            if case .file(let file, _, _) = data, read > Self.keptByteCount {
                file.dropPages()
                read = 0
            }
        }
        // If a file was overwritten meanwhile, the bytes are of no valid checkpoint.
        for file in files.values { try file.checkUnchanged() }
    }
}

private func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
