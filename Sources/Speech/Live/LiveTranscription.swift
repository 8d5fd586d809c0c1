import Audio
import Foundation
import Tokenizers

/// Words of sound that goes on: each hypothesis continues the settled words, and settles those of its own that the one before had.
///
/// The sound of closed segments is let go, and their text becomes the prompt, as between the windows of a recording.
struct LiveTranscription {
    let tokenizer: WhisperTokenizer
    let vocabulary: DecodingVocabulary
    let decoding: DecodingOptions
    let options: LiveOptions
    /// The decoder's number of positions.
    let length: Int
    /// Whether samples have no sound at all.
    let isSilent: (ArraySlice<Float>) -> Bool

    var buffer = LiveBuffer()
    var agreement = LocalAgreement()
    /// The tokens of the text before the buffer.
    var history: [Int] = []
    /// The end of the last settled word, in seconds from the sound's beginning.
    var settledEnd = 0.0
    /// The end of the last segment.
    var segmentEnd = 0.0
    /// The samples of the buffer that the last hypothesis heard.
    var heardCount = 0
    /// The number of hypotheses in a row that heard no speech.
    var silentCount = 0

    init(
        _ tokenizer: WhisperTokenizer, _ vocabulary: DecodingVocabulary, _ decoding: DecodingOptions, _ options: LiveOptions,
        length: Int, isSilent: @escaping (ArraySlice<Float>) -> Bool
    ) {
        (self.tokenizer, self.vocabulary, self.decoding, self.options) = (tokenizer, vocabulary, decoding, options)
        (self.length, self.isSilent) = (length, isSilent)
        history = decoding.initialPrompt.map { tokenizer.encode(" " + $0.trimmed).map(Int.init) } ?? []
    }

    /// A decoder over some sound, and the start of its transcript.
    typealias Window = (_ samples: [Float]) async throws -> (
        source: any TextSource, startSequence: [Int32], language: WhisperLanguage?
    )

    /// The most samples that can be added at once.
    var room: Int { max(1, Int(LiveOptions.longestBuffer * Double(LogMelSpectrogram.sampleRate)) - buffer.samples.count) }

    /// Adds sound that is heard with what comes after it.
    mutating func append(_ new: some Collection<Float>) { buffer.append(new) }

    /// Listens to more sound.
    /// - Parameter new: `room` samples at most.
    /// - Throws: `CancellationError` between tokens; the errors of `window` and `emit`.
    mutating func listen(_ new: some Collection<Float>, window: Window, emit: (LiveEvent) throws -> Void) async throws {
        append(new)
        if isQuiet { return try endAtSilence(emit) }
        var hypothesis = try await decode(window)
        guard !hypothesis.isSilent else {
            // Short sound is heard twice.
            if silentCount > 0 { letSilenceGo() }
            silentCount += 1
            return try emit(.hypothesis(""))
        }
        silentCount = 0
        if hypothesis.repeats {
            // What came before may be what is repeated.
            history = []
            agreement.reset()
        } else {
            let open = hypothesis.words
            let count = agreement.settled(
                open.map(\.text), most: hypothesis.isPause ? open.count : hypothesis.clearCount(margin: options.margin))
            try settle(open.prefix(count), emit)
            hypothesis.settledCount = count
            try emit(.hypothesis(open.dropFirst(count).map(\.text).joined()))
            if count == open.count, hypothesis.isPause, let end = hypothesis.end {
                return try pause(buffer.tokens + [end], hypothesis, after: vocabulary.seconds(end), emit)
            }
        }
        if buffer.duration > options.trimAfter, try trim(hypothesis, emit) { return }
        // What fills a window is settled as a recording's is.
        if room <= Int(options.interval * Double(LogMelSpectrogram.sampleRate)) {
            try settleWindow(hypothesis, isLast: false, emit)
        }
    }

    /// Settles all that is left.
    /// - Throws: as `listen`.
    mutating func finish(window: Window, emit: (LiveEvent) throws -> Void) async throws {
        while buffer.duration >= Self.leastSound, !isQuiet {
            let hypothesis = try await decode(window)
            guard !hypothesis.isSilent else { break }
            try settleWindow(hypothesis, isLast: true, emit)
        }
        try endAtSilence(emit)
        try emit(.hypothesis(""))
    }

    /// Seconds at the sound's end that are too short for a word.
    private static let leastSound = 0.1
    /// Frames.
    static let leastAdvance = 100

    private mutating func decode(_ window: Window) async throws -> LiveHypothesis {
        heardCount = buffer.samples.count
        let (source, startSequence, language) = try await window(buffer.samples)
        return try await LiveHypothesis(
            source, startSequence, language, buffer, history: history, tokenizer, vocabulary, decoding, length: length)
    }

    /// Whether nothing was said since the settled words, so that nothing must be decoded.
    var isQuiet: Bool {
        guard agreement.open.isEmpty, isSilent(buffer.samples[heardCount...]) else { return false }
        let pause = Int(LiveOptions.pause * Double(LogMelSpectrogram.sampleRate))
        guard !buffer.tokens.isEmpty else { return isSilent(buffer.samples[...]) }
        return buffer.samples.count >= pause && isSilent(buffer.samples.suffix(pause))
    }

    private mutating func endAtSilence(_ emit: (LiveEvent) throws -> Void) throws {
        guard !buffer.tokens.isEmpty else { return letSilenceGo() }
        let end = settledEnd - buffer.start
        let time = vocabulary.timestampBegin + Int((end / DecodingVocabulary.timePrecision).rounded())
        // A second of the silence is kept.
        try pause(buffer.tokens + [time], nil, after: max(end, buffer.duration - 1), emit)
    }
}
