import Diffusion
import Foundation
import Inference
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

@Suite struct CalibrationRunTests {
    private let model: LatentDiffusionModel
    private let run = CalibrationRun(prompts: ["a cat", "a red boat"], numInferenceSteps: 3, width: 64, height: 64, firstSeed: 5)

    init() throws { model = try LatentDiffusionModel(ModelSource(GoldenRun.model("autoencoder-kl"))) }

    /// The exported UNet draws what the model's own does, and its added outputs come once a step.
    @Test func denoisesAsThePipelineDoes() async throws {
        var unet = try model.unet.exportedGraph()
        let sample = try #require(unet.nodes.firstIndex { $0.name == "sample" })
        let peak = try unet.reduce(.maximum, unet.value(sample), name: "peak")
        unet.result(peak, name: "peak")
        var peaks: [Float] = []
        var steps = 0
        let latents = try await run.denoise(model, unet: unet, compile: CompileOptions()) { outputs in
            peaks += try #require(outputs["peak"]).elements()
        } report: { event in
            if case .step = event { steps += 1 }
        }
        #expect(peaks.count == 6 && steps == 6)
        let pipeline = LatentDiffusionPipeline(model)
        let pictures = try await pipeline.generate(run.request).pictures
        for (found, picture) in zip(latents, pictures) { try expectClose(found, picture.latents, tolerance: 1e-4) }
        #expect(try await pipeline.denoise(run.request).count == 2)
    }

    @Test func decodesEachOnce() async throws {
        var decoder = try model.vaeDecoder.exportedDecoder()
        let input = try #require(decoder.nodes.firstIndex { $0.name == "latent_sample" })
        decoder.result(try decoder.reduce(.mean, decoder.value(input), name: "mean"), name: "mean")
        let latents = try await LatentDiffusionPipeline(model).denoise(run.request)
        var means = 0
        var done: [Int] = []
        try await run.decode(model, decoder: decoder, latents, compile: CompileOptions()) { outputs in
            means += outputs["mean"] == nil ? 0 : 1
        } progress: {
            done.append($0)
        }
        #expect(means == 2 && done == [1, 2])
    }

    @Test func standardPromptsAreManyAndDifferent() {
        #expect(CalibrationPrompts.standard.count >= 64)
        #expect(Set(CalibrationPrompts.standard).count == CalibrationPrompts.standard.count)
        #expect(CalibrationPrompts.standard.allSatisfy { !$0.isEmpty && $0 == $0.trimmingCharacters(in: .whitespaces) })
    }

    @Test func promptsAreSpread() {
        let all = (0..<10).map { "\($0)" }
        #expect(CalibrationPrompts.spread(3, over: all) == ["0", "3", "6"])
        #expect(CalibrationPrompts.spread(20, over: all) == all)
        #expect(CalibrationPrompts.spread(0, over: all) == [])
        #expect(Set(CalibrationPrompts.spread(32)).count == 32)
    }

    /// What a request leaves open is the model's own.
    @Test func runsFromRequests() throws {
        let model = try LatentDiffusionModel(ModelSource(GoldenRun.model("autoencoder-kl")))
        let run = try CalibrationRun(GenerationRequest(prompts: ["a", "b"], width: 64, seed: 7), model)
        #expect((run.prompts, run.firstSeed, run.width, run.height) == (["a", "b"], 7, 64, nil))
        #expect((run.numInferenceSteps, run.guidanceScale) == (4, 8))
    }
}
