import Architectures
import ModelGraph
import ModelLoading
import TensorStore

/// The UNet at one size and batch, cut in three: what depends on the prompt, what on the timestep, and the rest.
///
/// Keys and values of the prompt and the embeddings of the schedule are so computed once and not at every step.
final class Denoiser {
    /// What a UNet is compiled for.
    struct Size: Hashable {
        let batch: Int
        /// Of the latents.
        let height: Int
        let width: Int
        let tokens: Int
    }

    /// What one run of a network gives to the next, by names.
    typealias Values = [String: Tensor]

    let size: Size
    private let keepsConditioning: Bool
    private var prompt: NetworkRunner?
    private var time: NetworkRunner?
    private let step: NetworkRunner

    private static let promptInputs: Set<String> = ["encoder_hidden_states", "timestep_cond"]

    init(_ model: LatentDiffusionModel, _ size: Size, _ compiler: NetworkCompiler, _ log: TimingLog, keepsConditioning: Bool)
        throws
    {
        self.size = size
        self.keepsConditioning = keepsConditioning
        let start = ContinuousClock.now
        let graph = try model.unet.graph(
            model.unetWeights,
            .init(batch: .fixed(size.batch), height: .fixed(size.height), width: .fixed(size.width), tokens: .fixed(size.tokens)))
        let stages = try graph.stages([Self.promptInputs, ["timestep"], ["sample"]])
        log.network("unet") { $0.graph += ContinuousClock.now - start }
        prompt = try stages[0].map { graph in try NetworkRunner("unet, prompt", compiler, log) { graph } }
        time = try stages[1].map { graph in try NetworkRunner("unet, time", compiler, log) { graph } }
        guard let last = stages[2] else { throw GraphError.structure(node: "unet", reason: "nothing depends on the sample") }
        step = try NetworkRunner("unet", compiler, log) { last }
    }

    /// What the prompts give to every step.
    /// - Parameters:
    ///   - states: of the text, `[batch, tokens, channels]`.
    ///   - guidance: the guidance embedding, `[batch, time_cond_proj_dim]`.
    func condition(
        states: Tensor, guidance: Tensor, _ log: TimingLog, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Values {
        let inputs = ["encoder_hidden_states": states, "timestep_cond": guidance]
        guard let prompt else { return inputs }
        return try await inputs.merging(prompt.run(inputs, log)) { _, new in new }
    }

    /// What a timestep gives to its step.
    /// - Parameter condition: of one of the batches; the embedding of guidance, which they share, is part of it.
    func embedding(
        of timestep: Float, condition: Values, _ log: TimingLog, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Values {
        let inputs = ["timestep": try Tensor([timestep], shape: [1])]
        guard let time else { return inputs }
        try time.set(condition)
        return try await inputs.merging(time.run(inputs, log)) { _, new in new }
    }

    /// Tells that no more prompts or timesteps follow for now: where memory is short, their networks go.
    func releaseConditioning() {
        guard !keepsConditioning else { return }
        prompt = nil
        time = nil
    }

    /// Sets what all steps of a batch have in common.
    func begin(_ condition: Values) throws { try step.set(condition) }

    /// One prediction, under the condition last begun with.
    /// - Parameter sample: `[batch, C, h, w]`.
    /// - Returns: the network's output, of the same shape.
    func predict(
        _ sample: Tensor, embedding: Values, _ log: TimingLog, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Tensor {
        try await step.run(embedding.merging(["sample": sample]) { own, _ in own }, log).required("out_sample")
    }
}
