public import TensorStore

/// A source of a picture's noise: first of its initial latents, then of each stochastic step.
///
/// A value type: a copy continues from the same position and draws the same numbers.
public protocol NoiseSource: Sendable {
    /// Draws standard normal noise, mean 0 and variance 1.
    /// - Parameter shape: the shape of the draw, `[B, C, h, w]` for latents.
    /// - Returns: f32 of that shape.
    /// - Throws: `NoiseError` where the source can't give that shape, or is exhausted.
    mutating func normal(_ shape: Shape) throws(NoiseError) -> Tensor

    /// The number of draws left; nil for an endless source.
    var remainingDraws: Int? { get }
}

extension NoiseSource {
    public var remainingDraws: Int? { nil }
}

extension NoiseSource {
    /// The number of elements of a shape that can be drawn.
    static func elementCount(of shape: Shape) throws(NoiseError) -> Int {
        guard let count = shape.checkedElementCount, ElementType.f32.byteCount(of: count) != nil else {
            throw .size(shape)
        }
        return count
    }

    static func tensor(_ elements: [Float], shape: Shape) throws(NoiseError) -> Tensor {
        do { return try Tensor(elements, shape: shape) } catch { throw .size(shape) }
    }
}

/// An error in a source of noise.
public enum NoiseError: Error, Equatable, Sendable {
    /// A shape with a negative axis, or too large for memory.
    case size(Shape)
    /// The requested shape differs from the only shape that the source can give.
    case shape(expected: Shape, found: Shape)
    /// The tensor of a noise file is neither latents nor a stack of draws.
    case fileShape(file: String, latents: Shape, found: Shape)
    case fileElementType(file: String, found: ElementType)
    /// NaN or infinity at a row-major index.
    case fileValue(file: String, index: Int)
    /// A draw beyond the last one in the file.
    case exhausted(file: String, draws: Int)
    /// A seed outside the range that NumPy takes.
    case numpySeed(String)
    /// The number of generators differs from the number of pictures.
    case batch(generators: Int, shape: Shape)
}

extension NoiseError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .size(let shape): "Noise of shape \(shape) has no size that fits memory."
        case .shape(let expected, let found): "The noise here has shape \(expected); \(found) was asked for."
        case .fileShape(let file, let latents, let found):
            """
            \(file) must hold latents of shape \(latents), or a stack of draws \
            [k, \(latents.map(String.init).joined(separator: ", "))]; it holds \(found).
            """
        case .fileElementType(let file, let found): "\(file) must hold f32 or f64; it holds \(found)."
        case .fileValue(let file, let index): "\(file) holds a value that is not a finite number, at index \(index)."
        case .exhausted(let file, let draws):
            "\(file) holds noise for \(draws) draw\(draws == 1 ? "" : "s") (latents, then one a step); these steps need more."
        case .numpySeed(let found): "NumPy's seeds are 0 to 4294967295; \(found) is none; PyTorch's generator takes any."
        case .batch(let generators, let shape):
            "\(generators) generator\(generators == 1 ? "" : "s") cannot draw \(shape): one for each of the first axis is needed."
        }
    }
}

/// Noise of a batch with one generator for each picture, so that each picture can be drawn again alone.
///
/// The counterpart of the list of generators in diffusers' pipelines (`randn_tensor`): each source draws `[1, C, h, w]`, and the
/// draws are concatenated along the first axis.
public struct BatchedNoise: NoiseSource {
    private var sources: [any NoiseSource]

    public init(_ sources: [any NoiseSource]) {
        self.sources = sources
    }

    /// The smallest number of draws left in any of the sources.
    public var remainingDraws: Int? { sources.compactMap(\.remainingDraws).min() }

    /// - Throws: `NoiseError.batch` where the first axis differs from the number of sources; the sources' errors.
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
