import Foundation

/// Texts that do not depend on each other, the best of which is taken: one of the most probable tokens, or some that are drawn at
/// random.
struct IndependentTexts: TokenSearch {
    private let bounds: SearchBounds
    /// 0 takes the most probable token.
    private let temperature: Float
    private var random: SplitMix
    /// The text from which each begins is the prompt, of which there is one.
    private var going: [(text: DecodedTokens, origin: Int)]
    private var complete: [DecodedTokens] = []

    init(_ bounds: SearchBounds, count: Int, temperature: Float, random: SplitMix) {
        self.bounds = bounds
        self.temperature = temperature
        self.random = random
        going = Array(repeating: (DecodedTokens(), 0), count: count)
    }

    mutating func next(_ logits: inout [[Float]]) -> NextTokens? {
        var next = NextTokens(tokens: [], origins: [])
        var left: [DecodedTokens] = []
        for (text, origin) in going {
            var text = text
            bounds.rules.apply(to: &logits[origin], sampled: text.tokens)
            let token = temperature > 0 ? draw(logits[origin]) : logits[origin].largestIndex ?? bounds.endOfText
            text.logProbability += logits[origin][token] - logits[origin][...].logSumExp()
            if token == bounds.endOfText {
                complete.append(text)
                continue
            }
            text.tokens.append(token)
            // A text that is cut has no end whose probability counts.
            if text.tokens.count >= bounds.limit {
                complete.append(text)
                continue
            }
            left.append(text)
            next.tokens.append(token)
            next.origins.append(origin)
        }
        going = left.enumerated().map { ($1, $0) }
        return left.isEmpty ? nil : next
    }

    var best: DecodedTokens {
        func mean(_ text: DecodedTokens) -> Float { text.logProbability / Float(text.tokens.count + 1) }
        return complete.max { mean($0) < mean($1) } ?? DecodedTokens()
    }

    /// A token by its probability at the temperature.
    private mutating func draw(_ logits: [Float]) -> Int {
        let scaled = logits.map { $0 / temperature }
        let total = scaled[...].logSumExp()
        var left = Double.random(in: 0..<1, using: &random)
        for (token, logit) in scaled.enumerated() where logit > -.infinity {
            left -= Double(exp(logit - total))
            if left < 0 { return token }
        }
        return logits.largestIndex ?? bounds.endOfText
    }
}

/// A generator that draws the same numbers for the same seed. Reference: Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators".
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
