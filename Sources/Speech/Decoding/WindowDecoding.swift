import Foundation
import Tokenizers

/// Decodes windows side by side. What a window's text is does not depend on the windows beside it.
struct WindowDecoding {
    let tokenizer: WhisperTokenizer
    let vocabulary: DecodingVocabulary
    let options: DecodingOptions

    /// - Parameters:
    ///   - prompts: of each window of the source.
    ///   - seeds: of each window, for texts that are drawn at random.
    /// - Throws: `CancellationError` between tokens; the errors of `source`.
    func decode(_ source: any TokenSource, _ prompts: [WindowPrompt], seeds: [UInt64]) async throws -> [DecodedWindow] {
        try await TemperatureFallback(options: options).decode(prompts.count) { temperature, windows in
            let part = windows.count == source.windows ? source : try source.selecting(windows)
            return try await decode(part, windows.map { prompts[$0] }, windows.map { seeds[$0] }, temperature: temperature)
        }
    }

    /// Decodes windows at one temperature.
    private func decode(
        _ source: any TokenSource, _ prompts: [WindowPrompt], _ seeds: [UInt64], temperature: Double
    ) async throws -> [DecodedWindow] {
        let method = SearchMethod(options, temperature: temperature)
        let logits = try await source.begin(prompts)
        var searches = zip(prompts, seeds).map { prompt, seed in
            // Each temperature draws other numbers.
            method.search(bounds(prompt), random: SplitMix(seed: seed ^ temperature.bitPattern))
        }
        try await source.run(&searches, firstLogits: logits.map(\.last))
        return zip(searches, logits).map { search, logits in
            let decoded = search.best
            let text = text(decoded.tokens).trimmed
            return DecodedWindow(
                tokens: decoded.tokens, text: text, temperature: temperature,
                averageLogProbability: decoded.averageLogProbability, compressionRatio: compressionRatio(text),
                noSpeechProbability: Double(exp(logits.atStart[vocabulary.noSpeech] - logits.atStart[...].logSumExp())))
        }
    }

    private func bounds(_ prompt: WindowPrompt) -> SearchBounds {
        var rules = LogitRules(vocabulary: vocabulary)
        rules.suppressesBlank = options.suppressesBlank
        rules.timestamps = options.timestamps
        rules.maxInitialTimestamp = prompt.hasPrefix ? nil : options.maxInitialTimestamp
        return SearchBounds(rules: rules, endOfText: vocabulary.endOfText, limit: prompt.room)
    }

    func text(_ tokens: [Int]) -> String { tokenizer.decode(tokens.map(Int32.init)) }
}
