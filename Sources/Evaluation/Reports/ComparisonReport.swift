import Foundation

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

extension ComparisonReport {
    /// A measure's value for a table: with two decimals if `model`, or else the value itself, is 10 or more, as decibels and
    /// scores are; with five otherwise.
    public func figure(_ value: Double?, like model: Double? = nil) -> String {
        guard let value, value.isFinite else { return "–" }
        return String(format: abs(model ?? value) >= 10 ? "%.2f" : "%.5f", value)
    }

    /// One measure over all pictures.
    public struct Quality: Codable, Sendable, Equatable {
        /// The measure's name and unit, such as `PSNR (dB)`.
        public let measure: String
        /// The mean of the finite values; nil where there are none.
        public private(set) var mean: Double?
        /// The sample standard deviation, with n − 1 as divisor; nil for fewer than two values.
        public private(set) var standardDeviation: Double?
        /// The number of values in the mean.
        public let count: Int
        /// The number of infinite values, which are left out: equal pictures have an infinite PSNR.
        public let equalCount: Int
        /// The number of undefined values, which are left out: a zero vector has no cosine.
        public let undefinedCount: Int
        /// The value that is farthest from equality, and its prompt.
        public private(set) var worst: Double?
        public private(set) var worstPrompt: String?

        /// - Parameters:
        ///   - prompts: the prompt of each value; may be empty.
        ///   - higherIsBetter: whether the lowest value is the worst.
        public init(measure: String, values: [Double], prompts: [String] = [], higherIsBetter: Bool = true) {
            let finite = values.filter(\.isFinite)
            self.measure = measure
            count = finite.count
            equalCount = values.filter(\.isInfinite).count
            undefinedCount = values.filter(\.isNaN).count
            guard !finite.isEmpty else { return }
            let mean = finite.reduce(0, +) / Double(finite.count)
            self.mean = mean
            worst = higherIsBetter ? finite.min() : finite.max()
            if let index = values.firstIndex(where: { $0 == worst }), index < prompts.count { worstPrompt = prompts[index] }
            guard finite.count > 1 else { return }
            let squares = finite.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            standardDeviation = (squares / Double(finite.count - 1)).squareRoot()
        }

        enum CodingKeys: String, CodingKey {
            case measure, mean, count, worst
            case standardDeviation = "standard_deviation"
            case equalCount = "equal_count"
            case undefinedCount = "undefined_count"
            case worstPrompt = "worst_prompt"
        }

        /// The values left out of the mean, for a table: "3 equal"; empty where there are none.
        public var leftOut: String {
            [equalCount > 0 ? "\(equalCount) equal" : nil, undefinedCount > 0 ? "\(undefinedCount) undefined" : nil]
                .compactMap(\.self).joined(separator: ", ")
        }
    }
}
