public import Adapters
public import Imaging
public import Inference
public import TensorStore

/// An event that a pipeline reports while it works.
public enum GenerationEvent: Sendable {
    /// The request was accepted; the first event, with the model's defaults filled in.
    case accepted(ResolvedRequest)
    /// A stage begins.
    case stage(Stage)
    /// A warning, as a sentence.
    case warning(String)
    /// The report of LoRA keys applied to a network.
    case adapted(LoRAReport)
    case step(Step)
    /// Added outputs of a network, by name; reported before the `step` or `picture` that they belong to. Calibration passes add
    /// such outputs.
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
        /// Indices of the pictures within the request.
        public let pictures: Range<Int>
        /// The index of the step, from 0.
        public let index: Int
        /// The number of steps of each batch.
        public let count: Int
        /// The training index of the step.
        public let timestep: Float
        /// `[b, C, h, w]`: the sample after this step.
        public let latents: Tensor
        /// `[b, C, h, w]`: the prediction of the finished latents at this step.
        public let denoised: Tensor
        /// `denoised` as pictures, where the request asks for previews at this step.
        public let previews: [RGBImage]
    }
}

/// A finished picture.
public struct GeneratedPicture: Sendable {
    /// The index of the picture within the request, from 0.
    public let index: Int
    public let prompt: String
    /// The seed that redraws this picture alone; nil where its noise came from a shared generator or a file.
    public let seed: UInt64?
    /// Blurred where `safety` flags it.
    public let image: RGBImage
    /// The safety checker's verdict; nil where the request does not ask for one.
    public let safety: SafetyVerdict?
    /// `[1, C, h, w]`, before the decoder and unscaled.
    public let latents: Tensor
    /// The precision that drew it: never `auto`.
    public let precision: CompileOptions.Precision
}

/// The result of a request.
public struct GenerationResult: Sendable {
    public var pictures: [GeneratedPicture] = []
    public var timings = GenerationTimings()
    public var warnings: [String] = []
}

/// Durations of the parts of a request.
public struct GenerationTimings: Sendable {
    public var tokenizing: Duration = .zero
    public var noise: Duration = .zero
    public var scheduler: Duration = .zero
    /// Conversion of the decoder's output to 8-bit pictures.
    public var conversion: Duration = .zero
    /// Wall-clock time of compiling all networks; some are compiled in parallel.
    public var compiling: Duration = .zero
    /// Networks in the order in which they were first used.
    public var networks: [Network] = []
    public var total: Duration = .zero

    public typealias Network = NetworkTimings

    public init() {}

    /// The timings of the network called `name`.
    public subscript(name: String) -> Network? { networks.first { $0.name == name } }

    /// Time outside the loading and running of networks.
    public var outsideNetworks: Duration {
        networks.reduce(total - compiling) { rest, network in
            rest - network.graph - network.reading - network.runs.reduce(.zero, +)
        }
    }
}

extension GenerationTimings {
    /// Adds the duration of `body`.
    mutating func measure<Result, Failure: Error>(
        _ part: WritableKeyPath<GenerationTimings, Duration>, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = ContinuousClock.now
        defer { self[keyPath: part] += ContinuousClock.now - start }
        return try body()
    }

    /// Adds timings of networks to those of the same names.
    mutating func add(_ networks: [NetworkTimings]) {
        for later in networks {
            compiling += later.compilingByClock
            if let index = self.networks.firstIndex(where: { $0.name == later.name }) {
                self.networks[index].add(later)
            } else {
                self.networks.append(later)
            }
        }
    }
}
