public import ModelGraph
public import TensorStore

/// The tensors of a checkpoint by name, none of them read.
public struct Weights: Sendable {
    /// One tensor: where its bytes lie, and what they are.
    public struct Entry: Sendable {
        public let elementType: ElementType
        public let shape: Shape
        public let data: ConstantData

        public init(elementType: ElementType, shape: Shape, data: ConstantData) {
            self.elementType = elementType
            self.shape = shape
            self.data = data
        }
    }

    public let entries: [String: Entry]
    /// What errors call the checkpoint: its file or folder.
    public let source: String
    private let recorder: TensorRecorder?

    public init(_ entries: [String: Entry], source: String) {
        self.init(entries, source: source, recorder: nil)
    }

    private init(_ entries: [String: Entry], source: String, recorder: TensorRecorder?) {
        self.entries = entries
        self.source = source
        self.recorder = recorder
    }

    /// A checkpoint that has every tensor it is asked for, to learn which a network needs. Graphs over it can't be run.
    public init(recording recorder: TensorRecorder) {
        self.init([:], source: "a recording", recorder: recorder)
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

    public func contains(_ name: String) -> Bool { entries[name] != nil }

    /// The tensor called `name`, which must have the given shape.
    ///
    /// Axes of 1 at the end count for nothing: linear layers of older files are 1×1 convolutions.
    /// - Throws: `ArchitectureError.missingTensor`, `.tensorShape`, `.tensorType`.
    func entry(_ name: String, _ shape: Shape) throws(ArchitectureError) -> Entry {
        if let recorder { return recorder.record(name, shape) }
        guard let entry = entries[name] else { throw .missingTensor(name, in: source) }
        guard entry.shape.dropTrailingOnes == shape.dropTrailingOnes else {
            throw .tensorShape(name, in: source, expected: shape, found: entry.shape)
        }
        guard entry.elementType.isFloatingPoint else { throw .tensorType(name, in: source, found: entry.elementType) }
        return entry
    }

    /// The same tensors under names changed by `rename`; where two get one name, one whose name does not change wins.
    public func renamed(_ rename: (String) -> String) -> Weights {
        var renamed: [String: Entry] = [:]
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            let newName = rename(name)
            if renamed[newName] == nil || newName == name { renamed[newName] = entry }
        }
        return Weights(renamed, source: source, recorder: recorder)
    }

    /// Elements in all.
    public var parameterCount: Int { entries.values.reduce(0) { $0 + ($1.shape.checkedElementCount ?? 0) } }
}

extension Shape {
    fileprivate var dropTrailingOnes: Shape {
        var dimensions = dimensions
        while dimensions.last == 1 { dimensions.removeLast() }
        return Shape(dimensions)
    }
}
