/// What a comparison of two models found: their sizes, their latencies, and how far their pictures are apart.
///
/// As JSON, names of numbers carry their units.
public struct ComparisonReport: Codable, Sendable, Equatable {
    /// What the two are called in tables, such as FP16 and INT8.
    public var baseline: String
    public var candidate: String
    public var sizes: [Size] = []
    public var latencies: [Latency] = []
    public var quality: [Quality] = []
    /// The most memory that drawing with each took, mapped files included, in bytes.
    public var baselinePeakBytes: Int?
    public var candidatePeakBytes: Int?
    /// The Fréchet Inception distance between the two sets of pictures.
    public var frechetInceptionDistance: Double?
    /// How far apart the pictures of each prompt are.
    public var prompts: [PromptResult] = []

    public init(baseline: String, candidate: String) {
        self.baseline = baseline
        self.candidate = candidate
    }

    /// One prompt's pictures.
    public struct PromptResult: Codable, Sendable, Equatable {
        public var prompt: String
        public var seed: UInt64
        /// In dB; nil where the pictures are equal.
        public var psnr: Double?
        public var ssim: Double?
        /// Cosine of the latents after each step; nil where one has no direction.
        public var latentCosines: [Double?]

        public init(prompt: String, seed: UInt64, psnr: Double?, ssim: Double?, latentCosines: [Double?]) {
            self.prompt = prompt
            self.seed = seed
            self.psnr = psnr
            self.ssim = ssim
            self.latentCosines = latentCosines
        }
    }

    /// A component on disk.
    public struct Size: Codable, Sendable, Equatable {
        public var component: String
        public var baselineBytes: Int
        public var candidateBytes: Int

        public init(component: String, baselineBytes: Int, candidateBytes: Int) {
            self.component = component
            self.baselineBytes = baselineBytes
            self.candidateBytes = candidateBytes
        }

        /// How many times smaller the candidate is; nil where it has no bytes.
        public var compressionRate: Double? { candidateBytes > 0 ? Double(baselineBytes) / Double(candidateBytes) : nil }
    }

    /// The median time that something takes.
    public struct Latency: Codable, Sendable, Equatable {
        public var name: String
        public var baselineSeconds: Double
        public var candidateSeconds: Double

        public init(name: String, baselineSeconds: Double, candidateSeconds: Double) {
            self.name = name
            self.baselineSeconds = baselineSeconds
            self.candidateSeconds = candidateSeconds
        }

        /// How many times faster the candidate is; nil where it took no time.
        public var speedUp: Double? { candidateSeconds > 0 ? baselineSeconds / candidateSeconds : nil }
    }

    /// One measure over all pictures.
    public struct Quality: Codable, Sendable, Equatable {
        /// With its unit, such as `PSNR (dB)`.
        public var measure: String
        /// Over values that are finite; nil where none is.
        public var mean: Double?
        /// Of the sample, with n − 1 as divisor; nil for fewer than two values.
        public var standardDeviation: Double?
        /// Values that the mean is of.
        public var count: Int
        /// Values left out: pictures that are equal have an infinite PSNR, and what has no direction has no cosine.
        public var notFiniteCount: Int
        /// The value that is farthest from equality, and the prompt that it is of.
        public var worst: Double?
        public var worstPrompt: String?

        /// - Parameters:
        ///   - prompts: what each value is of; empty where that does not matter.
        ///   - higherIsBetter: whether the least value is the worst.
        public init(measure: String, values: [Double], prompts: [String] = [], higherIsBetter: Bool = true) {
            let finite = values.filter(\.isFinite)
            self.measure = measure
            count = finite.count
            notFiniteCount = values.count - finite.count
            guard !finite.isEmpty else { return }
            let mean = finite.reduce(0, +) / Double(finite.count)
            self.mean = mean
            worst = higherIsBetter ? finite.min() : finite.max()
            if let index = values.firstIndex(where: { $0 == worst }), index < prompts.count { worstPrompt = prompts[index] }
            guard finite.count > 1 else { return }
            let squares = finite.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            standardDeviation = (squares / Double(finite.count - 1)).squareRoot()
        }
    }
}
