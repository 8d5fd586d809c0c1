import Architectures
import Foundation
public import Imaging
import Inference
import ModelGraph
import ModelLoading
import TensorStore

/// Pictures to verdicts, one at a time.
final class SafetyChecker {
    private let processor: CLIPImageProcessor
    private let runner: NetworkRunner
    private let precision: String

    init(_ model: SafetyCheckerModel, _ compiler: NetworkCompiler, _ log: TimingLog) throws {
        processor = model.processor
        precision = compiler.options.precision.rawValue
        runner = try NetworkRunner("safety checker", compiler, log) {
            switch model.network.origin {
            case .checkpoint(let weights): SizedGraph(try model.network.architecture.graph(weights, batch: 1))
            case .graph(let graph): SizedGraph(graph)
            }
        }
    }

    /// - Throws: `ImageError.size` for a picture of which the short side is made too long in preparing it;
    ///   `GenerationError.notFinite` where the network's output is not all numbers, from which no verdict follows.
    func check(_ image: RGBImage, _ log: TimingLog, isolation: isolated (any Actor)? = #isolation) async throws -> SafetyVerdict {
        let pictures = try log.measure(\.conversion) { try processor(image) }
        let outputs = try await runner.run(["pixel_values": pictures], log)
        let concepts = try outputs.required("concept_scores", of: runner.name).elements(as: Float.self)
        let specialCare = try outputs.required("special_care_scores", of: runner.name).elements(as: Float.self)
        guard (concepts + specialCare).allSatisfy(\.isFinite) else {
            throw GenerationError.notFinite(network: runner.name, precision: precision)
        }
        return SafetyVerdict(concepts: concepts, specialCare: specialCare)
    }
}

extension RGBImage {
    /// What is shown instead of a flagged picture: its colours, and nothing that could be made out.
    public func blurredForSafety() throws(ImageError) -> RGBImage {
        try blurred(radius: min(Float(max(width, height)) / 10, 4096))
    }
}
