public import TensorStore

/// A sampling algorithm with its plan: made for one number of steps, it needs no other preparation.
///
/// A value with one file a type. A solver with history keeps it inside, so `step` is `mutating`; steps are then taken
/// in order, each once. Tensors are f32, `[B, C, h, w]`. To add one: a file with the type and its config, a line in
/// `SchedulerConfig.classes`, a name in `SchedulerName.all`, and a golden.
public protocol Scheduler: Sendable {
    /// The training index of each network call, noisiest first, after the strength has left out the first ones; whole numbers
    /// with most schedulers. Solvers that call the network twice a step have as many here.
    var timesteps: [Float] { get }

    /// The factor of standard normal noise in the first sample, where the strength is 1.
    var initNoiseSigma: Float { get }

    /// Whether the finished latents are the last step's `denoised`, and not its `previous`. They differ in one case only: an
    /// LCM whose timesteps, given by hand, were cut by `.shortensOriginalSchedule`.
    var finishesWithDenoised: Bool { get }

    /// Properties of this plan that may spoil the picture, a sentence each.
    var warnings: [String] { get }

    /// The network's input for the sample at position `index` of `timesteps`.
    func scaleModelInput(_ sample: Tensor, at index: Int) throws(SchedulerError) -> Tensor

    /// Whether `step` at position `index` takes a draw of noise; true also where diffusers draws noise and adds none of it.
    func needsNoise(at index: Int) -> Bool

    /// One step, from the sample at position `index` of `timesteps` to the next.
    /// - Parameters:
    ///   - output: the network's prediction, of the shape of `sample`.
    ///   - noise: standard normal, of the shape of `sample`; not read where `needsNoise(at:)` is false.
    /// - Throws: `SchedulerError.position`, `.tensor`, or `.noise` where noise is needed and absent.
    mutating func step(_ index: Int, output: Tensor, sample: Tensor, noise: Tensor?) throws(SchedulerError)
        -> SchedulerStep

    /// The sample at position `index` of `timesteps` that a picture's latents become: where image to image starts (at 0), and
    /// what inpainting keeps of the picture after the step before.
    func addNoise(_ noise: Tensor, to latents: Tensor, at index: Int) throws(SchedulerError) -> Tensor
}

extension Scheduler {
    public var initNoiseSigma: Float { 1 }
    public var finishesWithDenoised: Bool { false }
    public var warnings: [String] { [] }
    public func scaleModelInput(_ sample: Tensor, at index: Int) throws(SchedulerError) -> Tensor { sample }
    public func needsNoise(at index: Int) -> Bool { false }

    /// - Throws: `SchedulerError.position` where no timestep stands at `index`.
    func check(position index: Int) throws(SchedulerError) {
        guard timesteps.indices.contains(index) else { throw .position(index, count: timesteps.count) }
    }
}

/// The result of a step.
public struct SchedulerStep: Sendable {
    /// The sample for the next network call; at the last position, the finished latents.
    public let previous: Tensor
    /// The finished latents as they are predicted at this step: what a preview shows.
    public let denoised: Tensor

    public init(previous: Tensor, denoised: Tensor) {
        self.previous = previous
        self.denoised = denoised
    }
}
