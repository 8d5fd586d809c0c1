/// The attention of a text's tokens to the sound of a window, and how probable the tokens are.
struct TextAttention {
    /// Before softmax: `[heads, tokens, positions]`.
    var scores: [Float]
    let heads: Int
    /// All tokens of the run, the transcript's start and end included.
    let tokens: Int
    /// Positions of the encoder, 20 ms each.
    let positions: Int
    /// Of each token of text, among the tokens of text alone.
    let probabilities: [Double]
}
