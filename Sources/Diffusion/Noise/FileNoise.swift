public import TensorStore

/// Noise from a tensor, usually of a `.npy` file, for comparisons with other implementations.
///
/// A tensor in the shape of the latents, `[B, C, h, w]`, holds the initial noise alone; another source then gives the noise of
/// each step. A tensor `[k, B, C, h, w]` holds k draws: the initial noise, then the noise of k - 1 steps.
public struct FileNoise: NoiseSource {
    private let file: String
    private let shape: Shape
    private let draws: [Tensor]
    private var position = 0
    /// The source of each step's noise; nil where the file holds all the noise.
    private var source: (any NoiseSource)?

    /// - Parameters:
    ///   - tensor: f32, or f64, which is rounded to f32.
    ///   - file: the file's name, for errors.
    ///   - latents: the shape of the pipeline's latents.
    ///   - source: the source of later draws where the tensor holds the initial noise alone; not used otherwise.
    /// - Throws: `NoiseError.fileShape`, `.fileElementType` or `.fileValue`.
    public init(_ tensor: Tensor, file: String, latents: Shape, then source: any NoiseSource) throws(NoiseError) {
        let isLatentsAlone = tensor.shape == latents
        guard isLatentsAlone || (tensor.shape.first ?? 0 > 0 && Shape(Array(tensor.shape.dropFirst())) == latents) else {
            throw .fileShape(file: file, latents: latents, found: tensor.shape)
        }
        let elements = try Self.elements(of: tensor, file: file)
        let size = latents.reduce(1, *)
        var draws: [Tensor] = []
        for draw in 0..<(isLatentsAlone ? 1 : tensor.shape[0]) {
            draws.append(try Self.tensor(Array(elements[draw * size..<(draw + 1) * size]), shape: latents))
        }
        self.file = file
        self.shape = latents
        self.draws = draws
        self.source = isLatentsAlone ? source : nil
    }

    public var remainingDraws: Int? {
        guard let source else { return draws.count - position }
        return source.remainingDraws.map { $0 + draws.count - position }
    }

    public mutating func normal(_ shape: Shape) throws(NoiseError) -> Tensor {
        guard shape == self.shape else { throw .shape(expected: self.shape, found: shape) }
        if position < draws.count {
            position += 1
            return draws[position - 1]
        }
        guard let noise = try source?.normal(shape) else { throw .exhausted(file: file, draws: draws.count) }
        return noise
    }

    private static func elements(of tensor: Tensor, file: String) throws(NoiseError) -> [Float] {
        let elements: [Float]
        if let single = try? tensor.elements(as: Float.self) {
            elements = single
        } else if let double = try? tensor.elements(as: Double.self) {
            elements = double.map { Float($0) }
        } else {
            throw .fileElementType(file: file, found: tensor.elementType)
        }
        if let index = elements.firstIndex(where: { !$0.isFinite }) { throw .fileValue(file: file, index: index) }
        return elements
    }
}
