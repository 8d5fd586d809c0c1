public import Foundation
public import Inference
public import ModelLoading
public import TensorStore

/// Generates pictures from texts and from other pictures with latent diffusion models (Rombach et al. 2022), with one or two
/// predictions a step.
///
/// Its counterparts are diffusers' `StableDiffusionPipeline`, `StableDiffusionXLPipeline` and `LatentConsistencyModelPipeline`,
/// with their pipelines for image-to-image and inpainting: the same seed gives the same picture, to rounding. Two differences are
/// intended. In inpainting each picture draws all of its noise from its own generator, while diffusers draws the noise of the
/// initial image from the first picture's generator. Without a size, pictures have the initial image's size, not the model's, or
/// the model's area where the image is far larger.
///
/// Not `Sendable`: one request at a time.
public final class LatentDiffusionPipeline {
    public let model: LatentDiffusionModel
    public let memory: MemoryPolicy
    private var networks: LoadedNetworks
    private var isBusy = false

    public init(
        _ model: LatentDiffusionModel, compile options: CompileOptions = CompileOptions(), memory: MemoryPolicy = .resident
    ) {
        self.model = model
        self.memory = memory
        networks = LoadedNetworks(model, options)
    }

    /// Reads the model in the folder or file at `url`; weights are mapped, and read when a network is compiled.
    /// - Throws: as `LatentDiffusionModel.init`.
    public convenience init(
        contentsOf url: URL, compile options: CompileOptions = CompileOptions(), memory: MemoryPolicy = .resident
    ) throws {
        self.init(try LatentDiffusionModel(ModelSource(url)), compile: options, memory: memory)
    }

    /// The default width and height of pictures: the size that the UNet was trained on.
    public var defaultSize: Int { model.defaultSize }

    /// Checks that a request can be drawn in the memory that the policy or the machine allows, by an estimate of the least that it
    /// takes. `generate` draws whatever is asked for.
    /// - Throws: `GenerationError.memory`.
    public func checkMemory(for request: ResolvedRequest) throws(GenerationError) {
        let needed = MemoryPolicy.leastBytes(of: model, request, networks.options.namedPrecision)
        func check(_ available: Int, isLimit: Bool) throws(GenerationError) {
            guard needed > available else { return }
            throw .memory(
                width: request.size.width, height: request.size.height, needed: needed, available: available, isLimit: isLimit)
        }
        if case .limit(let bytes) = memory { try check(bytes, isLimit: true) }
        try check(SystemMemory.bytes, isLimit: false)
    }

    /// Draws all pictures of a request.
    ///
    /// Cancelling the task stops the work after the current node of a network. Where a 16-bit precision gives values that are not
    /// finite, this request and all later ones are computed in f32, with a warning.
    /// - Parameter report: called with each event, on the caller's isolation.
    /// - Throws: `GenerationError`, `SchedulerError`, `NoiseError` before any network is loaded; `OpenVINOError`;
    ///   `CancellationError`; the errors of `report`.
    public func generate(
        _ request: GenerationRequest, report: (GenerationEvent) throws -> Void = { _ in }
    ) async throws -> GenerationResult {
        var delivered: Set<Int> = []
        do {
            let run = try await finished(request, decodes: true) { event in
                try report(event)
                if case .picture(let picture) = event { delivered.insert(picture.index) }
            }
            return GenerationResult(pictures: run.pictures, timings: run.timings, warnings: run.plan.warnings)
        } catch GenerationError.notFinite(let network, let precision) where networks.options.namedPrecision != .f32 {
            let warning =
                "The \(network) computed values that are not numbers in \(precision); pictures are computed again in f32."
            try report(.warning(warning))
            computeExactly()
            let run = try await finished(request, decodes: true) { event in
                switch event {
                case .accepted: break
                case .picture(let picture) where delivered.contains(picture.index): break
                default: try report(event)
                }
            }
            return GenerationResult(pictures: run.pictures, timings: run.timings, warnings: run.plan.warnings + [warning])
        }
    }

    /// Denoises all pictures of a request without decoding them, for work with the UNet alone, such as calibration.
    /// - Returns: the finished latents of each picture, `[1, C, h, w]`.
    /// - Throws: as `generate`.
    public func denoise(
        _ request: GenerationRequest, report: (GenerationEvent) throws -> Void = { _ in }
    ) async throws -> [Tensor] {
        try await finished(request, decodes: false, report).undecoded.map(\.latents)
    }

    /// A run of a request, not yet started.
    /// - Throws: `GenerationError`, `SchedulerError`, `NoiseError`.
    func run(_ request: GenerationRequest) throws -> GenerationRun { try GenerationRun(request, model, networks, memory) }

    /// Replaces the networks by networks in f32.
    private func computeExactly() {
        var options = networks.options
        options.precision = .f32
        networks.release()
        networks = LoadedNetworks(model, options)
    }

    /// Allows one run at a time: an actor that awaits one run may start another, which would set its inputs in the same networks.
    private func finished(
        _ request: GenerationRequest, decodes: Bool, _ report: (GenerationEvent) throws -> Void
    ) async throws -> GenerationRun {
        guard !isBusy else { throw GenerationError.busy }
        isBusy = true
        defer { isBusy = false }
        _ = (networks.takeTimings(), networks.takeAdaptations()) // of a request that failed
        let run = try run(request)
        // Also after an error: the next request must not find a UNet whose networks for prompts are released.
        run.releaseNetworks()
        defer { run.releaseNetworks() }
        try await run.run(decodes: decodes, report)
        return run
    }
}
