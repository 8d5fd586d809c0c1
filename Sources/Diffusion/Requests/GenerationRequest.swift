public import TensorStore
public import Tokenizers

/// What to draw, and how.
///
/// An option that is nil has the model's default, which `LatentDiffusionPipeline` puts in its place (see `ResolvedRequest`). In
/// JSON the options have the names of `GenerationRequest.keys`. A new option is a property here, a line in `options` with its
/// name and range, and its use.
public struct GenerationRequest: Sendable, Codable {
    /// Texts, none of them empty. All become as many chunks of tokens as the longest has: to draw each as it would be drawn alone,
    /// ask for texts of different length one by one.
    public var prompts: [String]
    /// A text that pictures shall not be like; of effect where guidance compares two predictions (see `guidanceScale`).
    public var negativePrompt: String?
    /// How texts are read.
    public var promptMode = PromptMode.weighted
    /// Layers of the text encoder that are left out; of the prompt alone, as in diffusers.
    public var clipSkip: ClipSkip?
    /// In pixels, a multiple of the VAE's factor, 8; nil for the size of `image`, or else the model's own.
    public var width: Int?
    public var height: Int?
    /// A picture to begin with; nil to begin with noise.
    public var image: ImageSource?
    /// White where `image` is drawn anew, black where it is kept; nil to change all of it.
    public var mask: ImageSource?
    /// How much of the way from noise is taken, above 0 to 1: 1 leaves nothing of `image` but, with a mask, the part that is kept.
    public var strength: Double?
    /// Steps of denoising.
    public var numInferenceSteps: Int?
    /// Timesteps in place of a number of steps, descending.
    public var timesteps: [Int]?
    /// A scheduler in place of the model's own.
    public var scheduler: SchedulerSource?
    /// Options in place of the scheduler's; without effect for `.config`.
    public var schedulerOptions = SchedulerOptionsOverride()
    /// Noise that DDIM and TCD add at each step, 0 to 1; nil for none with DDIM, and TCD's default.
    public var eta: Double?
    /// How closely a picture follows its prompt. Latent consistency models were trained on about 3 to 15. Others compare two
    /// predictions where it is above 1, with the prompt and with the negative one; 1 and less cost one.
    public var guidanceScale: Double?
    /// Brings the contrast of what strong guidance makes back to that of the prompt's own prediction: 0 for not at all, to 1
    /// (Lin et al. 2023, https://arxiv.org/abs/2305.08891, section 3.4).
    public var guidanceRescale = 0.0
    /// The sizes that Stable Diffusion XL is told with the prompt.
    public var sizeConditioning = SizeConditioning()
    /// The sizes that it is told with the negative prompt; nil for the same.
    public var negativeSizeConditioning: SizeConditioning?
    /// Steps of the schedule that the model was distilled on; nil for the scheduler config's.
    public var originalInferenceSteps: Int?
    public var imagesPerPrompt: Int
    /// Of the first picture. Pictures are counted with all of one prompt's before the next prompt's; picture i has the seed
    /// `seed` + i, and can be drawn again alone.
    public var seed: UInt64
    /// Whether one generator, of `seed`, draws for all pictures at once; a picture can then not be drawn again alone.
    public var sharesGenerator = false
    public var noise: Noise
    /// Pictures that go through the network together.
    public var batchSize: Int
    /// The UNet of each step.
    public var precision: PrecisionSchedule
    /// Steps from one preview to the next; nil for no previews. The last step's is the picture itself.
    public var previewInterval: Int?
    /// How strongly each of the model's LoRAs works in this request; nil for the scales that they were added with. For a model
    /// whose `loraForm` is `.runtime`: nothing is compiled anew for other scales.
    public var loraScales: [Float]?
    /// Whether the model's safety checker looks at each picture; a picture that it flags is blurred.
    public var checksSafety = false

    public init(
        prompts: [String], width: Int? = nil, height: Int? = nil, numInferenceSteps: Int? = nil, timesteps: [Int]? = nil,
        guidanceScale: Double? = nil, originalInferenceSteps: Int? = nil, imagesPerPrompt: Int = 1, seed: UInt64 = 0,
        noise: Noise = .torch, batchSize: Int = 1, precision: PrecisionSchedule = .uniform, previewInterval: Int? = nil
    ) {
        self.prompts = prompts
        self.width = width
        self.height = height
        self.numInferenceSteps = numInferenceSteps
        self.timesteps = timesteps
        self.guidanceScale = guidanceScale
        self.originalInferenceSteps = originalInferenceSteps
        self.imagesPerPrompt = imagesPerPrompt
        self.seed = seed
        self.noise = noise
        self.batchSize = batchSize
        self.precision = precision
        self.previewInterval = previewInterval
    }

    /// One picture of a text, with the model's defaults.
    public init(_ prompt: String, seed: UInt64 = 0) { self.init(prompts: [prompt], seed: seed) }

    /// Pictures in all.
    public var pictureCount: Int { prompts.count * imagesPerPrompt }

    /// The seed that redraws picture `index` alone; nil where its noise comes from a shared generator or a file.
    public func seed(ofPicture index: Int) -> UInt64? {
        switch noise {
        case .torch, .numpy: sharesGenerator ? nil : seed &+ UInt64(index)
        case .file, .tensor: nil
        }
    }
}

extension GenerationRequest {
    /// An implementation of random numbers.
    public enum Generator: String, Sendable, CaseIterable {
        /// PyTorch's generator on the CPU.
        case torch
        /// NumPy's `RandomState`.
        case numpy
    }

    /// The source of the noise.
    ///
    /// Tensors and files are `[k, B, C, h, w]`, the latents and then each step's noise, or `[B, C, h, w]`, the latents alone; the
    /// steps' noise then comes from `Generator`.
    public enum Noise: Sendable {
        case torch
        case numpy
        /// The path of a .npy file.
        case file(String, steps: Generator = .torch)
        /// - Parameter name: stands in errors.
        case tensor(Tensor, name: String, steps: Generator = .torch)
    }
}

/// A scheduler in place of a model's own.
public enum SchedulerSource: Sendable, Equatable {
    /// One of `SchedulerName.all`, or a class of diffusers; it takes over the options of the model's own that it has too.
    case named(String)
    /// Complete options; JSON leaves them out.
    case config(SchedulerConfig)
}

/// Sizes that Stable Diffusion XL was trained to know of a picture (Podell et al. 2023, https://arxiv.org/abs/2307.01952).
public struct SizeConditioning: Sendable, Equatable {
    /// In pixels, before it was scaled for training; nil for the size that is drawn. Small ones make pictures blurred.
    public var originalSize: PictureSize?
    /// Pixels that were cut off; anything but 0 makes pictures look cut off.
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
