import Tokenizers

/// The tokens before a window's text: the text of the windows before it, and the start of the transcript.
///
/// Reference: faster-whisper's `get_prompt`.
struct WindowPrompt: Equatable {
    let tokens: [Int]
    /// The index of the token that starts the transcript.
    let start: Int
    let hasPrefix: Bool
    /// The most tokens that may follow.
    let room: Int

    /// Tokens that are kept free for the text, where hotwords, a prefix and earlier text would leave fewer.
    private static let leastRoom = 112

    /// - Parameters:
    ///   - previous: the tokens of the text so far.
    ///   - length: the most tokens of prompt and text, the decoder's number of positions.
    init(
        _ tokenizer: WhisperTokenizer, startSequence: [Int32], previous: [Int], isFirst: Bool, length: Int,
        _ options: DecodingOptions
    ) {
        let most = max(1, length / 2 - 1)
        func encoded(_ text: String?) -> [Int] {
            guard let text, !text.isEmpty else { return [] }
            return tokenizer.encode(" " + text.trimmed).prefix(most).map(Int.init)
        }
        let prefix = isFirst ? encoded(options.prefix) : []
        let hotwords = prefix.isEmpty ? encoded(options.hotwords) : []
        var beginning = startSequence.map(Int.init)
        if !options.timestamps { beginning.append(Int(tokenizer.special.noTimestamps)) }
        if !prefix.isEmpty, options.timestamps { beginning.append(Int(tokenizer.special.timestampBegin)) }
        beginning += prefix
        let free = length - 1 - hotwords.count - beginning.count - Self.leastRoom
        let kept = previous.suffix(max(0, min(most, free)))
        var before: [Int] = []
        if !kept.isEmpty || !hotwords.isEmpty { before = [Int(tokenizer.special.startOfPrevious)] + hotwords + kept }
        tokens = before + beginning
        start = before.count
        hasPrefix = !prefix.isEmpty
        room = max(1, min(length / 2, length - tokens.count))
    }
}

extension WindowPrompt {
    /// The start of a transcript alone, after which the language is asked for.
    init(start token: Int32) { (tokens, start, hasPrefix, room) = ([Int(token)], 0, false, 1) }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
