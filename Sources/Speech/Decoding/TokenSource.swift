/// A decoder over one window of sound: logits of the token that follows.
///
/// The sequences of a window have the same prompt. `advance` is called after `begin`, once for each token.
protocol TokenSource: AnyObject {
    /// Starts `count` sequences with a prompt.
    /// - Parameter position: the index in the prompt whose logits are returned as `atPosition`.
    /// - Returns: logits [vocabulary] after the prompt, and after its token at `position`.
    func begin(_ prompt: [Int], count: Int, position: Int) async throws -> (last: [Float], atPosition: [Float])

    /// Appends a token to each sequence.
    /// - Parameter origins: the sequence that each continues; their order is kept by 0, 1, 2 ….
    /// - Returns: logits [vocabulary] for each sequence.
    func advance(_ tokens: [Int], origins: [Int]) async throws -> [[Float]]

    /// Runs a whole text, for the times of its words.
    /// - Parameters:
    ///   - text: the range of the tokens of text; there is one before it.
    ///   - textVocabulary: ids below it are text.
    func attention(of tokens: [Int], text: Range<Int>, textVocabulary: Int) async throws -> TextAttention
}

/// The tokens of a decoded window.
struct DecodedTokens: Equatable {
    /// Without the prompt and the end.
    var tokens: [Int]
    /// The sum of the log probabilities of the tokens and, but for a text that is cut, of the end.
    var logProbability: Float

    /// The mean of the log probabilities, the end's included.
    var averageLogProbability: Double { Double(logProbability) / Double(tokens.count + 1) }
}
