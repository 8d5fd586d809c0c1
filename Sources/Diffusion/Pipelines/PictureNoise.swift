import TensorStore

extension GenerationRequest {
    /// A source for each picture, which gives latents first and then as many draws as steps need noise.
    /// - Parameters:
    ///   - shape: of one picture's latents, `[1, C, h, w]`.
    ///   - draws: how many each picture needs in all.
    func noiseSources(_ shape: Shape, draws: Int) throws(NoiseError) -> [any NoiseSource] {
        switch noise {
        case .seedPerPicture(let first, let generator):
            return try Self.seeded(first: first, generator, count: pictureCount)
        case .oneSeed(let seed, let generator):
            return try shared(Self.source(seed, generator), shape, draws: draws)
        case .tensor(let tensor, let file, let seed, let generator):
            var batch = shape
            batch[0] = pictureCount
            let steps = BatchedNoise(try Self.seeded(first: seed, generator, count: pictureCount))
            return try shared(FileNoise(tensor, file: file, latents: batch, then: steps), shape, draws: draws)
        }
    }

    /// The seed that redraws picture `index` alone.
    func seed(ofPicture index: Int) -> UInt64? {
        guard case .seedPerPicture(let first, _) = noise else { return nil }
        return first &+ UInt64(index)
    }

    private static func seeded(first: UInt64, _ generator: Generator, count: Int) throws(NoiseError) -> [any NoiseSource] {
        var sources: [any NoiseSource] = []
        for index in 0..<count { sources.append(try source(first &+ UInt64(index), generator)) }
        return sources
    }

    private static func source(_ seed: UInt64, _ generator: Generator) throws(NoiseError) -> any NoiseSource {
        switch generator {
        case .torch: TorchNoise(seed: seed)
        case .numpy: try NumpyNoise(exactly: seed)
        }
    }

    /// One source for all pictures: everything is drawn at once, and each picture gets its part.
    private func shared(_ source: any NoiseSource, _ shape: Shape, draws: Int) throws(NoiseError) -> [any NoiseSource] {
        var source = source
        var batch = shape
        batch[0] = pictureCount
        var parts: [[Tensor]] = Array(repeating: [], count: pictureCount)
        for _ in 0..<draws {
            let drawn = try source.normal(batch)
            for index in parts.indices { parts[index].append(drawn.rows(index..<index + 1)) }
        }
        return parts.map { DrawnNoise($0) }
    }
}

/// Noise that was drawn before.
private struct DrawnNoise: NoiseSource {
    private var draws: ArraySlice<Tensor>

    init(_ draws: [Tensor]) { self.draws = draws[...] }

    var remainingDraws: Int? { draws.count }

    mutating func normal(_ shape: Shape) throws(NoiseError) -> Tensor {
        guard let next = draws.popFirst() else { throw .exhausted(file: "the noise drawn for this picture", draws: 0) }
        guard next.shape == shape else { throw .shape(expected: next.shape, found: shape) }
        return next
    }
}
