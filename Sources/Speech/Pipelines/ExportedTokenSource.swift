import TensorStore

/// A decoder in OpenVINO's IR over one window of sound. Each text is a row of its batch.
final class ExportedTokenSource: TokenSource {
    private let decoder: any ExportedDecoder
    /// `[1, positions, width]`.
    private let sound: Tensor
    private let vocabulary: Int
    private let sharesSound: Bool
    private var position = 0
    private var prompt: [Int] = []
    /// Whether no token was run after the prompt.
    private var isAtPrompt = true
    private var rows = 1

    init(_ decoder: any ExportedDecoder, sound: Tensor, vocabulary: Int, sharesSound: Bool) {
        self.decoder = decoder
        self.sound = sound
        self.vocabulary = vocabulary
        self.sharesSound = sharesSound
    }

    var windows: Int { 1 }

    func begin(_ prompts: [WindowPrompt]) async throws -> [(last: [Float], atStart: [Float])] {
        let prompt = prompts[0].tokens
        self.prompt = prompt
        rows = 1
        isAtPrompt = true
        let logits = try await start(rows: 1)
        position = prompt.count
        return [(logits(prompt.count - 1), logits(prompts[0].start))]
    }

    func advance(_ next: [NextTokens?]) async throws -> [[[Float]]] {
        guard let next = next[0] else { return [[]] }
        let count = next.tokens.count
        var parents = next.origins
        // The sound's rows are as many as the texts where it is not shared: the prompt is run again for them.
        if isAtPrompt, !sharesSound, count > 1 {
            _ = try await start(rows: count)
            parents = Array(0..<count)
        }
        isAtPrompt = false
        guard sharesSound || count <= rows else { throw SpeechError.logits("for \(rows) texts", expected: "for \(count)") }
        if !sharesSound, count < rows {
            // The network's batch is that of the sound: missing texts repeat the first.
            let missing = rows - count
            let padded = NextTokens(
                tokens: next.tokens + Array(repeating: next.tokens[0], count: missing),
                origins: parents + Array(repeating: parents[0], count: missing))
            return [Array(try await run(padded).prefix(count))]
        }
        return [try await run(NextTokens(tokens: next.tokens, origins: parents))]
    }

    func selecting(_ windows: [Int]) throws -> any TokenSource { self }

    /// Runs the prompt in some rows.
    private func start(rows: Int) async throws -> (Int) -> [Float] {
        self.rows = rows
        let ids = try Tensor((0..<rows).flatMap { _ in prompt.map(Int64.init) }, shape: [rows, prompt.count])
        let sound = rows == 1 ? sound : try sound.rows(Array(repeating: 0, count: rows))
        return try logits(await decoder.begin(ids, sound: sound), count: prompt.count)
    }

    private func run(_ next: NextTokens) async throws -> [[Float]] {
        let ids = try Tensor(next.tokens.map(Int64.init), shape: [next.tokens.count, 1])
        let outputs = try await decoder.next(ids, parents: next.origins, position: position)
        rows = next.tokens.count
        position += 1
        let logits = try self.logits(outputs, count: 1)
        return next.tokens.indices.map { logits($0) }
    }

    func attention(of tokens: [Int], text: Range<Int>, textVocabulary: Int, window: Int) async throws -> TextAttention {
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
