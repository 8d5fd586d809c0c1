import Testing
import Tokenizers

@testable import Speech

/// Logits by the tokens so far: what a decoder would say is written in the test.
final class ScriptedSource: TokenSource {
    private let logits: ([Int]) -> [Float]
    private var sequences: [[Int]] = []
    private(set) var prompts: [[Int]] = []
    private(set) var steps = 0
    /// By all tokens and the range of text: by default a token takes 0.1 s and has a probability of 0.9.
    var attend: ([Int], Range<Int>) -> TextAttention = { tokens, text in
        ScriptedSource.attention(tokens, text, delay: 0, probability: 0.9)
    }

    /// - Parameter logits: of the token after the prompt's and those decoded.
    init(_ logits: @escaping ([Int]) -> [Float]) { self.logits = logits }

    /// Says tokens one after the other, with certainty, and then the end.
    static func saying(_ tokens: [Int], noSpeech: Float = -20) -> ScriptedSource {
        ScriptedSource { sequence in
            var row = [Float](repeating: -20, count: TestTokenizer.vocabulary)
            row[TestTokenizer.noSpeech] = noSpeech
            // The prompt ends with the start of the transcript.
            let said = sequence.count - (sequence.lastIndex(of: TestTokenizer.start) ?? 0) - 1
            row[said < tokens.count ? tokens[said] : TestTokenizer.end] = 20
            return row
        }
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

    func attention(of tokens: [Int], text: Range<Int>, textVocabulary: Int) async throws -> TextAttention {
        #expect(textVocabulary == TestTokenizer.end)
        return attend(tokens, text)
    }

    func begin(_ prompt: [Int], count: Int, position: Int) async throws -> (last: [Float], atPosition: [Float]) {
        prompts.append(prompt)
        sequences = Array(repeating: prompt, count: count)
        return (logits(prompt), logits(Array(prompt[...position])))
    }

    func advance(_ tokens: [Int], origins: [Int]) async throws -> [[Float]] {
        steps += 1
        #expect(tokens.count == sequences.count && origins.count == sequences.count)
        sequences = zip(tokens, origins).map { sequences[$1] + [$0] }
        return sequences.map(logits)
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
