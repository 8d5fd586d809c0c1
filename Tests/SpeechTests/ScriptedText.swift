import Testing

@testable import Speech

/// A text whose next logits follow from its tokens, as they do from a decoder's.
final class ScriptedText: TextSource {
    let length: Int
    let logits: ([Int]) -> [Float]
    private(set) var tokens: [Int] = []
    private(set) var runs = 0

    /// - Parameter logits: after a text, prompt included.
    init(length: Int = 448, _ logits: @escaping ([Int]) -> [Float]) { (self.length, self.logits) = (length, logits) }

    func begin(_ prompt: [Int], positions: [Int]) async throws -> [[Float]] {
        tokens = prompt
        return positions.map { logits(Array(prompt[...$0])) }
    }

    func extend(_ tokens: [Int]) async throws -> [[Float]] {
        #expect(!tokens.isEmpty && self.tokens.count + tokens.count <= length)
        runs += 1
        return tokens.map {
            self.tokens.append($0)
            return logits(self.tokens)
        }
    }

    func removeLast(_ count: Int) { tokens.removeLast(count) }
}
