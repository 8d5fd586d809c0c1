import TensorStore

/// One of the times that a picture's generator is asked for noise, in the order of diffusers' pipelines.
enum NoiseDraw {
    /// For the latents of the picture to begin with, which all pictures of a batch have in common.
    case image
    /// For each picture: where it starts from, and what a step adds.
    case each
}

extension GenerationRequest {
    /// A source for each picture, which gives all of its draws in order.
    /// - Parameter shape: of one picture's latents, `[1, C, h, w]`.
    func noiseSources(_ shape: Shape, _ draws: [NoiseDraw]) throws(NoiseError) -> [any NoiseSource] {
        switch noise {
        case .seedPerPicture(let first, let generator):
            return try Self.seeded(first: first, generator, count: pictureCount)
        case .oneSeed(let seed, let generator):
            var source = try Self.source(seed, generator)
            return try shared(shape, draws) { (_, batch) throws(NoiseError) in try source.normal(batch) }
        case .tensor(let tensor, let file, let seed, let generator):
            var batch = shape
            batch[0] = pictureCount
            let steps = BatchedNoise(try Self.seeded(first: seed, generator, count: pictureCount))
            var source = try FileNoise(tensor, file: file, latents: batch, then: steps)
            // Files hold what pictures start from and what steps add.
            var images = try Self.source(seed, generator)
            return try shared(shape, draws) { (draw, batch) throws(NoiseError) in
                switch draw {
                case .image: try images.normal(batch)
                case .each: try source.normal(batch)
                }
            }
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
    private func shared(
        _ shape: Shape, _ draws: [NoiseDraw], _ normal: (NoiseDraw, Shape) throws(NoiseError) -> Tensor
    ) throws(NoiseError) -> [any NoiseSource] {
        var batch = shape
        batch[0] = pictureCount
        var parts: [[Tensor]] = Array(repeating: [], count: pictureCount)
        for draw in draws {
            switch draw {
            case .image:
                let drawn = try normal(draw, shape)
                for index in parts.indices { parts[index].append(drawn) }
            case .each:
                let drawn = try normal(draw, batch)
                for index in parts.indices { parts[index].append(drawn.rows(index..<index + 1)) }
            }
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
