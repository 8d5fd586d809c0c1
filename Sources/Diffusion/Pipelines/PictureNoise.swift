import TensorStore

/// One draw from a picture's noise generator, in the order of diffusers' pipelines.
enum NoiseDraw {
    /// The draw for the latents of the initial image, which all pictures of a batch share.
    case image
    /// A draw for each picture: its initial noise, or the noise of a step.
    case each
}

extension ResolvedRequest {
    /// A source for each picture, which gives all of its draws in order.
    /// - Parameter shape: the shape of one picture's latents, `[1, C, h, w]`.
    func noiseSources(_ shape: Shape, _ draws: [NoiseDraw]) throws(NoiseError) -> [any NoiseSource] {
        guard let noise else {
            guard request.sharesGenerator else { return try sourcePerPicture() }
            var source = try source(request.seed)
            return try shared(shape, draws) { (_, batch) throws(NoiseError) in try source.normal(batch) }
        }
        var batch = shape
        batch[0] = request.pictureCount
        let steps = BatchedNoise(try sourcePerPicture())
        var source = try FileNoise(noise.tensor, file: noise.name, latents: batch, then: steps)
        // Tensors hold the initial noise and the noise of steps, and none for the latents of an image.
        var images = try self.source(request.seed)
        return try shared(shape, draws) { (draw, batch) throws(NoiseError) in
            switch draw {
            case .image: try images.normal(batch)
            case .each: try source.normal(batch)
            }
        }
    }

    private func sourcePerPicture() throws(NoiseError) -> [any NoiseSource] {
        var sources: [any NoiseSource] = []
        for index in 0..<request.pictureCount { sources.append(try source(request.seed &+ UInt64(index))) }
        return sources
    }

    private func source(_ seed: UInt64) throws(NoiseError) -> any NoiseSource {
        switch request.noise.generator {
        case .torch: TorchNoise(seed: seed)
        case .numpy: try NumpyNoise(exactly: seed)
        }
    }

    /// One source for all pictures: all noise is drawn at once, and each picture gets its part.
    private func shared(
        _ shape: Shape, _ draws: [NoiseDraw], _ normal: (NoiseDraw, Shape) throws(NoiseError) -> Tensor
    ) throws(NoiseError) -> [any NoiseSource] {
        var batch = shape
        batch[0] = request.pictureCount
        var parts: [[Tensor]] = Array(repeating: [], count: request.pictureCount)
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

extension GenerationRequest.Noise {
    /// The generator of all noise that no file gives.
    fileprivate var generator: GenerationRequest.Generator {
        switch self {
        case .torch: .torch
        case .numpy: .numpy
        case .file(_, let steps), .tensor(_, _, let steps): steps
        }
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
