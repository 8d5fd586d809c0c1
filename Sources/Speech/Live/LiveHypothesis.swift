import Foundation
import Tokenizers

/// The text of a buffer as it seems now: it continues the settled tokens.
struct LiveHypothesis {
    /// The settled tokens that it continues.
    let before: [Int]
    /// After them.
    let tokens: [Int]
    let words: [HypothesisWord]
    /// The number of words that have been settled since.
    var settledCount = 0
    /// Whether there is no speech.
    let isSilent: Bool
    /// Whether the text repeats itself, and so is not to be believed.
    let repeats: Bool
    let averageLogProbability: Double
    let noSpeechProbability: Double

    /// The timestamp that ends the text, if one does.
    let end: Int?
    /// Whether the text ended a while ago.
    let isPause: Bool
    /// The seconds of sound that it heard.
    let duration: Double

    /// The number of words that do not lie at the sound's end, where words are cut and sentences seem to end.
    func clearCount(margin: Double) -> Int {
        var count = words.prefix { $0.end <= duration - margin }.count
        guard count == words.count else { return count }
        while count > 0, !words[count - 1].text.contains(where: { $0.isLetter || $0.isNumber }) { count -= 1 }
        return count
    }

    /// Decodes a buffer.
    /// - Parameters:
    ///   - language: nil for one with spaces between words.
    ///   - history: the tokens of the text before the buffer.
    ///   - length: the decoder's number of positions.
    init(
        _ source: any TextSource, _ startSequence: [Int32], _ language: WhisperLanguage?, _ buffer: LiveBuffer,
        history: [Int], _ tokenizer: WhisperTokenizer, _ vocabulary: DecodingVocabulary, _ options: DecodingOptions, length: Int
    ) async throws {
        let settled = buffer.tokens
        before = settled
        let prompt = WindowPrompt(
            tokenizer, startSequence: startSequence, previous: history, isFirst: false, length: length - settled.count, options)
        let all = prompt.tokens + settled
        let logits = try await source.begin(all, positions: [prompt.start, all.count - 1])
        var rules = LogitRules(vocabulary: vocabulary)
        rules.suppressesBlank = options.suppressesBlank
        // There may be silence before the first word.
        rules.maxInitialTimestamp = LiveOptions.keptSilence + 1
        // Nobody says so many tokens in a second; a text that runs on is stopped early.
        let most = Int(buffer.duration * 16) + 32 - settled.count
        let search = GreedyText(
            bounds: SearchBounds(
                rules: rules, endOfText: vocabulary.endOfText, limit: max(1, min(prompt.room, most, length - all.count))))
        let decoded = try await search.decode(source, logits[1], after: settled)
        tokens = decoded.tokens
        words = HypothesisWord.words(
            of: settled + tokens, settled: settled.count, tokenizer, vocabulary, seconds: buffer.duration, language: language)
        let text = tokenizer.decode((settled + tokens).map(Int32.init)).trimmed
        let window = DecodedWindow(
            tokens: tokens, text: text, temperature: 0, averageLogProbability: decoded.averageLogProbability,
            compressionRatio: compressionRatio(text),
            noSpeechProbability: Double(exp(logits[0][vocabulary.noSpeech] - logits[0][...].logSumExp())))
        isSilent = settled.isEmpty && (text.isEmpty || TemperatureFallback(options: options).isSilent(window))
        repeats = options.compressionRatioThreshold.map { window.compressionRatio > $0 } ?? false
        averageLogProbability = window.averageLogProbability
        noSpeechProbability = window.noSpeechProbability
        let last = tokens.last.flatMap { vocabulary.isTimestamp($0) ? $0 : nil }
        end = last
        duration = buffer.duration
        isPause = last.map { buffer.duration - vocabulary.seconds($0) > LiveOptions.pause } ?? false
    }
}

extension DecodingVocabulary {
    /// The seconds of a timestamp from its window's beginning.
    func seconds(_ timestamp: Int) -> Double { Double(timestamp - timestampBegin) * Self.timePrecision }
}
