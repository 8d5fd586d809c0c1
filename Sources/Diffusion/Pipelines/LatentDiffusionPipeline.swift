import Architectures
public import Foundation
import Imaging
public import ModelLoading
public import TensorStore

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
    ///   `CancellationError`; what `report` throws.
    public func generate(
        _ request: GenerationRequest, isolation: isolated (any Actor)? = #isolation,
        report: (GenerationEvent) throws -> Void = { _ in }
    ) async throws -> GenerationResult {
        try await alone(request) { job, log in
            var pictures: [GeneratedPicture] = []
            var waiting: [(index: Int, latents: Tensor)] = []
            let keeps = keepsNetworks(job)
            try await denoiseAll(&job, log, report) { job, index, latents in
                if keeps {
                    pictures.append(try await finish(index, latents, job, log, report))
                } else {
                    waiting.append((index, latents))
                }
            }
            for (index, latents) in waiting { pictures.append(try await finish(index, latents, job, log, report)) }
            return GenerationResult(pictures: pictures, timings: log.finish(), warnings: job.warnings)
        }
    }

    /// The latents of all pictures of a request, `[1, C, h, w]` each, as the decoder would get them.
    ///
    /// For what is done with the denoiser alone, as calibration; otherwise as `generate`.
    public func denoise(
        _ request: GenerationRequest, isolation: isolated (any Actor)? = #isolation,
        report: (GenerationEvent) throws -> Void = { _ in }
    ) async throws -> [Tensor] {
        try await alone(request) { job, log in
            var latents: [Tensor] = []
            try await denoiseAll(&job, log, report) { _, _, one in latents.append(one) }
            return latents
        }
    }

    /// Works on one request; an actor that waits for it may begin another, which would set its inputs in the same networks.
    private func alone<Result>(
        _ request: GenerationRequest, isolation: isolated (any Actor)? = #isolation,
        _ body: (inout GenerationJob, TimingLog) async throws -> Result
    ) async throws -> Result {
        guard !isBusy else { throw GenerationError.busy }
        isBusy = true
        defer { isBusy = false }
        let log = TimingLog()
        var job = try GenerationJob(request, model, defaultSize: defaultSize, log)
        let keeps = keepsNetworks(job)
        // Also after an error: a UNet whose networks for prompts are gone must not be found by the next request.
        if !keeps { releaseNetworks() }
        defer { if !keeps { releaseNetworks() } }
        return try await body(&job, log)
    }

    private func keepsNetworks(_ job: GenerationJob) -> Bool { memory.keepsNetworks(of: model, pixels: job.pixels) }

    /// Texts to states to latents, batch by batch.
    /// - Parameter finished: given each picture's number and latents.
    private func denoiseAll(
        _ job: inout GenerationJob, _ log: TimingLog, _ report: (GenerationEvent) throws -> Void,
        isolation: isolated (any Actor)? = #isolation,
        finished: (GenerationJob, Int, Tensor) async throws -> Void
    ) async throws {
        for warning in job.warnings { try report(.warning(warning)) }
        let keeps = keepsNetworks(job)
        try report(.stage(.encodingText))
        let states = try await encode(job.tokens, log) // [1, tokens, channels] for each prompt
        if !keeps { textEncoder = nil }
        for group in job.groups {
            try report(.stage(.loadingDenoiser))
            let unets = try await unets(group, &job, states, keeps: keeps, log)
            try report(.stage(.denoising))
            for (number, batch) in group.batches.enumerated() {
                let latents = try await denoise(batch, number, &job, unets, log, report) // [batch, C, h, w]
                for (row, index) in batch.enumerated() { try await finished(job, index, latents.rows(row..<row + 1)) }
            }
            if !keeps { denoisers = [] }
        }
    }

    /// A UNet that a request uses, with the conditions of each batch.
    private typealias ConditionedUNet = (network: Denoiser, conditions: [GenerationJob.Condition])

    /// The UNets that the steps of a group of batches visit.
    private func unets(
        _ group: GenerationJob.Group, _ job: inout GenerationJob, _ states: [Tensor], keeps: Bool, _ log: TimingLog,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> [UNetPrecision: ConditionedUNet] {
        var unets: [UNetPrecision: ConditionedUNet] = [:]
        let used = Set(job.precisions)
        // The one in floating point first: its keys and values of the prompt serve the other too.
        for precision in [UNetPrecision.float, .quantized] where used.contains(precision) {
            let donor = unets[.float]
            let network = try denoiser(
                precision, job.size(batch: group.batchSize), keeps: keeps, log, donor: donor?.network, kinds: used.count)
            if network.isDonated, let donor {
                unets[precision] = (network, donor.conditions)
            } else {
                unets[precision] = (network, try await job.conditions(group, states, network, log))
            }
        }
        return unets
    }

    /// The loop over the steps of one batch: noise to finished latents, `[batch, C, h, w]`.
    /// - Parameter number: of the batch in its group.
    private func denoise(
        _ batch: Range<Int>, _ number: Int, _ job: inout GenerationJob, _ unets: [UNetPrecision: ConditionedUNet],
        _ log: TimingLog, _ report: (GenerationEvent) throws -> Void, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Tensor {
        for unet in unets.values { try unet.network.begin(unet.conditions[number].prompt) }
        var scheduler = job.plan
        var sample = try log.measure(\.noise) { try job.initialLatents(batch) }
        var denoised = sample
        for (index, timestep) in scheduler.timesteps.enumerated() {
            try Task.checkCancellation()
            let input = try log.measure(\.scheduler) { try scheduler.scaleModelInput(sample, at: index) }
            guard let unet = unets[job.precisions[index]] else { preconditionFailure("a UNet of the schedule was not loaded") }
            let outputs = try await unet.network.predict(input, embedding: unet.conditions[number].times[index], log)
            let output = outputs.required("out_sample")
            if outputs.count > 1 { try report(.outputs(network: "unet", outputs.filter { $0.key != "out_sample" })) }
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
            try report(
                .step(
                    .init(
                        pictures: batch, index: index, count: scheduler.timesteps.count, timestep: timestep, latents: sample,
                        denoised: denoised, previews: previews)))
        }
        return denoised
    }

    private func finish(
        _ index: Int, _ latents: Tensor, _ job: GenerationJob, _ log: TimingLog, _ report: (GenerationEvent) throws -> Void,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> GeneratedPicture {
        try Task.checkCancellation()
        let decoder = try decoder(job, log, report)
        try report(.stage(.decoding))
        let picture = GeneratedPicture(
            index: index, prompt: job.prompt(ofPicture: index), seed: job.request.seed(ofPicture: index),
            image: try await decoder.decode(latents, log) { try report(.outputs(network: decoder.name, $0)) }, latents: latents)
        try report(.picture(picture))
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

    /// - Parameter kinds: UNets of different precision that a request uses.
    private func denoiser(
        _ precision: UNetPrecision, _ size: Denoiser.Size, keeps: Bool, _ log: TimingLog, donor: Denoiser?, kinds: Int
    ) throws -> Denoiser {
        // One that takes its conditions from another can't serve without it.
        func fits(_ other: Denoiser) -> Bool {
            other.size == size && other.precision == precision && (!other.isDonated || donor != nil)
        }
        if let index = denoisers.firstIndex(where: fits) {
            denoisers.append(denoisers.remove(at: index))
            return denoisers[denoisers.count - 1]
        }
        // Room first: two networks of this size seldom fit side by side.
        denoisers.removeFirst(max(denoisers.count - Self.keptDenoisers * kinds + 1, 0))
        let denoiser = try Denoiser(model, precision, size, compiler, log, keepsConditioning: keeps, donor: donor)
        denoisers.append(denoiser)
        return denoiser
    }

    private func decoder(_ job: GenerationJob, _ log: TimingLog, _ report: (GenerationEvent) throws -> Void) throws -> Decoder {
        if let decoder, decoder.height == job.height, decoder.width == job.width { return decoder }
        try report(.stage(.loadingDecoder))
        decoder = nil
        let loaded = try Decoder(model, height: job.height, width: job.width, compiler, log)
        decoder = loaded
        return loaded
    }
}
