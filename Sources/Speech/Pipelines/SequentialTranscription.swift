import Foundation
import Tokenizers

/// Transcribes sound of any length window by window: each begins where the one before was understood up to.
///
/// Reference: faster-whisper's `generate_segments`, which does as OpenAI's `transcribe`.
struct SequentialTranscription {
    let tokenizer: WhisperTokenizer
    let vocabulary: DecodingVocabulary
    /// The start of the transcript: language and task.
    let startSequence: [Int32]
    /// The decoder's number of positions.
    let length: Int
    let options: DecodingOptions

    /// Frames of 10 ms of a window.
    static let windowFrames = 3000
    static let secondsPerFrame = 0.01

    /// - Parameters:
    ///   - frames: the sound's length in frames of 10 ms.
    ///   - isSilent: whether frames have no sound at all; of a window without any the model would write words that it has seen
    ///     often.
    ///   - window: encodes the frames of a window.
    ///   - emit: receives each segment as soon as it is decoded.
    ///   - progress: receives the frames that are done.
    /// - Throws: `CancellationError` between tokens; the errors of `window` and `emit`.
    func run(
        frames: Int, isSilent: (Range<Int>) throws -> Bool = { _ in false }, window: (Range<Int>) async throws -> any TokenSource,
        emit: (Segment) throws -> Void,
        progress: (Int) -> Void
    ) async throws {
        var history = encodedInitialPrompt
        // Tokens before this one are no longer continued.
        var resetIndex = 0
        var position = 0
        var random = SplitMix(seed: options.seed)
        let fallback = TemperatureFallback(options: options)
        var words = WordTimes(
            aligner: WordAligner(tokenizer: tokenizer, startSequence: startSequence, length: length),
            hallucinationSilenceThreshold: options.hallucinationSilenceThreshold)
        var times = OrderedTimes(end: Double(frames) * Self.secondsPerFrame)
        while position < frames {
            try Task.checkCancellation()
            let size = min(Self.windowFrames, frames - position)
            if try isSilent(position..<position + size) {
                position += size
                progress(position)
                continue
            }
            let prompt = WindowPrompt(
                tokenizer, startSequence: startSequence, previous: Array(history[resetIndex...]), isFirst: position == 0,
                length: length, options)
            let source = try await window(position..<position + size)
            let decoded = try await fallback.decode { temperature in
                try await decode(source, prompt, temperature: temperature, random: &random)
            }
            if !fallback.isSilent(decoded) {
                var segments = WindowSegments(
                    decoded.tokens, vocabulary, start: Double(position) * Self.secondsPerFrame, frames: size)
                let counts =
                    if options.wordTimestamps {
                        try await words.add(to: &segments, source, window: position..<position + size, frames: frames)
                    } else {
                        true
                    }
                for part in segments.parts {
                    let text = text(part.tokens)
                    if part.start == part.end || text.trimmed.isEmpty { continue }
                    history += part.tokens
                    try emit(segment(times.order(part), text, decoded))
                }
                if counts, !options.conditionsOnPreviousText || decoded.temperature > options.promptResetTemperature {
                    resetIndex = history.count
                }
                position += segments.advance
            } else {
                position += size
            }
            progress(min(position, frames))
        }
    }

    private var encodedInitialPrompt: [Int] {
        options.initialPrompt.map { tokenizer.encode(" " + $0.trimmed).map(Int.init) } ?? []
    }

    private func text(_ tokens: [Int]) -> String { tokenizer.decode(tokens.map(Int32.init)) }

    /// Decodes a window at one temperature.
    private func decode(
        _ source: any TokenSource, _ prompt: WindowPrompt, temperature: Double, random: inout SplitMix
    ) async throws -> DecodedWindow {
        let method: SearchMethod =
            if temperature > 0 {
                .sampling(temperature: temperature, bestOf: options.bestOf)
            } else if options.beamSize > 1 {
                .beam(size: options.beamSize, patience: options.patience, lengthPenalty: options.lengthPenalty)
            } else {
                .greedy
            }
        let (last, atStart) = try await source.begin(prompt.tokens, count: method.sequences, position: prompt.start)
        var rules = LogitRules(vocabulary: vocabulary)
        rules.suppressesBlank = options.suppressesBlank
        rules.timestamps = options.timestamps
        rules.maxInitialTimestamp = prompt.hasPrefix ? nil : options.maxInitialTimestamp
        let search = TokenSearch(rules: rules, endOfText: vocabulary.endOfText, limit: prompt.room)
        let decoded = try await search.decode(source, firstLogits: last, method, random: &random)
        let text = text(decoded.tokens).trimmed
        return DecodedWindow(
            tokens: decoded.tokens, text: text, temperature: temperature,
            averageLogProbability: decoded.averageLogProbability, compressionRatio: compressionRatio(text),
            noSpeechProbability: Double(exp(atStart[vocabulary.noSpeech] - atStart[...].logSumExp())))
    }

    private func segment(_ part: WindowSegments.Part, _ text: String, _ window: DecodedWindow) -> Segment {
        Segment(
            start: part.start, end: part.end, text: text, tokens: part.tokens,
            temperature: window.temperature, averageLogProbability: window.averageLogProbability,
            compressionRatio: window.compressionRatio, noSpeechProbability: window.noSpeechProbability, words: part.words)
    }
}

/// A generator that draws the same numbers for the same seed. Reference: Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators".
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
