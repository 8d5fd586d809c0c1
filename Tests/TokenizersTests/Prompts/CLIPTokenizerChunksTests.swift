import Testing

@testable import Tokenizers

@Suite struct CLIPTokenizerChunksTests {
    /// SD 2's and SDXL's second tokenizer.
    private static let paddedWithExclamationMark = Result { () throws(TokenizerError) in
        var configuration = CLIPTokenizerConfiguration()
        configuration.padToken = AddedToken("!")
        return try CLIPTokenizer(vocabulary: .clip(), configuration: configuration)
    }

    private static let tokenizers = [
        "full": TokenizerGoldens.full, "padded with !": paddedWithExclamationMark, "small": TokenizerGoldens.small,
    ]

    @Test(arguments: ["full", "padded with !", "small"]) func cutsAsTheWebUIDoes(_ name: String) throws {
        let tokenizer = try #require(Self.tokenizers[name]).get()
        var longest = 0
        for golden in try PromptGolden.all() {
            let expected = try #require(golden.chunks[name])
            let found = tokenizer.chunks(of: golden.prompt)
            #expect(found.ids == expected.map(\.ids), "\(golden.prompt.prefix(80))")
            for (weights, chunk) in zip(found.weights, expected) {
                #expect(weights.count == tokenizer.modelMaxLength)
                #expect(Array(weights.dropFirst().prefix(chunk.weights.count)) == chunk.weights)
                #expect(weights[0] == 1 && weights[(chunk.weights.count + 1)...].allSatisfy { $0 == 1 })
            }
            #expect(found.isWeighted == expected.contains { $0.weights.contains { $0 != 1 } })
            #expect(found.droppedText.isEmpty)
            longest = max(longest, found.count)
        }
        #expect(longest >= 3)
    }

    @Test(arguments: ["full", "padded with !", "small"]) func plainTextsThatFitAreEncodedAsEver(_ name: String) throws {
        let tokenizer = try #require(Self.tokenizers[name]).get()
        let words = ["a", "photo", "of", "Größe,", "hello!!!", "don't", "<|endoftext|>", "🦄", "x:y", "{a|b}", "ABREAK"]
        for count in 0..<30 {
            let prompt = (0..<count).map { words[($0 * 7 + count) % words.count] }.joined(separator: " ")
            let encoding = tokenizer.encode(prompt, maxLength: tokenizer.modelMaxLength)
            let plain = tokenizer.chunks(of: prompt, mode: .plain)
            #expect(plain.ids == [encoding.ids] && plain.droppedText == encoding.droppedText && !plain.isWeighted)
            let chunks = tokenizer.chunks(of: prompt)
            if encoding.droppedIDs.isEmpty { #expect(chunks == plain) } else { #expect(chunks.count > 1) }
        }
    }

    @Test func bracketsOfPlainPromptsAreLetters() throws {
        let tokenizer = try TokenizerGoldens.full.get()
        let plain = tokenizer.chunks(of: "(a cat:1.3) BREAK", mode: .plain)
        #expect(plain.ids == [tokenizer.encode("(a cat:1.3) BREAK", maxLength: 77).ids])
        #expect(plain.weights == [Array(repeating: 1, count: 77)])
    }

    @Test func chunksAreFilledWithoutBacktracking() throws {
        let tokenizer = try TokenizerGoldens.full.get()
        let prompt = String(repeating: "cat ", count: 70) + ", " + String(repeating: "dog ", count: 10)
        let cat = tokenizer.encode("cat").ids[1]
        let dog = tokenizer.encode("dog").ids[1]
        #expect(tokenizer.chunks(of: prompt).ids.map { $0.count { $0 == dog } } == [0, 10])
        let filled = tokenizer.chunks(of: prompt, commaBacktracking: 0)
        #expect(filled.ids.map { $0.count { $0 == dog } } == [4, 6])
        #expect(filled.ids.map { $0.count { $0 == cat } } == [70, 0])
        #expect(tokenizer.chunks(of: "cat cat cat", maxLength: 0).ids.map(\.count) == [3, 3, 3])
    }

    @Test func promptsArePaddedToOneNumberOfChunks() throws {
        let tokenizer = try Self.paddedWithExclamationMark.get()
        let long = tokenizer.chunks(of: "a BREAK (b:2) BREAK c")
        let padded = PromptChunks.padded([long, tokenizer.chunks(of: "")])
        #expect(padded.map(\.count) == [3, 3])
        #expect(padded[0] == long)
        let empty = tokenizer.encode("", maxLength: 77).ids
        #expect(padded[1].ids == [empty, empty, empty])
        #expect(empty[1] == tokenizer.eosTokenID && empty[2] == 0)
        #expect(!padded[1].isWeighted && padded[1].chunkLength == 77)
        #expect(PromptChunks.padded([]).isEmpty)
    }

    @Test func anyTextMakesWholeChunks() throws {
        let tokenizer = try TokenizerGoldens.small.get()
        var prompts = RandomPrompts(seed: 2)
        for _ in 0..<2_000 {
            let prompt = prompts.next()
            let chunks = tokenizer.chunks(of: prompt)
            let isWhole = chunks.ids.allSatisfy {
                $0.count == 32 && $0.first == tokenizer.bosTokenID && $0.contains(tokenizer.eosTokenID)
            }
            guard isWhole, chunks.count >= 1, chunks.weights.map(\.count) == chunks.ids.map(\.count) else {
                Issue.record("\(TokenizerGoldens.shown(prompt))")
                return
            }
        }
    }
}
