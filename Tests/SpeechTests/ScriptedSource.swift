import Testing
import Tokenizers

@testable import Speech

/// Logits by the tokens so far: what a decoder would say is written in the test.
final class ScriptedSource: TokenSource {
    /// Of each window.
    private let logits: [([Int]) -> [Float]]
    /// The texts of each window.
    private var texts: [[[Int]]] = []
    /// The prompts of each call of `begin`.
    private(set) var prompts: [[[Int]]] = []
    private(set) var steps = 0
    /// By all tokens and the range of text: by default a token takes 0.1 s and has a probability of 0.9.
    var attend: ([Int], Range<Int>) -> TextAttention = { tokens, text in
        ScriptedSource.attention(tokens, text, delay: 0, probability: 0.9)
    }
    /// The windows that were decoded again.
    private(set) var selected: [[Int]] = []

    var windows: Int { logits.count }

    /// - Parameter logits: for each window, of the token after the prompt's and those decoded.
    init(windows logits: [([Int]) -> [Float]]) { self.logits = logits }

    convenience init(_ logits: @escaping ([Int]) -> [Float]) { self.init(windows: [logits]) }

    /// Says tokens one after the other, with certainty, and then the end.
    static func saying(_ tokens: [Int]...) -> ScriptedSource {
        ScriptedSource(
            windows: tokens.map { tokens in
                { sequence in
                    var row = [Float](repeating: -20, count: TestTokenizer.vocabulary)
                    // The prompt ends with the start of the transcript.
                    let said = sequence.count - (sequence.lastIndex(of: TestTokenizer.start) ?? 0) - 1
                    row[said < tokens.count ? tokens[said] : TestTokenizer.end] = 20
                    return row
                }
            })
    }

    /// Tokens that attend to 0.1 s each, one after the other, from `delay` seconds on.
    static func attention(_ tokens: [Int], _ text: Range<Int>, delay: Double, probability: Double) -> TextAttention {
        var scores = [Float](repeating: 0, count: tokens.count * 1500)
        for row in tokens.indices {
            let center = Int(delay * 50) + 5 * (row - text.lowerBound + 1) + 2
            for position in 0..<1500 { scores[row * 1500 + position] = -0.3 * Float(abs(position - center)) }
        }
        return TextAttention(
            scores: scores, heads: 1, tokens: tokens.count, positions: 1500, probabilities: text.map { _ in probability })
    }

    func attention(of tokens: [Int], text: Range<Int>, textVocabulary: Int, window: Int) async throws -> TextAttention {
        #expect(textVocabulary == TestTokenizer.end)
        return attend(tokens, text)
    }

    func begin(_ prompts: [WindowPrompt]) async throws -> [(last: [Float], atStart: [Float])] {
        #expect(prompts.count == windows)
        self.prompts.append(prompts.map(\.tokens))
        texts = prompts.map { [$0.tokens] }
        return zip(prompts, logits).map { ($1($0.tokens), $1(Array($0.tokens[...$0.start]))) }
    }

    func advance(_ next: [NextTokens?]) async throws -> [[[Float]]] {
        steps += 1
        #expect(next.count == windows)
        for (window, next) in next.enumerated() {
            let before = texts[window]
            texts[window] = next.map { zip($0.tokens, $0.origins).map { before[$1] + [$0] } } ?? []
        }
        return zip(texts, logits).map { texts, logits in texts.map(logits) }
    }

    func selecting(_ windows: [Int]) throws -> any TokenSource {
        selected.append(windows)
        return ScriptedSource(windows: windows.map { logits[$0] })
    }
}

/// A vocabulary of bytes, special tokens and timestamps.
enum TestTokenizer {
    static let (end, start, previous, noSpeech, noTimestamps, timestampBegin) = (256, 257, 297, 298, 299, 300)
    static let vocabulary = 320

    static func make() throws -> WhisperTokenizer {
        let languages = WhisperLanguage.all.prefix(36).map { "<|\($0.code)|>" }
        let special =
            ["<|endoftext|>", "<|startoftranscript|>"] + languages
            + ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
        let vocabulary = BytePairVocabulary(bytes: (0...255).map { [$0] }, merges: [], file: "test")
        let tokens = Dictionary(uniqueKeysWithValues: special.enumerated().map { (256 + $0, $1) })
        return try WhisperTokenizer(vocabulary: vocabulary, addedTokens: tokens)
    }

    /// Without suppressed symbols, some of which are bytes here.
    static let rules = DecodingVocabulary(
        endOfText: end, noSpeech: noSpeech, noTimestamps: noTimestamps, timestampBegin: timestampBegin, suppressed: [],
        suppressedAtBegin: [32, end])

    static func bytes(_ text: String) -> [Int] { text.utf8.map(Int.init) }
}
