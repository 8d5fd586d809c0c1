/// A decoder over windows of sound, which do not depend on each other: logits of the tokens that follow.
///
/// Each window has a prompt, and from then on texts that continue it. `advance` is called after `begin`, once for each token.
protocol TokenSource: AnyObject {
    /// The number of windows.
    var windows: Int { get }

    /// Starts one text in each window.
    /// - Returns: for each window, logits [vocabulary] after the prompt, and after the start of its transcript.
    func begin(_ prompts: [WindowPrompt]) async throws -> [(last: [Float], atStart: [Float])]

    /// Lets the windows' texts grow by a token each.
    /// - Parameter next: for each window; nil for one whose search is complete.
    /// - Returns: for each window, logits [vocabulary] of each of its texts.
    func advance(_ next: [NextTokens?]) async throws -> [[[Float]]]

    /// Runs a whole text, for the times of its words.
    /// - Parameters:
    ///   - text: the range of the tokens of text; there is one before it.
    ///   - textVocabulary: ids below it are text.
    func attention(of tokens: [Int], text: Range<Int>, textVocabulary: Int, window: Int) async throws -> TextAttention

    /// The same sound of some of the windows, to be decoded anew.
    func selecting(_ windows: [Int]) throws -> any TokenSource
}

/// The tokens by which the texts of a window grow.
struct NextTokens: Equatable {
    /// A token for each text that there is from now on.
    var tokens: [Int]
    /// The text that each token continues, an index of the texts before.
    var origins: [Int]
}

/// The tokens of a decoded window.
struct DecodedTokens: Equatable {
    /// Without the prompt and the end.
    var tokens: [Int] = []
    /// The sum of the log probabilities of the tokens and, but for a text that is cut, of the end.
    var logProbability: Float = 0

    /// The mean of the log probabilities, the end's included.
    var averageLogProbability: Double { Double(logProbability) / Double(tokens.count + 1) }
}
