import Architectures
public import Foundation
import Imaging
public import ModelLoading
import TensorStore

/// Pictures from texts by a latent consistency model (Luo et al. 2023), in few steps and one pass a step.
///
/// Its counterpart is diffusers' `LatentConsistencyModelPipeline`: the same seed gives the same picture, to rounding.
///
/// Not `Sendable`: one request at a time.
public final class LatentConsistencyModelPipeline {
    /// diffusers' name for it, which `model_index.json` has.
    public static let className = "LatentConsistencyModelPipeline"

    public let model: LatentDiffusionModel
    public let memory: MemoryPolicy
    private let compiler: NetworkCompiler
    private var textEncoder: NetworkRunner?
    private var denoisers: [Denoiser] = []
    private var decoder: Decoder?
    private var isBusy = false

    /// UNets of different sizes that are kept; the one used longest ago goes first.
    private static let keptDenoisers = 2

    public init(
        _ model: LatentDiffusionModel, compile options: CompileOptions = CompileOptions(), memory: MemoryPolicy = .resident
    ) {
        self.model = model
        self.memory = memory
        compiler = NetworkCompiler(options)
    }

    /// Reads the model in the folder at `url`; weights are mapped, and read when a network is compiled.
    /// - Throws: as `LatentDiffusionModel.init`.
    public convenience init(
        contentsOf url: URL, compile options: CompileOptions = CompileOptions(), memory: MemoryPolicy = .resident
    ) throws {
        self.init(try LatentDiffusionModel(ModelFolder(url)), compile: options, memory: memory)
    }

    /// Width and height of pictures where a request gives none: the size that the UNet was trained on.
    public var defaultSize: Int { (model.unet.architecture.config.sampleSize ?? 64) * model.autoencoder.spatialFactor }

    /// Draws all pictures of a request.
    ///
    /// Cancelling the task ends it within one node of a network.
    /// - Parameter report: called as the work goes on, on the caller's isolation.
    /// - Throws: `GenerationError`, `SchedulerError`, `NoiseError` before any network is loaded; `OpenVINOError`;
    ///   `CancellationError`.
    public func generate(
        _ request: GenerationRequest, isolation: isolated (any Actor)? = #isolation, report: (GenerationEvent) -> Void = { _ in }
    ) async throws -> GenerationResult {
        // An actor that waits for one request may begin another, which would set its inputs in the same networks.
        guard !isBusy else { throw GenerationError.busy }
        isBusy = true
        defer { isBusy = false }
        let log = TimingLog()
        var job = try GenerationJob(request, model, defaultSize: defaultSize, log)
        for warning in job.warnings { report(.warning(warning)) }
        let keeps = memory.keepsNetworks(of: model, pixels: job.pixels)
        // Also after an error: a UNet whose networks for prompts are gone must not be found by the next request.
        if !keeps { releaseNetworks() }
        defer { if !keeps { releaseNetworks() } }

        report(.stage(.encodingText))
        let states = try await encode(job.tokens, log) // [1, tokens, channels] for each prompt
        if !keeps { textEncoder = nil }

        var pictures: [GeneratedPicture] = []
        var waiting: [(index: Int, latents: Tensor)] = []
        for group in job.groups {
            report(.stage(.loadingDenoiser))
            let denoiser = try denoiser(job.size(batch: group.batchSize), keeps: keeps, log)
            let conditions = try await job.conditions(group, states, denoiser, log)
            report(.stage(.denoising))
            for (batch, condition) in zip(group.batches, conditions) {
                let latents = try await denoise(batch, &job, denoiser, condition, log, report) // [batch, C, h, w]
                for (row, index) in batch.enumerated() {
                    let one = latents.rows(row..<row + 1)
                    if keeps {
                        pictures.append(try await finish(index, one, job, log, report))
                    } else {
                        waiting.append((index, one))
                    }
                }
            }
            if !keeps { denoisers = [] }
        }
        for (index, latents) in waiting { pictures.append(try await finish(index, latents, job, log, report)) }
        return GenerationResult(pictures: pictures, timings: log.finish(), warnings: job.warnings)
    }

