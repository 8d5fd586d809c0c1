import Architectures
import Foundation
public import Imaging
import Inference
import ModelGraph
import ModelLoading
import TensorStore

/// Checks pictures, one at a time.
final class SafetyChecker {
    private let processor: CLIPImageProcessor
    private let network: Executable

    init(_ model: SafetyCheckerModel, _ options: CompileOptions) throws {
        processor = model.processor
        network = try Executable("safety checker", Self.graph(model.network), options)
    }

    private static func graph(_ network: Network<StableDiffusionSafetyChecker>) throws -> SizedGraph {
        switch network.origin {
        case .checkpoint(let weights): SizedGraph(try network.architecture.graph(weights, batch: 1))
        case .graph(let graph): SizedGraph(graph)
        }
    }

    /// The network's input for a picture, `[1, 3, H, W]`.
    /// - Throws: `ImageError.size` where the short side of the scaled picture is too long.
    func prepared(_ image: RGBImage) throws -> Tensor { try processor(image) }

    /// - Parameter picture: the result of `prepared`.
    /// - Throws: `GenerationError.notFinite` where values of the output are infinite or NaN.
    func check(_ picture: Tensor) async throws -> SafetyVerdict {
        let outputs = try await network.run(["pixel_values": picture])
        let concepts = try outputs.required("concept_scores", of: network.name).elements(as: Float.self)
        let specialCare = try outputs.required("special_care_scores", of: network.name).elements(as: Float.self)
        guard (concepts + specialCare).allSatisfy(\.isFinite) else {
            throw GenerationError.notFinite(network: network.name, precision: network.options.precision.rawValue)
        }
        return SafetyVerdict(concepts: concepts, specialCare: specialCare)
    }

    func takeTimings() -> [NetworkTimings] { [network.takeTimings()].compactMap(\.self) }
}

extension RGBImage {
    /// A blurred copy to show instead of a flagged picture: it keeps the colours, but the content is not recognizable.
    public func blurredForSafety() throws(ImageError) -> RGBImage {
        try blurred(radius: min(Float(max(width, height)) / 10, 4096))
    }
}
