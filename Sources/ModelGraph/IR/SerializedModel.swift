public import TensorStore

/// A graph in the form that the runtime reads: IR text and, in one address range, the bytes that its constants refer to.
public struct SerializedModel: Sendable {
    /// IR version 11.
    public let xml: String
    /// The mapped files of the graph's constants at adjacent addresses, followed by the constants that are in memory.
    public let weights: WeightSpace

    /// The weights as one tensor of bytes, which keeps the files mapped.
    public func weightsTensor() throws(TensorError) -> Tensor {
        try Tensor(borrowing: weights.bytes, owner: weights, shape: [weights.bytes.count], of: .u8)
    }
}

extension Graph {
    /// The graph as IR over its mapped files. No byte of the files is read or copied.
    ///
    /// - Throws: `GraphError.structure` if the graph has no output; `FileError` if a file has changed since it was mapped or
    ///   can't be mapped again.
    public func serialized() throws -> SerializedModel {
        var files: [MappedFile] = []
        var inline: [UInt8] = []
        for node in nodes {
            switch node.constant {
            case .bytes(let bytes): inline.appendAligned(bytes)
            case .file(let file, _, _): files.appendOnce(file)
            case nil: if let file = node.bodyWeights { files.appendOnce(file) }
            }
        }
        let weights = try WeightSpace(files: files, inline: inline)
        var inlineOffset = weights.inlineOffset
        let xml = try IRWriter.text(of: self) { constant in
            switch constant {
            case .file(let file, let offset, _): return weights.offset(of: file) + offset
            case .bytes(let bytes):
                defer { inlineOffset += bytes.count.roundedUpToAlignment }
                return inlineOffset
            }
        }
        return SerializedModel(xml: xml, weights: weights)
    }
}

extension Array where Element == UInt8 {
    /// Appends `bytes` so that the next ones start at a multiple of the alignment of the widest element.
    fileprivate mutating func appendAligned(_ bytes: [UInt8]) {
        append(contentsOf: bytes)
        append(contentsOf: repeatElement(0, count: bytes.count.roundedUpToAlignment - bytes.count))
    }
}

extension Array where Element == MappedFile {
    fileprivate mutating func appendOnce(_ file: MappedFile) {
        if !contains(where: { $0 === file }) { append(file) }
    }
}

extension Int {
    fileprivate var roundedUpToAlignment: Int { (self + 7) & ~7 }
}
