public import Foundation
import Imaging
public import ModelLoading
import OpenVINO
public import TensorStore
import Tokenizers

/// Pictures from texts by a latent consistency model (Luo et al. 2023), in few steps and one pass a step.
///
/// Its counterpart is diffusers' `LatentConsistencyModelPipeline`: the same seed gives the same picture, to rounding.
///
/// Not `Sendable`: one request at a time. Networks stay compiled between requests where `memory` lets them.
public final class LatentConsistencyModelPipeline {
    /// diffusers' name for it, which `model_index.json` has.
    public static let className = "LatentConsistencyModelPipeline"

    public let model: LatentDiffusionModel
    public let memory: MemoryPolicy
    private let compiler: NetworkCompiler
    private var loaded = LoadedNetworks()

    /// - Parameter model: its networks' weights are mapped, and read when they are compiled.
    public init(_ model: LatentDiffusionModel, compile options: CompileOptions = CompileOptions(), memory: MemoryPolicy = .automatic) {
        self.model = model
        self.memory = memory
        compiler = NetworkCompiler(options)
    }

    /// Reads the model in the folder at `url`.
    /// - Throws: `ModelError`, `FileError`, `ArchitectureError`, `TokenizerError` … naming the file at fault.
    public convenience init(
        contentsOf url: URL, compile options: CompileOptions = CompileOptions(), memory: MemoryPolicy = .automatic
    ) throws {
        self.init(try LatentDiffusionModel(ModelFolder(url)), compile: options, memory: memory)
    }

    /// The picture's sides where a request gives none: the size that the UNet was trained on.
    public var defaultSize: Int { (model.unet.config.sampleSize ?? 64) * model.autoencoder.spatialFactor }

    /// Draws all pictures of a request.
    ///
    /// Cancelling the task ends it within a node of a network.
    /// - Parameter report: called as the work goes on, on the caller's isolation.
    /// - Throws: `GenerationError`, `SchedulerError`, `NoiseError` before any network is loaded; `OpenVINOError`;
    ///   `CancellationError`.
    public func generate(
        _ request: GenerationRequest, isolation: isolated (any Actor)? = #isolation, report: (GenerationEvent) -> Void = { _ in }
    ) async throws -> GenerationResult {
        let start = ContinuousClock.now
        var result = GenerationResult()
        func warn(_ text: String) {
            result.warnings.append(text)
            report(.warning(text))
        }

        let size = try checkedSize(request)
        let shape: Shape = [1, model.autoencoder.latentChannels, size.height, size.width]
        let plan = try Duration.measure(into: &result.timings.scheduler) { try model.scheduler(request.schedule) }
        for warning in plan.warnings { warn(warning) }
        let tokens = try Duration.measure(into: &result.timings.tokenizing) { try tokenize(request.prompts, warn: warn) }
        let noiseDraws = 1 + plan.timesteps.indices.count { plan.needsNoise(at: $0) }
        var noise = try Duration.measure(into: &result.timings.noise) { try request.noiseSources(shape, draws: noiseDraws) }

        report(.stage(.encodingText))
        let residence = memory.residence(for: request, model: model)
        let states = try await encode(tokens, residence, &result.timings)  // one [1, tokens, channels] a prompt

        report(.stage(.loadingDenoiser))
        let batches = batches(of: request)
        let denoiser = try await denoiser(
            batchSizes: Set(batches.map(\.count)), size: size, tokens: states[0].shape[1], residence, &result.timings)
        let conditions = try await denoiser.conditions(
            states: states, guidanceScale: request.guidanceScale, timesteps: plan.timesteps, &result.timings)

        // Staged, all pictures are denoised before the decoder is loaded; resident, each is decoded when it is denoised.
        var pending: [(index: Int, latents: Tensor)] = []
        report(.stage(.denoising))
        for batch in batches {
            var sources = BatchedNoise(Array(noise[batch]))
            var scheduler = plan
            var batchShape = shape
            batchShape[0] = batch.count
            var sample = try Duration.measure(into: &result.timings.noise) { try sources.normal(batchShape) }
            var denoised = sample
            let prompts = batch.map { $0 / request.imagesPerPrompt }
            let run = try denoiser.start(batch: batch.count, conditions: conditions, prompts: prompts)
            for (index, timestep) in plan.timesteps.enumerated() {
                try Task.checkCancellation()
                let input = try plan.scaleModelInput(sample, at: index)
                let output = try await run.predict(input, step: index, &result.timings)
                let added = try Duration.measure(into: &result.timings.noise) {
                    plan.needsNoise(at: index) ? try sources.normal(batchShape) : nil
                }
                let step = try Duration.measure(into: &result.timings.scheduler) {
                    try scheduler.step(index, output: output, sample: sample, noise: added)
                }
                (sample, denoised) = (step.previous, step.denoised)
                var previews: [RGBImage] = []
                if let interval = request.previewInterval, (index + 1) % interval == 0 {
                    previews = try await decode(denoised, size, residence, &result.timings)
                }
                report(
                    .step(
                        .init(
                            pictures: batch, index: index, count: plan.timesteps.count, timestep: timestep, latents: sample,
                            denoised: denoised, previews: previews)))
            }
            for (row, index) in batch.enumerated() {
                let latents = denoised.rows(row..<row + 1)
                if residence == .staged {
                    pending.append((index, latents))
                } else {
                    result.pictures.append(try await finish(index, latents, size, request, residence, &result.timings, report))
                }
            }
            noise.replaceSubrange(batch, with: Array(noise[batch]))
        }
        if residence == .staged {
            loaded.denoiser = nil
        }
        for (index, latents) in pending {
            try Task.checkCancellation()
            result.pictures.append(try await finish(index, latents, size, request, residence, &result.timings, report))
        }
        if residence == .staged { loaded.decoder = nil }
        result.timings.total = ContinuousClock.now - start
        return result
    }
}
