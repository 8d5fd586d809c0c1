import Architectures
import Inference
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

@testable import Diffusion

/// Networks that compute infinite values and NaN.
@Suite struct NotFiniteTests {
    /// The small model with a decoder whose pictures are NaN in every precision.
    private func model() throws -> LatentDiffusionModel {
        var model = try LatentDiffusionModel(ModelSource(Small.folder))
        var graph = Graph()
        let latents = graph.parameter("latent_sample", .f32, [1, 4, .any, .any])
        let weights = graph.constant(Array(repeating: Float.nan, count: 12), shape: [3, 4, 1, 1])
        let scale = 8 // of the small model's autoencoder
        graph.result(try graph.upsampleNearest(graph.convolution(latents, weights), by: scale), name: "sample")
        model.vaeDecoder.origin = .graph(graph)
        return model
    }

    private func warnings(_ precision: CompileOptions.Precision) async throws -> [String] {
        let pipeline = try LatentDiffusionPipeline(model(), compile: CompileOptions(precision: precision))
        var warnings: [String] = []
        var accepted = 0
        await #expect(throws: GenerationError.notFinite(network: "vae decoder", precision: "f32")) {
            _ = try await pipeline.generate(Small.request()) { event in
                if case .warning(let text) = event { warnings.append(text) }
                if case .accepted = event { accepted += 1 }
            }
        }
        #expect(accepted == 1)
        return warnings
    }

    /// Latents that are NaN, as of a damaged LoRA, are the UNet's, whatever the decoder would make of them.
    @Test func latentsAreTheUNets() async throws {
        let model = try LatentDiffusionModel(ModelSource(Small.folder))
        let size = OutputSize(latentHeight: 4, latentWidth: 4, factor: model.autoencoder.spatialFactor)
        let decoder = try LatentDecoder(model.vaeDecoder, size, CompileOptions())
        let channels = model.autoencoder.latentChannels
        let latents = try Tensor([Float](repeating: .nan, count: channels * 16), shape: [1, channels, 4, 4])
        await #expect(throws: GenerationError.notFinite(network: "UNet", precision: "f32")) { _ = try await decoder.run(latents) }
    }

    @Test func f32IsNotComputedAgain() async throws { #expect(try await warnings(.f32).isEmpty) }

    /// Once, and only after 16 bits.
    @Test func sixteenBitsAreComputedAgain() async throws {
        #expect(
            try await warnings(.bf16) == [
                "The vae decoder computed values that are not numbers in bf16; pictures are computed again in f32."
            ])
    }
}
