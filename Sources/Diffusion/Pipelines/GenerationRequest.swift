public import TensorStore

/// What to draw, and how.
public struct GenerationRequest: Sendable {
    /// Texts, none of them empty.
    public var prompts: [String]
    /// nil for the model's own size. Multiples of the VAE's factor, 8.
    public var width: Int?
    public var height: Int?
    public var numInferenceSteps: Int
    /// Timesteps by hand instead of a number of steps, descending.
    public var timesteps: [Int]?
    /// How closely a picture follows its prompt; the model was trained on about 3 to 15.
    public var guidanceScale: Double
    /// Of the schedule that the model was distilled on; nil for the scheduler config's.
    public var originalInferenceSteps: Int?
    public var imagesPerPrompt: Int
    public var noise: Noise
    /// Pictures that go through the network together.
    public var batchSize: Int
    /// Which UNet makes which step.
    public var precision: PrecisionSchedule
    /// Decodes what is foreseen after every so many steps; nil for never.
    public var previewInterval: Int?

    /// Whose random numbers the noise is made of.
    public enum Generator: String, Sendable, CaseIterable {
        /// PyTorch's generator on the CPU.
        case torch
        /// NumPy's `RandomState`.
        case numpy
    }

    /// Where the noise comes from. Pictures are counted with all of one prompt's before the next prompt's.
    public enum Noise: Sendable {
        /// A generator for each picture, with seeds `first`, `first` + 1 …: each picture can be drawn again alone.
        case seedPerPicture(first: UInt64, Generator)
        /// One generator that draws for all pictures at once.
        case oneSeed(UInt64, Generator)
        /// `[k, B, C, h, w]`: the latents, then each step's noise; `[B, C, h, w]`: the latents, and the steps' noise by seed.
        case tensor(Tensor, file: String, seed: UInt64, Generator)
    }

    public init(
        prompts: [String], width: Int? = nil, height: Int? = nil, numInferenceSteps: Int = 4, timesteps: [Int]? = nil,
        guidanceScale: Double = 8, originalInferenceSteps: Int? = nil, imagesPerPrompt: Int = 1,
        noise: Noise = .seedPerPicture(first: 0, .torch), batchSize: Int = 1, precision: PrecisionSchedule = .uniform,
        previewInterval: Int? = nil
    ) {
        self.prompts = prompts
        self.width = width
        self.height = height
        self.numInferenceSteps = numInferenceSteps
        self.timesteps = timesteps
        self.guidanceScale = guidanceScale
        self.originalInferenceSteps = originalInferenceSteps
        self.imagesPerPrompt = imagesPerPrompt
        self.noise = noise
        self.batchSize = batchSize
        self.precision = precision
        self.previewInterval = previewInterval
    }

    /// Pictures in all.
    public var pictureCount: Int { prompts.count * imagesPerPrompt }

    var schedule: ScheduleRequest {
        ScheduleRequest(
            timesteps.map { .timesteps($0) } ?? .count(numInferenceSteps), originalInferenceSteps: originalInferenceSteps)
    }
}
