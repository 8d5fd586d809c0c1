/// The errors and times of systems for recognizing speech, side by side over the same samples.
///
/// In JSON, the keys of numbers carry their units; rates are null where the references have no words.
public struct WordErrorReport: Encodable, Sendable {
    public let normalizer: TextNormalizer.Name
    /// The samples in the figures.
    public let sampleCount: Int
    /// Words of the references, normalized.
    public let wordCount: Int
    /// Samples without a word: they have no rate of their own, and what is heard in them counts as insertions.
    public let wordlessSampleCount: Int
    /// Of sound.
    public let audioSeconds: Double
    /// Samples left out of all figures, because they can't be read.
    public let failures: [Failure]
    public let variants: [Variant]

    public struct Failure: Encodable, Sendable, Equatable {
        public let audio: String
        public let reason: String

        public init(audio: String, reason: String) {
            self.audio = audio
            self.reason = reason
        }
    }

    /// - Parameter systems: each with the results of the same samples in the same order, at least one.
    public init(
        _ systems: [(name: String, loadSeconds: Double, results: [SampleResult])], normalizer: TextNormalizer,
        failures: [Failure] = [], seed: UInt64 = 0
    ) {
        self.normalizer = normalizer.name
        self.failures = failures
        let first = systems.first?.results ?? []
        sampleCount = first.count
        wordCount = first.reduce(0) { $0 + $1.words.wordCount }
        wordlessSampleCount = first.count { $0.words.wordCount == 0 }
        audioSeconds = first.reduce(0) { $0 + $1.audioSeconds }
        variants = systems.enumerated().map { index, system in
            Variant(
                system.name, system.results, loadSeconds: system.loadSeconds,
                baseline: index > 0 ? (systems[0].name, first) : nil, seed: seed)
        }
    }

    enum CodingKeys: String, CodingKey {
        case normalizer, failures, variants
        case sampleCount = "sample_count"
        case wordCount = "word_count"
        case wordlessSampleCount = "wordless_sample_count"
        case audioSeconds = "audio_seconds"
    }
}

extension WordErrorReport {
    /// The figures of one system.
    public struct Variant: Encodable, Sendable, Equatable {
        public let name: String
        /// Word error rate over all words.
        public let werPercent: Double?
        public let substitutions, deletions, insertions: Int
        /// The mean of the samples' own word error rates; samples without words have none.
        public let meanSampleWERPercent: Double?
        /// 100 less `meanSampleWERPercent`, as articles on quantized Whisper have it; below 0 for more errors than words.
        public let accuracyPercent: Double?
        /// Character error rate over all characters.
        public let cerPercent: Double?
        /// The sum over the samples, reading with it and loading without.
        public let transcriptionSeconds: Double
        /// Seconds of transcription for a second of sound; nil without sound.
        public let realTimeFactor: Double?
        public let loadSeconds: Double
        /// The difference from the first system; nil for that itself.
        public let difference: Difference?

        enum CodingKeys: String, CodingKey {
            case name, substitutions, deletions, insertions, difference
            case werPercent = "wer_percent"
            case meanSampleWERPercent = "mean_sample_wer_percent"
            case accuracyPercent = "accuracy_percent"
            case cerPercent = "cer_percent"
            case transcriptionSeconds = "transcription_seconds"
            case realTimeFactor = "real_time_factor"
            case loadSeconds = "load_seconds"
        }

        init(
            _ name: String, _ results: [SampleResult], loadSeconds: Double, baseline: (name: String, results: [SampleResult])?,
            seed: UInt64
        ) {
            self.name = name
            self.loadSeconds = loadSeconds
            let words = results.map(\.words).reduce(WordErrorRate(), +)
            werPercent = words.rate.map { $0 * 100 }
            (substitutions, deletions, insertions) = (words.substitutions, words.deletions, words.insertions)
            let rates = results.compactMap(\.words.rate)
            let mean = rates.isEmpty ? nil : rates.reduce(0, +) / Double(rates.count) * 100
            meanSampleWERPercent = mean
            accuracyPercent = mean.map { 100 - $0 }
            cerPercent = results.map(\.characters).reduce(WordErrorRate(), +).rate.map { $0 * 100 }
            let seconds = results.reduce(0) { $0 + $1.seconds }
            let audio = results.reduce(0) { $0 + $1.audioSeconds }
            transcriptionSeconds = seconds
            realTimeFactor = audio > 0 ? seconds / audio : nil
            difference = baseline.flatMap { baseline in
                PairedBootstrap(baseline: baseline.results.map(\.words), candidate: results.map(\.words), seed: seed)
                    .map { Difference(from: baseline.name, $0) }
            }
        }
    }

    /// The difference of a word error rate from the first system's, with its 95 % interval by the paired bootstrap.
    public struct Difference: Encodable, Sendable, Equatable {
        public let baseline: String
        /// Below 0 for fewer errors than the first system's.
        public let werPoints, lowerPoints, upperPoints: Double

        init(from baseline: String, _ bootstrap: PairedBootstrap) {
            self.baseline = baseline
            werPoints = bootstrap.difference * 100
            lowerPoints = bootstrap.interval.lowerBound * 100
            upperPoints = bootstrap.interval.upperBound * 100
        }

        enum CodingKeys: String, CodingKey {
            case baseline
            case werPoints = "wer_points"
            case lowerPoints = "lower_95_points"
            case upperPoints = "upper_95_points"
        }
    }
}
