/// A decoder over one text of a window of sound: tokens can be run together, and taken back.
protocol TextSource: AnyObject {
    /// The most tokens of a text, prompt included.
    var length: Int { get }

    /// Starts the text, in place of an earlier one.
    /// - Parameter positions: indices of prompt tokens.
    /// - Returns: logits [vocabulary] after each of these tokens.
    func begin(_ prompt: [Int], positions: [Int]) async throws -> [[Float]]

    /// Appends tokens.
    /// - Returns: logits [vocabulary] after each of them.
    func extend(_ tokens: [Int]) async throws -> [[Float]]

    /// Takes back the last tokens.
    func removeLast(_ count: Int)
}
