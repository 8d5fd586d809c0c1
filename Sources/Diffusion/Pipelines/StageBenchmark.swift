import Architectures
import Foundation
public import ModelLoading
import TensorStore

/// Runs single stages of a pipeline again and again, each loaded at its first run, for comparisons with other programs.
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
    private let pipeline: LatentConsistencyModelPipeline
    private let compiler: NetworkCompiler
    private var textEncoder: NetworkRunner?
    private var denoiser: (network: Denoiser, embedding: Denoiser.Values)?
    private var decoder: Decoder?
    private let log = TimingLog()

    public init(_ model: LatentDiffusionModel, compile options: CompileOptions) {
        self.model = model
        compiler = NetworkCompiler(options)
        pipeline = LatentConsistencyModelPipeline(model, compile: options)
    }

    /// What loading took, by network.
    public var timings: GenerationTimings { log.timings }

    /// Runs `stage` once, at the model's own size.
    /// - Returns: what the run took by the clock and of all processors, without loading.
    public func run(
        _ stage: Stage, isolation: isolated (any Actor)? = #isolation
    ) async throws -> (wall: Duration, processor: Duration) {
        let side = pipeline.defaultSize / model.autoencoder.spatialFactor
        let latents: Shape = [1, model.autoencoder.latentChannels, side, side]
        var noise = TorchNoise(seed: 0)
        switch stage {
        case .textEncoder:
            let stage = TextEncodingStage(model: model)
            let runner = try textEncoder ?? stage.makeRunner(compiler, log)
            textEncoder = runner
            let tokens = try stage.tokenize(["a beautiful pink unicorn, 8k"]) { _ in }
            return try await measure { _ = try await stage.encode(tokens, with: runner, log) }
        case .unetStep:
            let (network, embedding) = try await loadedDenoiser(side)
            let sample = try noise.normal(latents)
            return try await measure { _ = try await network.predict(sample, embedding: embedding, log) }
        case .vaeDecode:
            let loaded = try decoder ?? Decoder(model, height: side, width: side, compiler, log)
            decoder = loaded
            let sample = try noise.normal(latents)
            return try await measure { _ = try await loaded.decode(sample, log) }
        case .picture:
            let request = GenerationRequest(prompts: ["a beautiful pink unicorn, 8k"])
            return try await measure { _ = try await pipeline.generate(request) }
        }
    }

    private func loadedDenoiser(
        _ side: Int, isolation: isolated (any Actor)? = #isolation
    ) async throws -> (network: Denoiser, embedding: Denoiser.Values) {
        if let denoiser { return denoiser }
        var noise = TorchNoise(seed: 0)
        let size = Denoiser.Size(batch: 1, height: side, width: side, tokens: model.tokenCount)
        let network = try Denoiser(model, .quantized, size, compiler, log, keepsConditioning: false)
        let states = try noise.normal([1, model.tokenCount, model.textEncoder.architecture.config.hiddenSize])
        let guidance = try guidanceScaleEmbedding([7], dimension: model.unet.architecture.config.timeCondProjDim ?? 0)
        let condition = try await network.condition(states: states, guidance: guidance, log)
        let embedding = try await network.embedding(of: 999, condition: condition, log)
        network.releaseConditioning()
        try network.begin(condition)
        denoiser = (network, embedding)
        return (network, embedding)
    }

    private func measure(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Void
    ) async rethrows -> (wall: Duration, processor: Duration) {
        let (wall, processor) = (ContinuousClock.now, Self.processorTime)
        try await body()
        return (ContinuousClock.now - wall, Self.processorTime - processor)
    }

    /// What all threads of this process have used so far.
    private static var processorTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
