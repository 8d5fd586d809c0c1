import Architectures
import Foundation
public import Inference
public import ModelLoading
import TensorStore

/// Runs single stages of a pipeline repeatedly, for comparisons with other programs. A stage is loaded at its first run.
public final class StageBenchmark {
    public enum Stage: String, Sendable, CaseIterable {
        case textEncoder = "text-encoder"
        /// One prediction, without scheduler and noise.
        case unetStep = "unet-step"
        case vaeDecode = "vae-decode"
        /// A whole picture in four steps.
        case picture
    }

    private let model: LatentDiffusionModel
    private let pipeline: LatentDiffusionPipeline
    private let options: CompileOptions
    private var textEncoder: TextEncodingStage?
    private var denoiser: (network: Denoiser, embedding: Denoiser.Values)?
    private var decoder: LatentDecoder?
    private var collected = GenerationTimings()

    public init(_ model: LatentDiffusionModel, compile options: CompileOptions) {
        self.model = model
        self.options = options
        pipeline = LatentDiffusionPipeline(model, compile: options)
    }

    /// Timings of loading and running so far, by network, without those of whole pictures.
    public func timings() -> GenerationTimings {
        collected.add(textEncoder?.takeTimings() ?? [])
        collected.add(denoiser?.network.takeTimings() ?? [])
        collected.add(decoder?.takeTimings() ?? [])
        return collected
    }

    /// Runs `stage` once, at the model's own size.
    /// - Returns: wall-clock time and processor time of the run, without loading.
    public func run(_ stage: Stage) async throws -> (wall: Duration, processor: Duration) {
        let size = try OutputSize(GenerationRequest(prompts: []), model)
        let side = size.latentHeight
        let latents: Shape = [1, model.autoencoder.latentChannels, side, side]
        var noise = TorchNoise(seed: 0)
        switch stage {
        case .textEncoder:
            let stage = textEncoder ?? TextEncodingStage(model, options)
            textEncoder = stage
            let request = GenerationRequest(prompts: ["a beautiful pink unicorn, 8k"])
            let tokens = PromptTokens(request, model, negative: nil, calls: .init(count: 1, total: 1))
            return try await measure { _ = try await stage.encode(tokens.prompts[0].values[0], skip: nil) }
        case .unetStep:
            let (network, embedding) = try await loadedDenoiser(side)
            let sample = try noise.normal([1, model.unet.architecture.config.inChannels, side, side])
            return try await measure { _ = try await network.predict(sample, embedding: embedding) }
        case .vaeDecode:
            let loaded = try decoder ?? LatentDecoder(model.vaeDecoder, size, options)
            decoder = loaded
            let sample = try noise.normal(latents)
            return try await measure { _ = try loaded.image(in: await loaded.run(sample)) }
        case .picture:
            let request = GenerationRequest(
                prompts: ["a beautiful pink unicorn, 8k"], numInferenceSteps: 4, guidanceScale: 8)
            return try await measure { _ = try await pipeline.generate(request) }
        }
    }

    private func loadedDenoiser(_ side: Int) async throws -> (network: Denoiser, embedding: Denoiser.Values) {
        if let denoiser { return denoiser }
        var noise = TorchNoise(seed: 0)
        let size = Denoiser.Size(batch: 1, height: side, width: side, tokens: model.tokenCount)
        let network = try Denoiser(model, .quantized, size, options, keepsConditioning: false)
        let config = model.unet.architecture.config
        let guidance = Guidance(scale: 8, embeddingDimension: config.timeCondProjDim)
        var inputs = [
            "encoder_hidden_states": try noise.normal([1, model.tokenCount, config.encoderHidDim ?? config.contextChannels])
        ]
        inputs["timestep_cond"] = try guidance.embedding(batch: 1)
        if let addition = config.textTimeAddition {
            inputs["text_embeds"] = try noise.normal([1, addition.inputChannels - 6 * addition.timeChannels])
            inputs["time_ids"] = try Tensor(SizeConditioning().timeIDs(width: 512, height: 512), shape: [1, 6])
        }
        let condition = try await network.condition(inputs)
        let embedding = try await network.embedding(of: 999, condition: condition)
        network.releaseConditioning()
        try network.begin(condition)
        denoiser = (network, embedding)
        return (network, embedding)
    }

    private func measure(_ body: () async throws -> Void) async rethrows -> (wall: Duration, processor: Duration) {
        let (wall, processor) = (ContinuousClock.now, Self.processorTime)
        try await body()
        return (ContinuousClock.now - wall, Self.processorTime - processor)
    }

    /// Processor time of all threads of this process so far.
    private static var processorTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