    /// The loop over the steps of one batch: noise to finished latents, `[batch, C, h, w]`.
    private func denoise(
        _ batch: Range<Int>, _ job: inout GenerationJob, _ denoiser: Denoiser, _ condition: GenerationJob.Condition,
        _ log: TimingLog,
        _ report: (GenerationEvent) -> Void, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Tensor {
        try denoiser.begin(condition.prompt)
        var scheduler = job.plan
        var sample = try log.measure(\.noise) { try job.initialLatents(batch) }
        var denoised = sample
        for (index, timestep) in scheduler.timesteps.enumerated() {
            try Task.checkCancellation()
            let input = try log.measure(\.scheduler) { try scheduler.scaleModelInput(sample, at: index) }
            let outputs = try await denoiser.predict(input, embedding: condition.times[index], log)
            let output = outputs.required("out_sample")
            if outputs.count > 1 { report(.outputs(network: "unet", outputs.filter { $0.key != "out_sample" })) }
            let noise = try log.measure(\.noise) { scheduler.needsNoise(at: index) ? try job.stepNoise(batch) : nil }
            let step = try log.measure(\.scheduler) {
                try scheduler.step(index, output: output, sample: sample, noise: noise)
            }
            (sample, denoised) = (step.previous, step.denoised)
            var previews: [RGBImage] = []
            if job.request.wantsPreview(after: index, of: scheduler.timesteps.count) {
                for row in batch.indices {
                    let start = row - batch.lowerBound
                    previews.append(try await decoder(job, log, report).decode(denoised.rows(start..<start + 1), log))
                }
            }
            report(
                .step(
                    .init(
                        pictures: batch, index: index, count: scheduler.timesteps.count, timestep: timestep, latents: sample,
                        denoised: denoised, previews: previews)))
        }
        return denoised
    }

    private func finish(
        _ index: Int, _ latents: Tensor, _ job: GenerationJob, _ log: TimingLog, _ report: (GenerationEvent) -> Void,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> GeneratedPicture {
        try Task.checkCancellation()
        let decoder = try decoder(job, log, report)
        report(.stage(.decoding))
        let picture = GeneratedPicture(
            index: index, prompt: job.prompt(ofPicture: index), seed: job.request.seed(ofPicture: index),
            image: try await decoder.decode(latents, log) { report(.outputs(network: decoder.name, $0)) }, latents: latents)
        report(.picture(picture))
        return picture
    }

    // MARK: Networks

    private func releaseNetworks() {
        textEncoder = nil
        denoisers = []
        decoder = nil
    }

    private func encode(_ tokens: [Tensor], _ log: TimingLog, isolation: isolated (any Actor)? = #isolation) async throws
        -> [Tensor]
    {
        let stage = TextEncodingStage(model: model)
        let runner = try textEncoder ?? stage.makeRunner(compiler, log)
        textEncoder = runner
        return try await stage.encode(tokens, with: runner, log)
    }

    private func denoiser(_ size: Denoiser.Size, keeps: Bool, _ log: TimingLog) throws -> Denoiser {
        if let index = denoisers.firstIndex(where: { $0.size == size }) {
            denoisers.append(denoisers.remove(at: index))
            return denoisers[denoisers.count - 1]
        }
        // Room first: two networks of this size seldom fit side by side.
        denoisers.removeFirst(max(denoisers.count - Self.keptDenoisers + 1, 0))
        let denoiser = try Denoiser(model, size, compiler, log, keepsConditioning: keeps)
        denoisers.append(denoiser)
        return denoiser
    }

    private func decoder(_ job: GenerationJob, _ log: TimingLog, _ report: (GenerationEvent) -> Void) throws -> Decoder {
        if let decoder, decoder.height == job.height, decoder.width == job.width { return decoder }
        report(.stage(.loadingDecoder))
        decoder = nil
        let loaded = try Decoder(model, height: job.height, width: job.width, compiler, log)
        decoder = loaded
        return loaded
    }
}
