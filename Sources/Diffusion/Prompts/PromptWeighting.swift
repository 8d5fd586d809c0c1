public import TensorStore

/// Applies token weights to the text encoder's states.
public enum PromptWeighting {
    /// Multiplies each token's state by its weight, then all states by the factor that restores their mean, as in AUTOMATIC1111's
    /// web UI (`Original` emphasis), chunk by chunk.
    ///
    /// The states are unchanged where all weights are 1, or where no factor restores the mean (the weighted mean is 0). The
    /// pooled state of SDXL's second encoder is not weighted there; it is the first chunk's.
    ///
    /// - Parameters:
    ///   - states: `[1, N, C]` f32 of one chunk.
    ///   - weights: N weights.
    /// - Throws: `PromptWeightingError`.
    public static func weighted(_ states: Tensor, weights: [Float]) throws(PromptWeightingError) -> Tensor {
        guard states.elementType == .f32, states.shape.rank == 3, states.shape[0] == 1, states.shape[1] == weights.count else {
            throw .states(states.elementType, states.shape, tokens: weights.count)
        }
        guard weights.contains(where: { $0 != 1 }) else { return states }
        let width = states.shape[2]
        var result = states
        result.withUnsafeMutableBytes { bytes in
            let values = bytes.bindMemory(to: Float.self)
            let mean = values.reduce(0) { $0 + Double($1) }
            for (token, weight) in weights.enumerated() {
                for index in token * width..<(token + 1) * width { values[index] *= weight }
            }
            let ratio = Float(mean / values.reduce(0) { $0 + Double($1) })
            guard ratio.isFinite else { return }
            for index in values.indices { values[index] *= ratio }
        }
        return result
    }

    /// Concatenates the weighted states of a prompt's chunks along the tokens.
    ///
    /// - Parameters:
    ///   - chunks: `[1, N, C]` f32 each.
    ///   - weights: N weights for each chunk.
    /// - Returns: `[1, chunks · N, C]`.
    /// - Throws: `PromptWeightingError`.
    public static func joined(_ chunks: [Tensor], weights: [[Float]]) throws(PromptWeightingError) -> Tensor {
        guard let first = chunks.first, chunks.count == weights.count, chunks.allSatisfy({ $0.shape == first.shape }) else {
            throw .chunks(chunks.map(\.shape), weights: weights.count)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(chunks.count * first.byteCount)
        for (states, weights) in zip(chunks, weights) {
            try weighted(states, weights: weights).withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        let shape: Shape = [1, chunks.count * first.shape[1], first.shape[2]]
        let joined = bytes.withUnsafeBytes { bytes in
            Result { () throws(TensorError) in try Tensor(copying: bytes, shape: shape, of: .f32) }
        }
        do { return try joined.get() } catch { throw .chunks(chunks.map(\.shape), weights: weights.count) }
    }
}

/// An error in the shapes of states and weights.
public enum PromptWeightingError: Error, Equatable, Sendable {
    case states(ElementType, Shape, tokens: Int)
    case chunks([Shape], weights: Int)
}

extension PromptWeightingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .states(let type, let shape, let tokens):
            "The text encoder's states must be f32 [1, \(tokens), channels]; they are \(type) \(shape)."
        case .chunks(let shapes, let weights):
            "A prompt's chunks must have states of one shape and weights each; there are the shapes "
                + "\(shapes.map(\.description).joined(separator: ", ")) and \(weights) lists of weights."
        }
    }
}
