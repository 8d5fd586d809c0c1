public import Adapters
public import Imaging
public import TensorStore

/// What a pipeline reports while it works.
public enum GenerationEvent: Sendable {
    /// The request was accepted; comes first, with the model's defaults filled in.
    case accepted(ResolvedRequest)
    /// A stage begins.
    case stage(Stage)
    /// Something that may not be as the user thinks, a sentence.
    case warning(String)
    /// Which keys of LoRAs found their places in a network.
    case adapted(LoRAReport)
    case step(Step)
    /// What a network gave beside what the pipeline needs of it, by the outputs' names, before the `step` or `picture` that it
    /// belongs to; networks that passes have added outputs to give some.
    case outputs(network: String, [String: Tensor])
    /// A picture is finished.
    case picture(GeneratedPicture)

    public enum Stage: String, Sendable {
        case encodingText = "encoding the prompt"
        case encodingImage = "encoding the picture"
        case loadingDenoiser = "loading the UNet"
        case denoising
        case loadingDecoder = "loading the decoder"
        case decoding
        case checkingSafety = "checking the picture"
    }

    /// One step of one batch is done.
    public struct Step: Sendable {
        /// Which pictures, of all of the request.
        public let pictures: Range<Int>
        /// From 0.
        public let index: Int
        /// Steps of each batch.
        public let count: Int
        /// The training index that the step was at.
        public let timestep: Float
        /// `[b, C, h, w]`: the sample after this step.
        public let latents: Tensor
        /// `[b, C, h, w]`: the finished latents as foreseen at this step.
        public let denoised: Tensor
        /// `denoised` as pictures, where the request asks for previews at this step.
        public let previews: [RGBImage]
    }
}

/// A finished picture.
public struct GeneratedPicture: Sendable {
    /// From 0, of all of the request.
    public let index: Int
    public let prompt: String
    /// The seed that redraws this picture alone; nil where its noise came from a shared generator or a file.
    public let seed: UInt64?
    /// Blurred where `safety` flags it.
    public let image: RGBImage
    /// What the safety checker says of it; nil where none was asked.
    public let safety: SafetyVerdict?
    /// `[1, C, h, w]`, before the decoder and unscaled.
    public let latents: Tensor
}

/// What a request gave.
public struct GenerationResult: Sendable {
    public var pictures: [GeneratedPicture] = []
    public var timings = GenerationTimings()
    public var warnings: [String] = []
}
