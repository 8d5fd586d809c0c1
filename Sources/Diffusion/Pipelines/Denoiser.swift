import Adapters
import Architectures
import Inference
import ModelGraph
import ModelLoading
import TensorStore

/// The UNet at one size and batch, split into three networks: the parts that depend on the prompt, the parts that depend on the
/// timestep, and the rest.
///
/// Keys and values of a prompt are computed once a prompt, and embeddings of timesteps once a schedule, instead of at every step.
final class Denoiser {
    /// The sizes that a UNet is compiled for.
    struct Size: Hashable {
        let batch: Int
        /// The height of the latents.
        let height: Int
        let width: Int
        let tokens: Int
    }

    /// Inputs and outputs of networks, by name.
    typealias Values = [String: Tensor]

    let size: Size
    let precision: UNetPrecision
    /// Whether a timestep's embedding also depends on the prompt, as with Stable Diffusion XL's pooled text state.
    let timesDependOnPrompt: Bool
    /// Whether this UNet uses the conditions of another UNet of the model.
    let isDonated: Bool
    /// The report of LoRA keys applied to the UNet; nil where no LoRA is for it.
    let adaptation: LoRAReport?
    private let keepsConditioning: Bool
    private let timestepType: ElementType
    private let timestepShape: Shape
    private var prompt: Executable?
    private var time: Executable?
    private let step: Executable
    /// Shapes of all outputs of the prompt and time networks that are inputs of a step.
    private let conditionShapes: [String: PartialShape]
    /// Timings of released networks.
    private var releasedTimings: [NetworkTimings] = []

    private static let promptInputs: Set<String> = ["encoder_hidden_states", "timestep_cond", "text_embeds", "time_ids"]

    /// - Parameters:
    ///   - keepsConditioning: whether the networks for prompt and time stay loaded.
    ///   - donor: a UNet of the same size. If its conditions include all conditions of this UNet, they are used, and this UNet's
    ///     own networks for prompt and time are not loaded.
    init(
        _ model: LatentDiffusionModel, _ precision: UNetPrecision, _ size: Size, _ options: CompileOptions,
        keepsConditioning: Bool, donor: Denoiser? = nil
    ) throws {
        self.precision = precision
        self.size = size
        self.keepsConditioning = keepsConditioning
        timesDependOnPrompt = model.family == .sdxl
        let start = ContinuousClock.now
        var unet = try model.unet(precision).graph(
            batch: size.batch, height: size.height, width: size.width, tokens: size.tokens)
        adaptation = try model.applyLoRAs(to: &unet, .unet)
        (timestepType, timestepShape) = try Self.timestepInput(unet)
        let promptInputs = Self.promptInputs.union(model.loras?.scaleInputs ?? [])
        let stages = try unet.stages([promptInputs, ["timestep"], ["sample"]])
        guard var last = stages[2] else { throw GraphError.structure(node: "unet", reason: "nothing depends on the sample") }
        let graphDuration = ContinuousClock.now - start

        let suffix = precision == .float && model.floatUNet != nil ? " (float)" : ""
        var networks: [(name: String, graph: SizedGraph)] = []
        let inputs = promptInputs.union(["timestep", "sample"])
        if let shapes = donor?.conditionShapes, last.graph.parameterNames.isSubset(of: inputs.union(shapes.keys)) {
            isDonated = true
            last.shapes.merge(shapes.filter { last.graph.parameter(named: $0.key) != nil }) { own, _ in own }
        } else {
            isDonated = false
            if let stage = stages[0] { networks.append(("unet, prompt" + suffix, stage)) }
            if let stage = stages[1] { networks.append(("unet, time" + suffix, stage)) }
        }
        networks.append(("unet" + suffix, last))
        var executables = try Executable.compile(networks, options, graphDuration: graphDuration)
        step = executables.removeLast()
        prompt = executables.first { $0.name.hasPrefix("unet, prompt") }
        time = executables.first { $0.name.hasPrefix("unet, time") }
        conditionShapes = executables.reduce(into: isDonated ? donor?.conditionShapes ?? [:] : [:]) {
            $0.merge($1.outputShapes) { $1 }
        }
    }

    /// Type and shape of the input `timestep`: exported models have integers, some of them scalars.
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

    /// The part of every step that depends on the prompts.
    /// - Parameter inputs: `encoder_hidden_states` `[batch, tokens, channels]`, and the UNet's other inputs for the prompt.
    func condition(_ inputs: Values) async throws -> Values {
        guard let prompt else { return inputs }
        return try await inputs.merging(prompt.run(inputs)) { _, new in new }
    }

    /// The part of a step that depends on its timestep.
    /// - Parameter condition: the batch's condition; any batch's where `timesDependOnPrompt` is false.
    func embedding(of timestep: Float, condition: Values) async throws -> Values {
        let inputs = ["timestep": try timestepTensor(timestep)]
        guard let time else { return inputs }
        try time.set(condition)
        return try await inputs.merging(time.run(inputs)) { _, new in new }
    }

    private func timestepTensor(_ timestep: Float) throws -> Tensor {
        switch timestepType {
        case .i64: try Tensor([Int64(timestep.rounded())], shape: timestepShape)
        case .i32: try Tensor([Int32(timestep.rounded())], shape: timestepShape)
        default: try Tensor([timestep], shape: timestepShape)
        }
    }

    /// Releases the networks for prompt and time, unless they stay loaded; called after the last prompt and timestep.
    func releaseConditioning() {
        guard !keepsConditioning else { return }
        releasedTimings += [time, prompt].compactMap { $0?.takeTimings() }
        prompt = nil
        time = nil
    }

    /// Sets the condition that all steps of a batch share.
    func begin(_ condition: Values) throws { try step.set(condition) }

    /// One prediction under the condition that `begin` set.
    /// - Parameter sample: `[batch, C, h, w]`.
    /// - Returns: the UNet's outputs: `out_sample`, in the shape of `sample`, and any added outputs.
    func predict(_ sample: Tensor, embedding: Values) async throws -> Values {
        try await step.run(embedding.merging(["sample": sample]) { own, _ in own })
    }

    /// Timings of all networks since the last call.
    func takeTimings() -> [NetworkTimings] {
        defer { releasedTimings = [] }
        return [step, time, prompt].compactMap { $0?.takeTimings() } + releasedTimings
    }
}

extension Graph {
    /// The first name of each input.
    fileprivate var parameterNames: Set<String> { Set(parameters.map { $0.outputs[0].names.first ?? $0.name }) }
}
