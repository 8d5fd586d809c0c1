import Foundation
public import Imaging
public import TensorStore
public import Tokenizers

/// The prompts and options of a generation.
///
/// An option that is nil has the model's default, which `LatentDiffusionPipeline` fills in (see `ResolvedRequest`). The JSON keys
/// of the options are `GenerationRequest.keys`. A new option needs a property here, a line in `options` with its name and range,
/// and its use.
public struct GenerationRequest: Sendable, Codable {
    /// Prompts, none of them empty. All prompts are padded to the number of token chunks of the longest one: to draw each as it
    /// would be drawn alone, request prompts of different lengths separately.
    public var prompts: [String]
    /// A text that pictures should avoid. It takes effect where guidance combines two predictions (see `guidanceScale`).
    public var negativePrompt: String?
    /// The syntax of prompts.
    public var promptMode = PromptMode.weighted
    /// Layers of the text encoder to skip; for the prompt alone, as in diffusers.
    public var clipSkip: ClipSkip?
    /// The width in pixels, a multiple of the VAE's factor, 8; nil for the one that follows from `height` and the ratio of `image`,
    /// or for the width of `image`, or else the model's own. A large `image` is scaled to the model's area.
    public var width: Int?
    public var height: Int?
    /// The initial image; nil to begin with noise.
    public var image: ImageSource?
    /// White where `image` is redrawn, black where it is kept; nil to change all of it.
    public var mask: ImageSource?
    /// The share of the schedule that is run, above 0 to 1: 1 keeps nothing of `image` but, with a mask, the kept part.
    public var strength: Double?
    /// The number of denoising steps.
    public var numInferenceSteps: Int?
    /// Timesteps, descending, instead of a number of steps.
    public var timesteps: [Int]?
    /// A scheduler that replaces the model's own.
    public var scheduler: SchedulerSource?
    /// Options that override the scheduler's; without effect for `.config`.
    public var schedulerOptions = SchedulerOptionsOverride()
    /// Noise that DDIM and TCD add at each step, 0 to 1; nil for none with DDIM, and TCD's default.
    public var eta: Double?
    /// How closely a picture follows its prompt. Latent consistency models were trained with scales of about 3 to 15. Other
    /// models combine the predictions under the prompt and the negative prompt if the scale is above 1; a scale of 1 or less
    /// needs one prediction.
    public var guidanceScale: Double?
    /// Rescales a guided prediction towards the standard deviation of the prompt's own prediction, against the high contrast of
    /// strong guidance: 0 for not at all, to 1 (Lin et al. 2023, https://arxiv.org/abs/2305.08891, section 3.4).
    public var guidanceRescale = 0.0
    /// Stable Diffusion XL's size conditioning for the prompt.
    public var sizeConditioning = SizeConditioning()
    /// The size conditioning for the negative prompt; nil for the same.
    public var negativeSizeConditioning: SizeConditioning?
    /// Steps of the schedule that the model was distilled on; nil for the number in the scheduler's config.
    public var originalInferenceSteps: Int?
    public var imagesPerPrompt: Int
    /// The seed of the first picture. Pictures are counted prompt by prompt; picture i has the seed `seed` + i, and can be drawn
    /// again alone.
    public var seed: UInt64
    /// Whether one generator, seeded with `seed`, draws the noise of all pictures; a picture can then not be drawn again alone.
    public var sharesGenerator = false
    public var noise: Noise
    /// The number of pictures that go through the network together.
    public var batchSize: Int
    /// The UNet of each step.
    public var precision: PrecisionSchedule
    /// The number of steps from one preview to the next; nil for no previews. The last step has no preview.
    public var previewInterval: Int?
    /// The scale of each of the model's LoRAs in this request; nil for the scales that they were added with. For models whose
    /// `loraForm` is `.runtime`: other scales need no compilation.
    public var loraScales: [Float]?
    /// Whether the model's safety checker checks each picture; a flagged picture is blurred.
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

    /// The total number of pictures.
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
    /// The seeds, as a phrase that follows "must be".
    public static let seedRange = "a whole number from 0 to \(UInt64.max), or -1 for a random one"

    /// Whether a text in a seed's place asks for a random seed, as in other programs.
    public static func isRandomSeed(_ text: String) -> Bool { ["-1", "random"].contains(text.lowercased()) }

    /// A random seed, of 32 bits: every generator takes it, and it is short in file names.
    public static func randomSeed() -> UInt64 { UInt64(UInt32.random(in: 0...UInt32.max)) }

    /// A random number generator.
    public enum Generator: String, Sendable, CaseIterable {
        /// PyTorch's generator on the CPU.
        case torch
        /// NumPy's `RandomState`.
        case numpy
    }

    /// The source of the initial noise and of the noise of steps.
    ///
    /// Tensors and files are `[k, B, C, h, w]`, the initial noise and then each step's noise, or `[B, C, h, w]`, the initial
    /// noise alone; a `Generator` then draws the noise of steps.
    public enum Noise: Sendable {
        case torch
        case numpy
        /// The path of a .npy file.
        case file(String, steps: Generator = .torch)
        /// - Parameter name: the name in error messages.
        case tensor(Tensor, name: String, steps: Generator = .torch)
    }
}

/// A scheduler that replaces a model's own.
public enum SchedulerSource: Sendable, Equatable {
    /// One of `SchedulerName.all`, or a class of diffusers; it takes the model's options as far as it has them.
    case named(String)
    /// Complete options; not written to JSON.
    case config(SchedulerConfig)
}

/// Stable Diffusion XL's size conditioning (Podell et al. 2023, https://arxiv.org/abs/2307.01952).
public struct SizeConditioning: Sendable, Equatable {
    /// The size before scaling in training, in pixels; nil for the size of the output. Small sizes give blurred pictures.
    public var originalSize: PictureSize?
    /// Cropped pixels; values other than 0 give pictures that look cropped.
    public var cropTop = 0
    public var cropLeft = 0
    /// nil for the size of the output.
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

    /// The six numbers of the UNet's input `time_ids`.
    func timeIDs(width: Int, height: Int) -> [Float] {
        let drawn = PictureSize(width: width, height: height)
        let (original, target) = (originalSize ?? drawn, targetSize ?? drawn)
        return [original.height, original.width, cropTop, cropLeft, target.height, target.width].map { Float($0) }
    }
}

/// The source of a request's image.
public enum ImageSource: Sendable {
    /// The path of a file in one of the formats of `ImageFormat`; `~` stands for the home folder.
    case file(String)
    /// A picture in memory; not written to JSON.
    case image(RGBImage)

    /// - Throws: `ImageError`, `FileError` for a file that can't be read.
    public func read() throws -> RGBImage {
        switch self {
        case .file(let path): try ImageFile(path: NSString(string: path).expandingTildeInPath).image
        case .image(let image): image
        }
    }
}
