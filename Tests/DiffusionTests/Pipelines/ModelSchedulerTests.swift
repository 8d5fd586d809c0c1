@testable import Diffusion
import Foundation
import ModelLoading
import TestSupport
import Testing

/// What diffusers' pipelines correct in the schedulers that they are loaded with.
@Suite struct ModelSchedulerTests {
    /// A model's folder with an index and a scheduler alone.
    private func scheduler(_ pipelineClass: String, _ config: String) throws -> ModelScheduler {
        let folder = try TemporaryFolder()
        try folder.write("scheduler/scheduler_config.json", config)
        try folder.write(
            "model_index.json", #"{"_class_name": "\#(pipelineClass)", "scheduler": ["diffusers", "PNDMScheduler"]}"#)
        return try ModelScheduler(ModelSource(folder.url))
    }

    private static let silent = #"{"_class_name": "PNDMScheduler"}"#
    private static let old =
        #"{"_class_name": "PNDMScheduler", "steps_offset": 0, "clip_sample": true, "skip_prk_steps": false}"#

    @Test func stableDiffusion() throws {
        for json in [Self.silent, Self.old] {
            let found = try scheduler("StableDiffusionPipeline", json)
            let own = try #require(try found.named(nil).options as? PNDMSchedulerConfig)
            #expect(own.stepsOffset == 1 && !own.skipPRKSteps)
            let inpainting = try #require(try found.named(nil, isInpainting: true).options as? PNDMSchedulerConfig)
            #expect(inpainting.stepsOffset == 1 && inpainting.skipPRKSteps)
            // Another class takes over what the file says, and has defaults for what it does not.
            let isOld = json == Self.old
            let ddim = try found.named("ddim").options.base
            #expect(ddim.stepsOffset == (isOld ? 1 : 0) && ddim.clipSample == !isOld)
            let other = try found.named("ddim", isInpainting: true).options.base
            #expect(other.stepsOffset == (isOld ? 1 : 0) && other.clipSample)
        }
    }

    @Test(arguments: ["StableDiffusionXLPipeline", "StableDiffusionXLInpaintPipeline", "LatentConsistencyModelPipeline"])
    func othersCorrectNothing(_ name: String) throws {
        let found = try scheduler(name, Self.old)
        #expect(try found.named(nil).options.base.stepsOffset == 0)
        #expect(try found.named("ddim").options.base.clipSample)
        // Stable Diffusion's pipeline fills in parts by latent consistency models too.
        #expect(try found.named(nil, isInpainting: true).options.base.stepsOffset == (name.contains("XL") ? 0 : 1))
        let shortens = name.hasPrefix("LatentConsistencyModel")
        #expect(found.strengthRule(isInpainting: false) == (shortens ? .shortensOriginalSchedule : .skipsSteps))
        #expect(found.strengthRule(isInpainting: true) == .skipsSteps)
    }

    /// A class that is not supported is an error only where it is to be used.
    @Test func anUnsupportedClassCanBeReplaced() throws {
        let found = try scheduler(
            "StableDiffusionPipeline",
            #"{"_class_name": "SASolverScheduler", "algorithm_type": "data_prediction", "beta_schedule": "scaled_linear"}"#)
        let error = #expect(throws: SchedulerError.self) { try found.named(nil) }
        #expect(error?.description.contains("Choose another with --scheduler; nearest are dpm++-sde, unipc.") == true)
        let solver = try #require(try found.named("dpm++").options as? DPMSolverMultistepSchedulerConfig)
        #expect(solver.betaSchedule == .scaledLinear && solver.algorithmType == .dpmsolverPlusPlus)
        #expect(throws: SchedulerError.self) { try scheduler("StableDiffusionPipeline", "[]") }
    }
}
