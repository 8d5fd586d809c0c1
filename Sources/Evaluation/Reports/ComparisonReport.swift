/// The result of a comparison of two models: sizes, latencies, and distances between their pictures.
///
/// In JSON, the keys of numbers carry their units.
public struct ComparisonReport: Codable, Sendable, Equatable {
    /// The models' names in tables, such as FP16 and INT8.
    public var baseline: String
    public var candidate: String
    public var sizes: [Size] = []
    public var latencies: [Latency] = []
    public var quality: [Quality] = []
    /// The peak memory of drawing with each model, mapped files included, in bytes.
    public var baselinePeakBytes: Int?
    public var candidatePeakBytes: Int?
    /// The Fréchet Inception distance between the pictures of the two models; nil if it was not measured.
    public var frechetInceptionDistance: Double?
    /// The distances between the pictures of each prompt.
    public var prompts: [PromptResult] = []

    public init(baseline: String, candidate: String) {
        self.baseline = baseline
        self.candidate = candidate
    }

    enum CodingKeys: String, CodingKey {
        case baseline, candidate, sizes, latencies, quality, prompts
        case baselinePeakBytes = "baseline_peak_bytes"
        case candidatePeakBytes = "candidate_peak_bytes"
        case frechetInceptionDistance = "frechet_inception_distance"
    }

    /// One prompt's pictures.
    public struct PromptResult: Codable, Sendable, Equatable {
        public var prompt: String
        public var seed: UInt64
        /// PSNR in dB; nil where the pictures are equal.
        public var psnr: Double?
        public var ssim: Double?
        /// Cosine of the latents after each step; nil for a zero vector.
        public var latentCosines: [Double?]
        /// LPIPS; nil where it was not measured.
        public var perceptualDistance: Double?
        /// The CLIP score of each picture, 0…100; nil where it was not measured.
        public var baselineCLIPScore: Double?
        public var candidateCLIPScore: Double?

        public init(prompt: String, seed: UInt64, psnr: Double?, ssim: Double?, latentCosines: [Double?]) {
            self.prompt = prompt
            self.seed = seed
            self.psnr = psnr
            self.ssim = ssim
            self.latentCosines = latentCosines
        }

        enum CodingKeys: String, CodingKey {
            case prompt, seed, psnr, ssim
            case latentCosines = "latent_cosines"
            case perceptualDistance = "lpips"
            case baselineCLIPScore = "baseline_clip_score"
            case candidateCLIPScore = "candidate_clip_score"
        }
    }

    /// The weights of a component on disk.
    public struct Size: Codable, Sendable, Equatable {
        public let component: String
        public let baselineBytes: Int
        public let candidateBytes: Int
        /// The ratio of the baseline's size to the candidate's; nil where the candidate has no bytes.
        public let compressionRate: Double?

        public init(component: String, baselineBytes: Int, candidateBytes: Int) {
            self.component = component
            self.baselineBytes = baselineBytes
            self.candidateBytes = candidateBytes
            compressionRate = candidateBytes > 0 ? Double(baselineBytes) / Double(candidateBytes) : nil
        }

        enum CodingKeys: String, CodingKey {
            case component
            case baselineBytes = "baseline_bytes"
            case candidateBytes = "candidate_bytes"
            case compressionRate = "compression_rate"
        }
    }

    /// The median duration of a network or of a whole picture.
    public struct Latency: Codable, Sendable, Equatable {
        public let name: String
        public let baselineSeconds: Double
        public let candidateSeconds: Double
        /// The ratio of the baseline's duration to the candidate's; nil where the candidate took no time.
        public let speedUp: Double?

        public init(name: String, baselineSeconds: Double, candidateSeconds: Double) {
            self.name = name
            self.baselineSeconds = baselineSeconds
            self.candidateSeconds = candidateSeconds
            speedUp = candidateSeconds > 0 ? baselineSeconds / candidateSeconds : nil
        }

        enum CodingKeys: String, CodingKey {
            case name
            case baselineSeconds = "baseline_seconds"
            case candidateSeconds = "candidate_seconds"
            case speedUp = "speed_up"
        }
    }
}
