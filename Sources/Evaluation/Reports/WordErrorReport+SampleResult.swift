extension WordErrorReport {
    /// One system's transcript of one sample.
    public struct SampleResult: Sendable, Equatable {
        /// The recording's name.
        public let audio: String
        /// As it was given.
        public let reference: String
        /// As it was recognized.
        public let hypothesis: String
        /// Both after normalization.
        public let normalized: (reference: String, hypothesis: String)
        public let words: WordErrorRate
        public let characters: WordErrorRate
        public let audioSeconds: Double
        /// The duration of reading and transcribing.
        public let seconds: Double

        public init(
            audio: String, reference: String, hypothesis: String, normalizer: TextNormalizer, audioSeconds: Double,
            seconds: Double
        ) {
            self.audio = audio
            self.reference = reference
            self.hypothesis = hypothesis
            self.audioSeconds = audioSeconds
            self.seconds = seconds
            normalized = (normalizer(reference), normalizer(hypothesis))
            words = WordErrorRate(reference: normalized.reference, hypothesis: normalized.hypothesis)
            characters = .ofCharacters(reference: normalized.reference, hypothesis: normalized.hypothesis)
        }

        public static func == (a: SampleResult, b: SampleResult) -> Bool {
            a.audio == b.audio && a.reference == b.reference && a.hypothesis == b.hypothesis && a.normalized == b.normalized
                && a.audioSeconds == b.audioSeconds && a.seconds == b.seconds
        }
    }
}
