import Audio
public import Evaluation
import Speech
import Tokenizers

/// Word error rates and times of several models over the same recordings.
public struct WordErrorEvaluation {
    public enum Event {
        case progress(WorkProgress)
        /// A recording that can't be read.
        case failure(WordErrorReport.Failure)
    }

    /// The figures, and the transcripts that they are of.
    public struct Outcome {
        public let report: WordErrorReport
        /// Of each variant, those of the same samples in the same order.
        public let results: [[WordErrorReport.SampleResult]]
    }

    private let samples: [SpeechManifest.Sample]
    private let normalizer: TextNormalizer.Name?

    /// - Parameter normalizer: nil for the one of the language that all variants listen for.
    public init(_ manifest: SpeechManifest, normalizer: TextNormalizer.Name? = nil) {
        samples = manifest.samples
        self.normalizer = normalizer
    }

    /// Transcribes all samples with all variants.
    ///
    /// A recording that can't be read is left out of all figures, of every variant; any other error ends the work.
    /// - Parameters:
    ///   - takesTurns: whether all variants are loaded and take turns, sample by sample, so that other work on the machine slows
    ///     all of them; otherwise one is loaded at a time.
    ///   - seed: of the bootstrap.
    /// - Throws: `WordErrorEvaluationError`; `CancellationError`; the errors of variants and of `report`.
    public func run(
        _ variants: [Variant], takesTurns: Bool = true, seed: UInt64 = 0, report: (Event) throws -> Void = { _ in }
    ) async throws -> Outcome {
        var failures: [Int: WordErrorReport.Failure] = [:]
        var recognized = [[Recognition?]](repeating: Array(repeating: nil, count: samples.count), count: variants.count)
        var loading = [Duration](repeating: .zero, count: variants.count)
        var languages: Set<WhisperLanguage?> = []
        for group in takesTurns ? [Array(variants.indices)] : variants.indices.map({ [$0] }) {
            try report(.progress(.phase("loading", count: 1)))
            let loaded = try group.map { try variants[$0].load() }
            for (index, variant) in zip(group, loaded) { loading[index] = variant.loading }
            languages.formUnion(loaded.map(\.language))
            try report(.progress(.phase("transcribing", count: samples.count * group.count)))
            for (place, sample) in samples.enumerated() {
                for (index, variant) in zip(group, loaded) {
                    try Task.checkCancellation()
                    if failures[place] == nil {
                        do {
                            recognized[index][place] = try await variant.transcribe(sample.path)
                        } catch let error as AudioError {
                            let failure = WordErrorReport.Failure(audio: sample.audio, reason: error.description)
                            failures[place] = failure
                            try report(.failure(failure))
                        }
                    }
                    try report(.progress(.step))
                }
            }
        }
        guard failures.count < samples.count else {
            throw WordErrorEvaluationError.nothingReadable(count: samples.count, first: failures[0]?.reason ?? "")
        }
        let language = languages.count == 1 ? languages.first ?? nil : nil
        let normalizer = try TextNormalizer(normalizer, language: language)
        let results = recognized.map { variant in
            zip(samples, variant).enumerated().compactMap { place, pair in
                failures[place] == nil ? pair.1.map { Self.result(pair.0, $0, normalizer) } : nil
            }
        }
        let systems = variants.indices.map { (variants[$0].name, loading[$0].seconds, results[$0]) }
        return Outcome(
            report: WordErrorReport(
                systems, normalizer: normalizer, failures: failures.sorted { $0.key < $1.key }.map(\.value), seed: seed),
            results: results)
    }

    private static func result(
        _ sample: SpeechManifest.Sample, _ recognition: Recognition, _ normalizer: TextNormalizer
    ) -> WordErrorReport.SampleResult {
        WordErrorReport.SampleResult(
            audio: sample.audio, reference: sample.text, hypothesis: recognition.text, normalizer: normalizer,
            audioSeconds: recognition.audioSeconds, seconds: recognition.seconds)
    }
}

/// An error of measuring word errors.
public enum WordErrorEvaluationError: Error, Equatable, CustomStringConvertible {
    case nothingReadable(count: Int, first: String)

    public var description: String {
        switch self {
        case .nothingReadable(let count, let first): "None of the \(count) recordings can be read. The first: \(first)"
        }
    }
}
