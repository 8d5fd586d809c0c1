public import Imaging
public import TensorStore
public import Tokenizers

/// What to draw, and how.
public struct GenerationRequest: Sendable {
    /// Texts, none of them empty. All become as many chunks of tokens as the longest has: to draw each as it would be drawn alone,
    /// ask for texts of different length one by one.
    public var prompts: [String]
    /// What pictures shall not be like; of effect where guidance compares two predictions (see `guidanceScale`).
    public var negativePrompt: String?
    /// How texts are read.
    public var promptMode = PromptMode.weighted
    /// Layers of the text encoder that are left out; of the prompt alone, as in diffusers.
    public var clipSkip: ClipSkip?
    /// nil for the model's own size, or that of the picture to begin with. Multiples of the VAE's factor, 8.
    public var width: Int?
    public var height: Int?
    /// A picture to begin with; nil to begin with noise.
    public var initialImage: InitialImage?
    public var numInferenceSteps: Int
    /// Timesteps by hand instead of a number of steps, descending.
    public var timesteps: [Int]?
    /// In place of the model's own.
    public var scheduler: SchedulerConfig?
    /// Noise that DDIM and TCD add at each step, 0 to 1.
    public var eta: Double?
    /// How closely a picture follows its prompt. Latent consistency models were trained on about 3 to 15. Others compare two
    /// predictions where it is above 1, with the prompt and with the negative one; 1 and less cost one.
    public var guidanceScale: Double
    /// Brings the contrast of what strong guidance makes back to that of the prompt's own prediction: 0 for not at all, to 1
    /// (Lin et al. 2023, https://arxiv.org/abs/2305.08891, section 3.4).
    public var guidanceRescale = 0.0
    /// What Stable Diffusion XL is told of the size of pictures.
    public var sizeConditioning = SizeConditioning()
    /// What it is told with the negative prompt; nil for the same.
    public var negativeSizeConditioning: SizeConditioning?
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
    /// How strongly each of the model's LoRAs works in this request; nil for the scales that they were added with. For a model
    /// whose `loraForm` is `.runtime`: nothing is compiled anew for other scales.
    public var loraScales: [Float]?
    /// Whether the model's safety checker looks at each picture; what it finds is blurred.
    public var checksSafety = false

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
}

/// A picture that drawing begins with.
public struct InitialImage: Sendable {
    /// Resized to what is drawn.
    public var image: RGBImage
    /// White where the picture is drawn anew, black where it is kept; nil to change all of it. Resized likewise.
    public var mask: RGBImage?
    /// How much of the way from noise is taken, above 0: 1 leaves nothing of the picture but, with a mask, what is kept.
    public var strength: Double

    public init(_ image: RGBImage, mask: RGBImage? = nil, strength: Double) {
        self.image = image
        self.mask = mask
        self.strength = strength
    }
}

/// Sizes that Stable Diffusion XL was trained to know of a picture (Podell et al. 2023, https://arxiv.org/abs/2307.01952).
public struct SizeConditioning: Sendable, Equatable {
    /// In pixels, before it was scaled for training; nil for the size that is drawn. Small ones make pictures blurred.
    public var originalSize: PictureSize?
    /// What was cut off, in pixels; anything but 0 makes pictures look cut off.
    public var cropTop = 0
    public var cropLeft = 0
    /// nil for the size that is drawn.
    public var targetSize: PictureSize?

    public init() {}

    public struct PictureSize: Sendable, Equatable {
        public var width: Int
        public var height: Int

        public init(width: Int, height: Int) {
            self.width = width
            self.height = height
        }
    }

    /// The six numbers that the UNet takes.
    func timeIDs(width: Int, height: Int) -> [Float] {
        let drawn = PictureSize(width: width, height: height)
        let (original, target) = (originalSize ?? drawn, targetSize ?? drawn)
        return [original.height, original.width, cropTop, cropLeft, target.height, target.width].map { Float($0) }
    }
}
