import OpenVINO
import TensorStore

/// The memory that a request writes one output to.
///
/// Tensors over it are handed out without a copy. Memory is written again only when no such tensor is left, so at most two
/// blocks are kept: one that is being read and one that is being written.
struct OutputMemory {
    private let port: Port
    /// The block that was written last comes last.
    private var blocks: [Block] = []
    /// The tensor that is set in the request.
    private var bound: InferTensor?

    private static let keptBlocks = 2

    /// A tensor in the runtime's memory, kept by all tensors over it.
    ///
    /// @unchecked: requests write to it only while this object's one owner is an `OutputMemory`; all others only read it.
    private final class Block: @unchecked Sendable {
        let tensor: InferTensor
        init(_ tensor: InferTensor) { self.tensor = tensor }
    }

    init(_ port: Port) { self.port = port }

    /// The smallest shape that the output can have, from which the runtime enlarges the memory; nil where no memory can be set.
    private var initialShape: Shape? {
        guard port.elementType != .string, port.elementType != .dynamic, let dimensions = port.shape.dimensions else {
            return nil
        }
        return Shape(
            dimensions.map { dimension in
                switch dimension {
                case .fixed(let size): size
                case .dynamic(let minimum, _): minimum
                }
            })
    }

    /// Sets memory in `request` that no tensor refers to.
    mutating func prepare(_ request: InferRequest) throws {
        guard let shape = initialShape else { return }
        if let free = blocks.indices.last(where: { isKnownUniquelyReferenced(&blocks[$0]) }) {
            blocks.append(blocks.remove(at: free))
        } else {
            if blocks.count == Self.keptBlocks { blocks.removeFirst() }
            blocks.append(Block(try InferTensor(zeros: shape, of: port.elementType)))
        }
        let tensor = blocks[blocks.count - 1].tensor
        guard tensor !== bound else { return }
        try request.setOutput(port.index, to: tensor)
        bound = tensor
    }

    /// The output of the last inference: over the memory itself, or a copy of an output of unknown rank.
    func tensor(_ request: InferRequest) throws -> Tensor {
        guard let block = blocks.last else { return try request.outputTensor(port.index) }
        let (shape, type) = (try block.tensor.shape, try block.tensor.elementType)
        // The memory stays in place until the next inference that writes to it, which begins after the tensor is gone.
        let bytes = try block.tensor.withUnsafeBytes { $0 }
        return try Tensor(borrowing: bytes, owner: block, shape: shape, of: type)
    }
}
