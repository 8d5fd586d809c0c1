public import TensorStore

/// A sampling algorithm with its plan for a fixed number of steps; it needs no other preparation.
///
/// A value type. A solver keeps its history inside, so `step` is `mutating`; steps are taken in order, each once. Tensors are
/// f32, `[B, C, h, w]`. A new scheduler needs a file with the type and its config, a line in `SchedulerConfig.classes`, a name in
/// `SchedulerName.all`, and a golden test.
public protocol Scheduler: Sendable {
    /// The training index of each network call, noisiest first, without those that the strength skips; whole numbers for most
    /// schedulers. Solvers with two network calls a step have two timesteps for it.
    var timesteps: [Float] { get }

    /// Network calls of a step; 2 for solvers of second order without a memory.
    var callsPerStep: Int { get }

    /// The factor of standard normal noise in the first sample at strength 1.
    var initNoiseSigma: Float { get }

    /// Whether the finished latents are the last step's `denoised` instead of its `previous`. They differ in one case only: an
    /// LCM with explicit timesteps that `.shortensOriginalSchedule` has cut.
    var finishesWithDenoised: Bool { get }

    /// Warnings about plans that may spoil the picture, a sentence each.
    var warnings: [String] { get }

    /// The network's input for the sample at position `index` of `timesteps`.
    func scaleModelInput(_ sample: Tensor, at index: Int) throws(SchedulerError) -> Tensor

    /// Whether `step` at position `index` takes a draw of noise; also true where diffusers draws noise without using it.
    func needsNoise(at index: Int) -> Bool

    /// One step, from the sample at position `index` of `timesteps` to the next.
    /// - Parameters:
    ///   - output: the network's prediction, in the shape of `sample`.
    ///   - noise: standard normal, in the shape of `sample`; not read where `needsNoise(at:)` is false.
    /// - Throws: `SchedulerError.position`, `.tensor`, or `.noise` where required noise is missing.
    mutating func step(_ index: Int, output: Tensor, sample: Tensor, noise: Tensor?) throws(SchedulerError)
        -> SchedulerStep

    /// A picture's latents with the noise level of position `index` in `timesteps`: the first sample of image to image (index 0),
    /// or the kept part in inpainting after the step before.
    func addNoise(_ noise: Tensor, to latents: Tensor, at index: Int) throws(SchedulerError) -> Tensor
}

extension Scheduler {
    public var callsPerStep: Int { 1 }
    public var initNoiseSigma: Float { 1 }
    public var finishesWithDenoised: Bool { false }
    public var warnings: [String] { [] }
    public func scaleModelInput(_ sample: Tensor, at index: Int) throws(SchedulerError) -> Tensor { sample }
    public func needsNoise(at index: Int) -> Bool { false }

    /// - Throws: `SchedulerError.position` where `timesteps` has no position `index`.
    func check(position index: Int) throws(SchedulerError) {
        guard timesteps.indices.contains(index) else { throw .position(index, count: timesteps.count) }
    }
}

/// The result of a step.
public struct SchedulerStep: Sendable {
    /// The sample after this step: the input of the next network call, or after the last step the finished latents.
    public let previous: Tensor
    /// The finished latents predicted at this step, for previews.
    public let denoised: Tensor

    public init(previous: Tensor, denoised: Tensor) {
        self.previous = previous
        self.denoised = denoised
    }
}
