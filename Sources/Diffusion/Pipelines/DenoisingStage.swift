import Adapters
import Architectures
import Inference
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
    private let timestepType: ElementType
    private let timestepShape: Shape
    private var prompt: NetworkRunner?
    private var time: NetworkRunner?
    private let step: NetworkRunner

    private static let promptInputs: Set<String> = ["encoder_hidden_states", "timestep_cond", "text_embeds", "time_ids"]

    /// Whether what a timestep gives depends on the prompt too, as Stable Diffusion XL's does on the pooled text.
    let timesDependOnPrompt: Bool

    /// Which of the model's UNets it is.
    let precision: UNetPrecision
    /// Whether the conditions of another UNet of the model serve this one too.
    let isDonated: Bool
    /// Shapes of all that prompts and times give to a step.
    private let conditionShapes: [String: PartialShape]

    /// - Parameter donor: a UNet of the same size, whose conditions serve this one too where they have all that it needs. Its
    ///   own networks for prompts and times are then not loaded.
    init(
        _ model: LatentDiffusionModel, _ precision: UNetPrecision, _ size: Size, _ compiler: NetworkCompiler, _ log: TimingLog,
        keepsConditioning: Bool, donor: Denoiser? = nil
    ) throws {
        self.precision = precision
        self.size = size
        self.keepsConditioning = keepsConditioning
        let start = ContinuousClock.now
        var unet = try model.unet(precision).graph(
            batch: size.batch, height: size.height, width: size.width, tokens: size.tokens)
        if let report = try model.applyLoRAs(to: &unet, .unet) { log.adapted(report) }
        timesDependOnPrompt = model.family == .sdxl
        let timestep = try Self.timestepInput(unet)
        (timestepType, timestepShape) = timestep
        let firstInputs = Self.promptInputs.union(model.loras?.scales.keys.map(\.self) ?? [])
        let stages = try unet.graph.stages([firstInputs, ["timestep"], ["sample"]])
        let inputs = firstInputs.union(["timestep", "sample"])
        let suffix = precision == .float && model.floatUNet != nil ? " (float)" : ""
        log.network("unet\(suffix)") { $0.graph += ContinuousClock.now - start }
        var reads: [(name: String, read: ReadNetwork)] = []
        // Each stage tells the shapes of what the next ones take from it.
        func read(_ name: String, _ stage: Graph?) throws {
            guard let stage else { return }
            let network = try compiler.read(unet.stage(stage))
            reads.append((name + suffix, network))
            unet.shapes.merge(try network.outputShapes()) { own, _ in own }
        }
        guard let last = stages[2] else {
            throw GraphError.structure(node: "unet", reason: "nothing depends on the sample")
        }
        if let shapes = donor?.conditionShapes, last.parameterNames.allSatisfy({ shapes[$0] != nil || inputs.contains($0) }) {
            unet.shapes.merge(shapes) { own, _ in own }
            isDonated = true
        } else {
            try read("unet, prompt", stages[0])
            try read("unet, time", stages[1])
            isDonated = false
        }
        try read("unet", last)
        conditionShapes = unet.shapes
        // The large one first: the others are compiled beside it.
        let runners = try NetworkRunner.all(reads.reversed(), compiler, log)
        guard let step = runners["unet" + suffix] else { preconditionFailure("the UNet was read, and not compiled") }
        self.step = step
        prompt = runners["unet, prompt" + suffix]
        time = runners["unet, time" + suffix]
    }

    /// Exported models take integers, and may take them as scalars.
    private static func timestepInput(_ unet: SizedGraph) throws(GraphError) -> (ElementType, Shape) {
        guard let input = unet.graph.parameter(named: "timestep") else {
            throw .structure(node: unet.graph.name, reason: "it has no input 'timestep'")
        }
        let type = input.outputs[0].elementType
        guard [.f32, .i64, .i32].contains(type) else {
            throw .structure(node: input.name, reason: "timesteps of \(type) where f32, i64 or i32 are needed")
        }
        return (type, input.outputs[0].shape.rank == 0 ? [] : [1])
    }

    /// What the prompts give to every step.
    /// - Parameter inputs: `encoder_hidden_states` `[batch, tokens, channels]`, and what else the UNet takes of the prompt.
    func condition(
        _ inputs: Values, _ log: TimingLog, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Values {
        guard let prompt else { return inputs }
        return try await inputs.merging(prompt.run(inputs, log)) { _, new in new }
    }

    /// What a timestep gives to its step.
    /// - Parameter condition: of the batch; of any where all share what times depend on (see `timesDependOnPrompt`).
    func embedding(
        of timestep: Float, condition: Values, _ log: TimingLog, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Values {
        let inputs = ["timestep": try timestepTensor(timestep)]
        guard let time else { return inputs }
        try time.set(condition)
        return try await inputs.merging(time.run(inputs, log)) { _, new in new }
    }

    private func timestepTensor(_ timestep: Float) throws -> Tensor {
        switch timestepType {
        case .i64: try Tensor([Int64(timestep.rounded())], shape: timestepShape)
        case .i32: try Tensor([Int32(timestep.rounded())], shape: timestepShape)
        default: try Tensor([timestep], shape: timestepShape)
        }
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
    /// - Returns: the network's outputs: `out_sample`, of the same shape, and what else it gives.
    func predict(
        _ sample: Tensor, embedding: Values, _ log: TimingLog, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Values {
        try await step.run(embedding.merging(["sample": sample]) { own, _ in own }, log)
    }
}

extension Graph {
    /// Of all inputs; the first name of each.
    fileprivate var parameterNames: [String] {
        nodes.filter { $0.type == "Parameter" }.map { $0.outputs[0].names.first ?? $0.name }
    }
}

extension SizedGraph {
    /// A stage cut from this graph, with the shapes that concern it.
    fileprivate func stage(_ graph: Graph) -> SizedGraph {
        SizedGraph(graph, shapes: shapes.filter { name, _ in graph.parameter(named: name) != nil })
    }
}
