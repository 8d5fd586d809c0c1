public import ModelGraph
import Synchronization
public import TensorStore

/// The tensors of a checkpoint by name, not yet read.
public struct Weights: Sendable {
    /// One tensor: the location of its bytes, its type and its shape.
    public struct Entry: Sendable {
        public let elementType: ElementType
        public let shape: Shape
        public let data: ConstantData
        /// Whether the bytes are a matrix `[columns, rows]` for the `shape` `[rows, columns]`.
        public let isTransposed: Bool
        /// The factors that make integers to weights, f32: one a row of the first axis, or one for all. nil for floating point.
        public let scales: [Float]?

        public init(
            elementType: ElementType, shape: Shape, data: ConstantData, isTransposed: Bool = false, scales: [Float]? = nil
        ) {
            self.elementType = elementType
            self.shape = shape
            self.data = data
            self.isTransposed = isTransposed
            self.scales = scales
        }

        /// A range of rows of the first axis, which are consecutive bytes of the file.
        /// - Returns: nil where the tensor does not have these rows, or they are not consecutive.
        public func rows(_ rows: Range<Int>) -> Entry? {
            guard let count = shape.first, rows.upperBound <= count, rows.lowerBound >= 0, count > 0, !isTransposed,
                data.byteCount % count == 0
            else { return nil }
            let rowBytes = data.byteCount / count
            var part = shape
            part[0] = rows.count
            return Entry(
                elementType: elementType, shape: part,
                data: data.slice(offset: rows.lowerBound * rowBytes, byteCount: rows.count * rowBytes),
                scales: scales.map { $0.count == count ? Array($0[rows]) : $0 })
        }

        /// The transposed matrix over the same bytes.
        /// - Returns: nil for a tensor that is not a matrix, or has scales.
        public func transposed() -> Entry? {
            guard shape.rank == 2, scales == nil else { return nil }
            return Entry(elementType: elementType, shape: [shape[1], shape[0]], data: data, isTransposed: !isTransposed)
        }
    }

    public let entries: [String: Entry]
    /// The checkpoint's name in errors: its file or folder.
    public let source: String
    private let recording: Recording?

    private struct Recording {
        let recorder: TensorRecorder
        /// Optional tensors that count as present.
        let optional: Set<String>
    }

    public init(_ entries: [String: Entry], source: String) {
        self.init(entries, source: source, recording: nil)
    }

    private init(_ entries: [String: Entry], source: String, recording: Recording?) {
        self.entries = entries
        self.source = source
        self.recording = recording
    }

    /// A checkpoint that contains every requested tensor, to record the tensors that a network needs. Its graphs can't be run.
    /// - Parameter optional: optional tensors of networks that count as present.
    public init(recording recorder: TensorRecorder, optional: Set<String> = []) {
        self.init([:], source: "a recording", recording: Recording(recorder: recorder, optional: optional))
    }

    /// The tensors of safetensors files.
    public init(_ checkpoint: SafetensorsCheckpoint, source: String) {
        let entries = checkpoint.entries.mapValues { entry in
            Entry(
                elementType: entry.elementType, shape: entry.shape,
                data: .file(entry.file, offset: entry.offset, byteCount: entry.byteCount))
        }
        self.init(entries, source: source)
    }

    public func contains(_ name: String) -> Bool { entries[name] != nil || recording?.optional.contains(name) == true }

    /// The tensor called `name`, which must have the given shape.
    ///
    /// Trailing axes of 1 are ignored: in older files, linear layers are 1×1 convolutions.
    /// - Throws: `ArchitectureError.missingTensor`, `.tensorShape`, `.tensorType`.
    func entry(_ name: String, _ shape: Shape) throws(ArchitectureError) -> Entry {
        if let recording { return recording.recorder.record(name, shape) }
        guard let entry = entries[name] else { throw .missingTensor(name, in: source) }
        guard entry.shape.dropTrailingOnes == shape.dropTrailingOnes else {
            throw .tensorShape(name, in: source, expected: shape, found: entry.shape)
        }
        guard entry.elementType.isFloatingPoint || entry.scales != nil else {
            throw .tensorType(name, in: source, found: entry.elementType)
        }
        return entry
    }

    /// The same tensors with names changed by `rename`; if two get the same name, one with an unchanged name takes precedence.
    public func renamed(_ rename: (String) -> String) -> Weights {
        var renamed: [String: Entry] = [:]
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            let newName = rename(name)
            if renamed[newName] == nil || newName == name { renamed[newName] = entry }
        }
        return Weights(renamed, source: source, recording: recording)
    }

    /// The tensors whose names begin with `prefix`, with the prefix removed.
    public func under(_ prefix: String) -> Weights {
        var found: [String: Entry] = [:]
        for (name, entry) in entries where name.hasPrefix(prefix) { found[String(name.dropFirst(prefix.count))] = entry }
        return Weights(found, source: source, recording: recording)
    }

    /// The total number of elements.
    public var parameterCount: Int { entries.values.reduce(0) { $0 + ($1.shape.checkedElementCount ?? 0) } }
}

extension TorchPickleFile {
    /// The tensors for architectures. Tensors that are not contiguous are copied.
    public var weights: Weights {
        let entries = entries.mapValues { entry in
            let data: ConstantData =
                entry.isContiguous
                ? .file(entry.file, offset: entry.offset, byteCount: entry.byteCount) : .bytes(entry.gathered())
            return Weights.Entry(elementType: entry.elementType, shape: entry.shape, data: data)
        }
        return Weights(entries, source: path)
    }
}

extension Shape {
    fileprivate var dropTrailingOnes: Shape {
        var dimensions = dimensions
        while dimensions.last == 1 { dimensions.removeLast() }
        return Shape(dimensions)
    }
}

/// Records the tensors that a network reads from its checkpoint.
public final class TensorRecorder: Sendable {
    private let requests = Mutex<[String: Shape]>([:])
    /// The file of recorded tensors; its bytes are not read.
    private let placeholder: MappedFile

    /// - Parameter placeholder: any file.
    public init(placeholder: MappedFile) { self.placeholder = placeholder }

    /// The shapes of the requested tensors, by name.
    public var shapes: [String: Shape] { requests.withLock { $0 } }

    func record(_ name: String, _ shape: Shape) -> Weights.Entry {
        requests.withLock { $0[name] = shape }
        let byteCount = shape.checkedElementCount.flatMap { ElementType.f16.byteCount(of: $0) } ?? 0
        return Weights.Entry(elementType: .f16, shape: shape, data: .file(placeholder, offset: 0, byteCount: byteCount))
    }
}
