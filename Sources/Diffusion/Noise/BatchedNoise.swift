public import TensorStore

/// Noise of a batch in which each picture has a generator of its own, so that each can be drawn again alone.
///
/// The counterpart of the list of generators that diffusers' pipelines take (`randn_tensor`): each source draws
/// `[1, C, h, w]`, and the draws are laid one after the other along the first axis.
public struct BatchedNoise: NoiseSource {
    private var sources: [any NoiseSource]

    public init(_ sources: [any NoiseSource]) {
        self.sources = sources
    }

    /// The fewest that one of the sources has.
    public var remainingDraws: Int? { sources.compactMap(\.remainingDraws).min() }

    /// - Throws: `NoiseError.batch` where the first axis is not the number of sources, and what the sources throw.
    public mutating func normal(_ shape: Shape) throws(NoiseError) -> Tensor {
        guard shape.first == sources.count else { throw .batch(generators: sources.count, shape: shape) }
        let size = try Self.elementCount(of: shape)
        var elements: [Float] = []
        elements.reserveCapacity(size)
        for index in sources.indices {
            let draw = try sources[index].normal(Shape([1] + Array(shape.dropFirst())))
            draw.withUnsafeBytes { bytes in
                for offset in stride(from: 0, to: bytes.count, by: MemoryLayout<Float>.size) {
                    elements.append(bytes.loadUnaligned(fromByteOffset: offset, as: Float.self))
                }
            }
        }
        return try Self.tensor(elements, shape: shape)
    }
}
