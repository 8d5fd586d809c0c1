/// The tensors of a CTranslate2 model (`model.bin`), mapped; only the descriptions between them are read.
///
/// faster-whisper ships Whisper so. The layout is that of CTranslate2's `specs/model_spec.py` and `src/models/model.cc`.
public struct CTranslate2File: Sendable {
    public let file: MappedFile
    /// Version of the layout, one of `CTranslate2Header.versions`.
    public let version: Int
    /// The kind of model: `WhisperSpec` for Whisper.
    public let specification: String
    /// Revision of the names that the kind of model has.
    public let revision: Int
    /// The tensors in the order of their bytes, without aliases.
    public let entries: [TensorEntry]
    /// The names of tensors by their other names: those of the file, and those of their scales.
    public let aliases: [String: String]
    private let places: [String: Int]

    /// Maps the file at `path`, whatever its name, and checks all of it but the tensors' bytes.
    /// - Throws: `CTranslate2Error.file`, `.header`, `.kind`.
    public init(path: String) throws(CTranslate2Error) {
        let file: MappedFile
        do { file = try MappedFile(path: path) } catch { throw .file(error) }
        try self.init(file)
    }

    /// - Throws: `CTranslate2Error.header`, `.kind`.
    public init(_ file: MappedFile) throws(CTranslate2Error) {
        let header: CTranslate2Header
        do throws(CTranslate2HeaderError) {
            header = try file.withUnsafeBytes { bytes throws(CTranslate2HeaderError) in try CTranslate2Header(parsing: bytes) }
        } catch {
            let kind = FileKind(file)
            switch kind {
            case .cTranslate2, .unknown: throw .header(error, file: file.path)
            default: throw .kind(kind, file: file.path)
            }
        }
        self.file = file
        version = header.version
        specification = header.specification
        revision = header.revision
        entries = header.tensors.map { record in
            TensorEntry(
                name: record.name, elementType: record.elementType, shape: record.shape, file: file, offset: record.offset,
                byteCount: record.byteCount)
        }
        // The header's reader refuses a name twice.
        let places = Dictionary(entries.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
        var aliases = header.aliases
        for (alias, name) in header.aliases where places["\(name)_scale"] != nil && places["\(alias)_scale"] == nil {
            aliases["\(alias)_scale"] = "\(name)_scale"
        }
        self.aliases = aliases
        self.places = places
    }

    /// The tensor called `name`, or of which that is an alias; nil where there is none.
    public func entry(named name: String) -> TensorEntry? { places[aliases[name] ?? name].map { entries[$0] } }

    /// The tensor `name`, over the mapped bytes.
    /// - Throws: `CTranslate2Error.missingTensor`.
    public func tensor(named name: String) throws -> Tensor {
        guard let entry = entry(named: name) else { throw CTranslate2Error.missingTensor(name, file: file.path) }
        return try entry.tensor()
    }

    /// The whole number in a tensor of one integer, as flags and numbers of heads are stored; nil where there is none.
    public func integer(_ name: String) -> Int? {
        guard let entry = entry(named: name), entry.shape.checkedElementCount == 1 else { return nil }
        return entry.file.withUnsafeBytes { bytes in
            switch entry.elementType {
            case .i8: Int(bytes.loadUnaligned(fromByteOffset: entry.offset, as: Int8.self))
            case .i16: Int(Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: entry.offset, as: Int16.self)))
            case .i32: Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: entry.offset, as: Int32.self)))
            default: nil
            }
        }
    }
}
