import Audio

/// The parts of a recording in which there is speech.
///
/// Reference: faster-whisper's `get_speech_timestamps`, which follows Silero's.
struct SpeechRanges {
    private let options: VoiceActivityOptions
    private var parts: [Range<Int>] = []
    /// The first sample of the speech that goes on; nil in silence.
    private var start: Int?
    /// The first sample of the silence that could end it.
    private var silence: Int?
    /// The last silence where the speech can be cut, and where it goes on after that.
    private var cut: (end: Int, resumed: Int?)?

    private static let rate = Double(AudioReader.sampleRate)
    /// Samples of silence at which speech that is too long can be cut: 98 ms.
    private static let leastCut = rate * 0.098

    /// - Parameters:
    ///   - probabilities: of each window of `SpeechProbabilities.window` samples.
    ///   - count: the samples of the recording.
    /// - Returns: ranges of samples in order, which do not overlap.
    static func find(_ probabilities: [Float], count: Int, _ options: VoiceActivityOptions) -> [Range<Int>] {
        var ranges = SpeechRanges(options)
        for (index, probability) in probabilities.enumerated() {
            ranges.hear(probability, at: index * SpeechProbabilities.window)
        }
        if let start = ranges.start, Double(count - start) > options.minSpeech * rate { ranges.parts.append(start..<count) }
        return ranges.padded(count)
    }

    private init(_ options: VoiceActivityOptions) { self.options = options }

    /// Takes the probability of the window that begins at sample `place`.
    private mutating func hear(_ probability: Float, at place: Int) {
        let isSpeech = probability >= options.threshold
        if isSpeech {
            if silence != nil, let cut, cut.resumed == nil { self.cut = (cut.end, place) }
            silence = nil
            if start == nil {
                start = place
                return
            }
        }
        guard let begin = start else { return }
        if Double(place - begin) > longest {
            parts.append(begin..<(cut?.end ?? place))
            start = cut?.resumed
            (silence, cut) = (nil, nil)
        }
        guard let begin = start, probability < options.silenceThreshold ?? max(options.threshold - 0.15, 0.01) else { return }
        let quiet = silence ?? place
        silence = quiet
        if Double(place - quiet) > Self.leastCut { cut = (quiet, nil) }
        guard Double(place - quiet) >= options.minSilence * Self.rate else { return }
        if Double(quiet - begin) > options.minSpeech * Self.rate { parts.append(begin..<quiet) }
        (start, silence, cut) = (nil, nil, nil)
    }

    /// Samples of the longest part, without what is added to it.
    private var longest: Double {
        options.maxSpeech * Self.rate - Double(SpeechProbabilities.window) - 2 * options.padding * Self.rate
    }

    /// The parts with some silence at both ends.
    private func padded(_ count: Int) -> [Range<Int>] {
        let padding = Int(options.padding * Self.rate)
        var result: [Range<Int>] = []
        for (index, part) in parts.enumerated() {
            let before = index == 0 ? part.lowerBound : part.lowerBound - parts[index - 1].upperBound
            let after = index + 1 < parts.count ? parts[index + 1].lowerBound - part.upperBound : count - part.upperBound
            // Between two parts, each has half of a short silence.
            let start = index > 0 && before < 2 * padding ? before / 2 : min(padding, before)
            let end = index + 1 < parts.count && after < 2 * padding ? after / 2 : min(padding, after)
            result.append(part.lowerBound - start..<part.upperBound + end)
        }
        return result
    }
}
