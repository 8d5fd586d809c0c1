import Foundation
public import TensorStore

/// The method by which predictions follow the prompt.
struct Guidance: Sendable {
    enum Kind: Sendable, Equatable {
        /// One prediction, under the prompt.
        case none
        /// The UNet takes the guidance scale as an input (Luo et al. 2023).
        case embedding(dimension: Int)
        /// Classifier-free guidance: predictions under the prompt and under a negative prompt are combined (Ho and Salimans
        /// 2022).
        case classifierFree
    }

    let kind: Kind
    let scale: Float
    let rescale: Float

    /// - Parameter embeddingDimension: the size of the UNet's input for the scale; nil where it has none.
    init(scale: Double, rescale: Double = 0, embeddingDimension: Int?) {
        self.scale = Float(scale)
        self.rescale = Float(rescale)
        if let embeddingDimension {
            kind = .embedding(dimension: embeddingDimension)
        } else {
            kind = scale > 1 ? .classifierFree : .none
        }
    }

    /// Whether a prediction under a negative prompt is needed.
    var comparesPredictions: Bool { kind == .classifierFree }

    /// The UNet's input for the scale, `[batch, dimension]`; nil where it has none.
    func embedding(batch: Int) throws -> Tensor? {
        guard case .embedding(let dimension) = kind else { return nil }
        // diffusers gives the embedding the scale less 1.
        return try guidanceScaleEmbedding(Array(repeating: scale - 1, count: batch), dimension: dimension)
    }

    /// The guided prediction from one or two predictions `[batch, C, h, w]`, the negative prompt's first.
    func combined(_ predictions: [Tensor]) throws -> Tensor {
        guard comparesPredictions else { return predictions[0] }
        return try combined(negative: predictions[0], positive: predictions[1])
    }

    /// The guided prediction from those under the negative and the positive prompt, `[batch, C, h, w]` each.
    func combined(negative: Tensor, positive: Tensor) throws -> Tensor {
        let (without, with) = (try negative.elements(as: Float.self), try positive.elements(as: Float.self))
        var guided = zip(without, with).map { $0 + scale * ($1 - $0) }
        if rescale > 0 {
            let size = guided.count / max(positive.shape[0], 1)
            for start in stride(from: 0, to: guided.count, by: size) {
                let range = start..<start + size
                let ratio = Self.deviation(with[range]) / Self.deviation(guided[range])
                let factor = rescale * ratio + (1 - rescale)
                for index in range { guided[index] *= factor }
            }
        }
        return try Tensor(guided, shape: positive.shape)
    }

    /// The standard deviation over one picture's values, with n − 1 as divisor, as torch's `std`.
    private static func deviation(_ values: ArraySlice<Float>) -> Float {
        let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
        let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        return Float((squares / Double(max(values.count - 1, 1))).squareRoot())
    }
}

/// The embedding of guidance scales that latent consistency models take in place of a second, unconditional pass:
/// sines, then cosines, of 1000·w at frequencies from 1 down to 1/10000 in equal ratios.
///
/// Computed in single precision as PyTorch does. Its `exp` is not always rounded to the nearest; where that moves a
/// frequency by a unit in the last place, the angle moves by up to 1000·w·2⁻²⁴: at a guidance scale of 8, some element
/// of 256 is off by up to 5·10⁻⁴.
///
/// - Parameters:
///   - scales: w of each picture, which is the guidance scale *less 1*: `[Float(guidanceScale - 1)]`.
///   - dimension: the UNet's `time_cond_proj_dim`; where it is odd, the last element is 0.
/// - Returns: `[scales.count, dimension]` f32.
/// - Throws: `GuidanceScaleEmbeddingError` where the dimension is less than 4, for which there are no frequencies.
///
/// Reference: `get_guidance_scale_embedding` of diffusers' `LatentConsistencyModelPipeline`.
public func guidanceScaleEmbedding(_ scales: [Float], dimension: Int) throws(GuidanceScaleEmbeddingError) -> Tensor {
    let half = dimension / 2
    guard half >= 2, scales.count.multipliedReportingOverflow(by: dimension).overflow == false else {
        throw .dimension(dimension)
    }
    let decay = Float(log(10000.0)) / Float(half - 1)
    let frequencies = (0..<half).map { Float(exp(Double(Float($0) * -decay))) }

    var elements: [Float] = []
    elements.reserveCapacity(scales.count * dimension)
    for scale in scales {
        let angles = frequencies.map { Double(scale * 1000 * $0) }
        elements += angles.map { Float(sin($0)) }
        elements += angles.map { Float(cos($0)) }
        if !dimension.isMultiple(of: 2) { elements.append(0) }
    }
    do { return try Tensor(elements, shape: [scales.count, dimension]) } catch { throw .dimension(dimension) }
}

/// An error in the size of a guidance scale embedding.
public enum GuidanceScaleEmbeddingError: Error, Equatable, Sendable {
    case dimension(Int)
}

extension GuidanceScaleEmbeddingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .dimension(let found): "The guidance scale embedding must have a dimension of 4 or more; it is \(found)."
        }
    }
}
