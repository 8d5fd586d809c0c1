import TensorStore

/// A decoder in OpenVINO's IR over one window of sound. Each sequence is a row of its batch.
final class ExportedTokenSource: TokenSource {
    private let decoder: any ExportedDecoder
    /// `[1, positions, width]`.
    private let sound: Tensor
    private let vocabulary: Int
    private let sharesSound: Bool
    private var position = 0
    /// Whether the sequences are still one, as they are up to the first token after the prompt.
    private var isOneText = true
    private var rows = 1

    init(_ decoder: any ExportedDecoder, sound: Tensor, vocabulary: Int, sharesSound: Bool) {
        self.decoder = decoder
        self.sound = sound
        self.vocabulary = vocabulary
        self.sharesSound = sharesSound
    }

    func begin(_ prompt: [Int], count: Int, position: Int) async throws -> (last: [Float], atPosition: [Float]) {
        rows = sharesSound ? 1 : count
        let ids = try Tensor((0..<rows).flatMap { _ in prompt.map(Int64.init) }, shape: [rows, prompt.count])
        let sound = rows == 1 ? sound : try sound.rows(Array(repeating: 0, count: rows))
        let logits = try self.logits(await decoder.begin(ids, sound: sound), count: prompt.count)
        self.position = prompt.count
        isOneText = true
        return (logits(prompt.count - 1), logits(position))
    }

    func advance(_ tokens: [Int], origins: [Int]) async throws -> [[Float]] {
        // Of equal rows each text takes its own, where there are as many.
        let parents = isOneText ? origins.indices.map { $0 < rows ? $0 : 0 } : origins
        isOneText = false
        let ids = try Tensor(tokens.map(Int64.init), shape: [tokens.count, 1])
        let outputs = try await decoder.next(ids, parents: parents, position: position)
        rows = tokens.count
        position += 1
        let logits = try self.logits(outputs, count: 1)
        return tokens.indices.map { logits($0) }
    }

    func attention(of tokens: [Int], text: Range<Int>, textVocabulary: Int) async throws -> TextAttention {
        throw SpeechError.noAttention
    }

    /// - Parameter count: the tokens of each row of the run.
    /// - Returns: the logits `[vocabulary]` of a token, counted over all rows.
    private func logits(_ outputs: [String: Tensor], count: Int) throws -> (Int) -> [Float] {
        guard let logits = outputs["logits"] else { throw SpeechError.missingOutput("logits") }
        guard logits.shape.rank == 3, logits.shape[1] == count, logits.shape[2] == vocabulary else {
            throw SpeechError.logits(logits.shape.description, expected: "[rows, \(count), \(vocabulary)]")
        }
        let (values, width): ([Float], Int) = (try logits.elements(), vocabulary)
        return { Array(values[$0 * width..<($0 + 1) * width]) }
    }
}
