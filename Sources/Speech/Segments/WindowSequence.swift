import Tokenizers

/// The windows of some parts of a recording, one after the other: each begins where the one before was understood up to, and
/// continues its text.
///
/// A state: `window` and `prompt` say what is to be decoded, `take` hands in its tokens.
///
/// Reference: faster-whisper's `generate_segments`, which does as OpenAI's `transcribe`.
struct WindowSequence {
    let options: DecodingOptions
    /// Frames of 10 ms, in order.
    private let parts: [Range<Int>]
    /// Whether the recording begins here: the first window has the prefix.
    private let isBeginning: Bool
    /// Frames of the shortest rest of a part that is decoded again.
    private let leastRest: Int
    private var part = 0
    private var position: Int
    /// Text and timestamps so far, the initial prompt at first.
    private var history: [Int]
    /// Tokens before this one are no longer continued.
    private var resetIndex = 0
    private var hasBegun = false
    private var words: WordTimes
    private var times = OrderedTimes()

    /// Frames of a window.
    static let windowFrames = 3000
    static let secondsPerFrame = 0.01

    /// - Parameter leastRest: frames; of sound with padding at its end, a shorter rest has no words but those that are invented.
    init(
        _ parts: [Range<Int>], _ options: DecodingOptions, _ tokenizer: WhisperTokenizer, isBeginning: Bool = true,
        leastRest: Int = 1
    ) {
        self.parts = parts.filter { !$0.isEmpty }
        self.options = options
        self.isBeginning = isBeginning
        self.leastRest = leastRest
        position = self.parts.first?.lowerBound ?? 0
        words = WordTimes(hallucinationSilenceThreshold: options.hallucinationSilenceThreshold)
        history = options.initialPrompt.map { tokenizer.encode(" " + $0.trimmed).map(Int.init) } ?? []
    }

    /// Frames of the window that is next; nil at the end.
    var window: Range<Int>? {
        guard part < parts.count else { return nil }
        return position..<min(position + Self.windowFrames, parts[part].upperBound)
    }

    /// Frames that are done.
    var done: Int {
        let before = parts[..<part].reduce(0) { $0 + $1.count }
        return part < parts.count ? before + position - parts[part].lowerBound : before
    }

    /// The tokens before the text of the window that is next.
    func prompt(_ tokenizer: WhisperTokenizer, startSequence: [Int32], length: Int) -> WindowPrompt {
        WindowPrompt(
            tokenizer, startSequence: startSequence, previous: Array(history[resetIndex...]),
            isFirst: isBeginning && !hasBegun, length: length, options)
    }

    /// Goes beyond the window without decoding it.
    mutating func skip() { advance(by: window?.count ?? 0) }

    /// Takes the window's tokens, and goes to the next one.
    /// - Parameters:
    ///   - words: nil for segments without words.
    ///   - text: the text of tokens.
    /// - Returns: segments with times in the recording, in order.
    /// - Throws: the errors of the source of `words`.
    mutating func take(
        _ decoded: DecodedWindow, _ vocabulary: DecodingVocabulary, words aligned: WindowWords? = nil, text: ([Int]) -> String
    ) async throws -> [Segment] {
        guard let window else { return [] }
        guard !TemperatureFallback(options: options).isSilent(decoded) else {
            skip()
            return []
        }
        var split = WindowSegments(
            decoded.tokens, vocabulary, start: Double(window.lowerBound) * Self.secondsPerFrame, frames: window.count)
        let end = parts[part].upperBound
        var counts = true
        if let aligned { counts = try await words.add(to: &split, aligned, frames: window, end: end) }
        // No time is after what was heard.
        let latest = Double(end) * Self.secondsPerFrame
        var segments: [Segment] = []
        for part in split.parts {
            let text = text(part.tokens)
            // Words after the end were not heard.
            if part.start == part.end || part.start >= latest || text.trimmed.isEmpty { continue }
            history += part.tokens
            segments.append(Segment(times.order(part, end: latest), text: text, decoded))
        }
        if counts, !options.conditionsOnPreviousText || decoded.temperature > options.promptResetTemperature {
            resetIndex = history.count
        }
        advance(by: split.advance)
        return segments
    }

    private mutating func advance(by frames: Int) {
        position += frames
        hasBegun = true
        guard part < parts.count, position + leastRest > parts[part].upperBound else { return }
        part += 1
        if part < parts.count { position = parts[part].lowerBound }
    }
}

extension Segment {
    init(_ part: WindowSegments.Part, text: String, _ window: DecodedWindow) {
        self.init(
            start: part.start, end: part.end, text: text, tokens: part.tokens, temperature: window.temperature,
            averageLogProbability: window.averageLogProbability, compressionRatio: window.compressionRatio,
            noSpeechProbability: window.noSpeechProbability, words: part.words)
    }
}
