import Foundation
import TensorStore
import TestSupport
import Testing

@testable import Tokenizers

/// Prompts as AUTOMATIC1111's rules weigh and cut them: `Tests/Goldens/Tokenizers/prompts/make.py`.
struct PromptGolden {
    let prompt: String
    let parts: [WeightedPrompt.Part]
    /// By tokenizer.
    let chunks: [String: [Chunk]]

    struct Chunk {
        let ids: [Int32]
        /// Of the tokens between the markers.
        let weights: [Float]
    }

    static func all() throws -> [PromptGolden] {
        let file = try MappedFile(path: Goldens.url("Tokenizers/prompts/prompts.json.gz").path)
        let json = try JSONValue(parsing: withExtendedLifetime(file) { try Gzip.unpacked(file.bytes) })
        return try #require(json.array).map { row in
            let parts: [WeightedPrompt.Part] = try #require(row["parts"]?.array).map { part in
                guard !part.isNull else { return .chunkBreak }
                return .text(try #require(part[0]?.string), weight: try #require(part[1]?.double))
            }
            var chunks: [String: [Chunk]] = [:]
            for (name, list) in try #require(row["chunks"]?.object) {
                chunks[name] = try #require(list.array).map { chunk in
                    Chunk(
                        ids: try TokenizerGoldens.ids(chunk["ids"]),
                        weights: try #require(chunk["weights"]?.array).map { Float(try #require($0.double)) })
                }
            }
            return PromptGolden(prompt: try #require(row["prompt"]?.string), parts: parts, chunks: chunks)
        }
    }
}

/// Texts of what a parser may stumble over, the same ones for the same seed.
struct RandomPrompts {
    private var state: UInt64
    private static let pieces = [
        "(", ")", "[", "]", "\\", ":", "1.1", "-", "+", ".", "9999999999999999999999", " ", "BREAK", "cat", ",", "\u{301}", "🦄",
        "é", "\0", "\n", "<|endoftext|>", "_", "(x:1.3)", "((", "))", "\u{200D}", ":0)", "日本",
    ]

    init(seed: UInt64) { state = seed }

    mutating func next() -> String {
        (0..<below(30)).map { _ in Self.pieces[below(Self.pieces.count)] }.joined()
    }

    private mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}
