import Foundation

/// The noise of the forward process, step by step: ᾱ, the share of the picture's variance that is left.
///
/// In single precision and in the order in which PyTorch computes it on x86 with AVX2, whose `linspace` and `cumprod`
/// these equal bit for bit.
/// Reference: the constructors of diffusers' schedulers, and `rescale_zero_terminal_snr` for Lin et al. 2023.
struct NoiseSchedule: Sendable {
    /// ᾱ of each training step; falls from nearly 1.
    let alphasCumprod: [Float]

    /// - Parameter betas: variance that each training step adds.
    init(betas: [Float], rescaleZeroTerminalSNR: Bool) {
        let betas = rescaleZeroTerminalSNR ? Self.rescaledToZeroTerminalSNR(betas) : betas
        alphasCumprod = Self.cumulativeProduct(betas.map { 1 - $0 })
    }

    /// √ᾱ and √(1 - ᾱ): the weights of picture and noise in a sample.
    static func weights(_ alphaCumprod: Float) -> (signal: Float, noise: Float) {
        (alphaCumprod.squareRoot(), (1 - alphaCumprod).squareRoot())
    }

    /// ᾱ of a training step; below the first, `final`.
    func alpha(at timestep: Int, orFinal final: Float) -> Float { timestep < 0 ? final : alphasCumprod[timestep] }

    /// The betas of a named schedule.
    static func betas(_ schedule: BetaSchedule, from start: Double, to end: Double, count: Int) -> [Float] {
        switch schedule {
        case .linear: linspace(Float(start), Float(end), count: count)
        case .scaledLinear: linspace(Float(start.squareRoot()), Float(end.squareRoot()), count: count).map { $0 * $0 }
        case .squaredcosCapV2: cosineBetas(count: count)
        }
    }

    /// `torch.linspace`: from both ends to the middle, each element with one rounding.
    private static func linspace(_ start: Float, _ end: Float, count: Int) -> [Float] {
        guard count > 1 else { return [Float](repeating: start, count: count) }
        let step = (end - start) / Float(count - 1)
        return (0..<count).map { index in
            index < count / 2
                ? start.addingProduct(step, Float(index)) : end.addingProduct(-step, Float(count - 1 - index))
        }
    }

    private static func cosineBetas(count: Int) -> [Float] {
        func alphaBar(_ time: Double) -> Double {
            let cosine = cos((time + 0.008) / 1.008 * Double.pi / 2)
            return cosine * cosine
        }
        return (0..<count).map { index in
            let ratio = alphaBar(Double(index + 1) / Double(count)) / alphaBar(Double(index) / Double(count))
            return Float(min(1 - ratio, 0.999))
        }
    }

    /// `torch.cumprod`: multiplied up in double precision, each element rounded.
    private static func cumulativeProduct(_ factors: [Float]) -> [Float] {
        var product = 1.0
        return factors.map { factor in
            product *= Double(factor)
            return Float(product)
        }
    }

    /// Shifted and scaled so that nothing of the picture is left at the last training step.
    private static func rescaledToZeroTerminalSNR(_ betas: [Float]) -> [Float] {
        let roots = cumulativeProduct(betas.map { 1 - $0 }).map { $0.squareRoot() }
        guard let first = roots.first, let last = roots.last else { return betas }
        let scale = first / (first - last)
        let alphasCumprod = roots.map { root in
            let rescaled = (root - last) * scale
            return rescaled * rescaled
        }
        return alphasCumprod.indices.map { index in
            1 - (index == 0 ? alphasCumprod[0] : alphasCumprod[index] / alphasCumprod[index - 1])
        }
    }
}
