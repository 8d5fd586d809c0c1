import Foundation

/// The noise schedule of the forward process: ᾱ, the remaining share of the picture's variance, for each training step.
///
/// Computed in single precision in PyTorch's order on x86 with AVX2; `linspace` and `cumprod` are equal bit for bit.
/// Reference: the constructors of diffusers' schedulers, and `rescale_zero_terminal_snr` for Lin et al. 2023.
struct NoiseSchedule: Sendable {
    /// ᾱ of each training step; decreases from nearly 1.
    let alphasCumprod: [Float]

    /// - Parameter betas: the variance that each training step adds.
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

    /// `torch.cumprod`: accumulated in double precision, each element rounded.
    private static func cumulativeProduct(_ factors: [Float]) -> [Float] {
        var product = 1.0
        return factors.map { factor in
            product *= Double(factor)
            return Float(product)
        }
    }

    /// The betas, shifted and scaled so that the last training step is pure noise.
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

/// The growth of the noise's variance over the training steps.
public enum BetaSchedule: String, Sendable, CaseIterable {
    case linear
    /// The square root of β grows linearly: the schedule of latent diffusion models.
    case scaledLinear = "scaled_linear"
    /// The cosine schedule of Nichol and Dhariwal 2021.
    case squaredcosCapV2 = "squaredcos_cap_v2"
}

/// σ of each training step: the noise's standard deviation over an unscaled picture.
struct TrainingSigmas: Sendable {
    /// √((1 - ᾱ) / ᾱ), ascending.
    let values: [Float]
    let logarithms: [Float]

    /// - Parameter isRescaled: whether the schedule ends in pure noise, whose σ is then finite, as in diffusers.
    init(_ schedule: NoiseSchedule, isRescaled: Bool) {
        var values = schedule.alphasCumprod.map { ((1 - $0) / $0).squareRoot() }
        // diffusers sets ᾱ to 2⁻²⁴, for which PyTorch's square root gives 4096; the nearest f32 is one unit in the last place
        // less.
        if isRescaled, let last = values.indices.last { values[last] = 4096 }
        self.values = values
        logarithms = values.map { log($0) }
    }

    var smallest: Double { Double(values.first ?? 0) }
    var largest: Double { Double(values.last ?? 0) }

    /// σ at a timestep between training steps: `numpy.interp`.
    func value(at timestep: Double) -> Double {
        guard timestep > 0 else { return smallest }
        let below = Int(min(timestep, Double(values.count)))
        guard below < values.count - 1 else { return largest }
        let (low, high) = (Double(values[below]), Double(values[below + 1]))
        return (high - low) * (timestep - Double(below)) + low
    }

    /// The training step of a σ, interpolated over log σ and clamped to the first and the last.
    ///
    /// Reference: `_sigma_to_t` of diffusers' schedulers.
    func timestep(of sigma: Double) -> Double {
        guard logarithms.count > 1 else { return 0 }
        let logarithm = log(max(sigma, 1e-10))
        let below = min(logarithms.lastIndex { logarithm - Double($0) >= 0 } ?? 0, logarithms.count - 2)
        let (low, high) = (logarithms[below], logarithms[below + 1])
        let weight = min(max((Double(low) - logarithm) / Double(low - high), 0), 1)
        return (1 - weight) * Double(below) + weight * Double(below + 1)
    }
}
