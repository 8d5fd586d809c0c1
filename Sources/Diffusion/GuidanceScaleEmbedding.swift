import Foundation
public import TensorStore

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
