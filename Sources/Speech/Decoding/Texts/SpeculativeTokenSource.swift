/// A window whose single text a draft model writes ahead; of several texts, as those drawn at a temperature, none is.
final class SpeculativeTokenSource: TokenSource {
    private let plain: any TokenSource
    private let text: SpeculativeText
    private var prompts: [WindowPrompt] = []
    /// The tokens after the prompt; nil once there are several texts.
    private var single: [Int]?

    let windows = 1

    /// - Parameter plain: of one window.
    init(_ plain: any TokenSource, _ text: SpeculativeText) { (self.plain, self.text) = (plain, text) }

    func begin(_ prompts: [WindowPrompt]) async throws -> [(last: [Float], atStart: [Float])] {
        (self.prompts, single) = (prompts, [])
        let prompt = prompts[0]
        let rows = try await text.begin(prompt.tokens, positions: [prompt.start, prompt.tokens.count - 1])
        return [(last: rows[1], atStart: rows[0])]
    }

    func advance(_ next: [NextTokens?]) async throws -> [[[Float]]] {
        guard let written = single, let tokens = next[0]?.tokens else { return try await plain.advance(next) }
        guard tokens.count == 1 else {
            // The text parts here.
            single = nil
            _ = try await plain.begin(prompts)
            for token in written { _ = try await plain.advance([NextTokens(tokens: [token], origins: [0])]) }
            return try await plain.advance(next)
        }
        single = written + tokens
        return [try await text.extend(tokens)]
    }

    func attention(of tokens: [Int], text: Range<Int>, textVocabulary: Int, window: Int) async throws -> TextAttention {
        try await plain.attention(of: tokens, text: text, textVocabulary: textVocabulary, window: window)
    }

    func selecting(_ windows: [Int]) throws -> any TokenSource { self }
}
