import Foundation

/// σ of each training step: how much noise lies over a picture, where the picture is not scaled.
struct TrainingSigmas: Sendable {
    /// √((1 - ᾱ) / ᾱ), ascending.
    let values: [Float]
    let logarithms: [Float]

    /// - Parameter isRescaled: whether the schedule ends in pure noise, whose σ is then made finite as diffusers makes it.
    init(_ schedule: NoiseSchedule, isRescaled: Bool) {
        var values = schedule.alphasCumprod.map { ((1 - $0) / $0).squareRoot() }
        // diffusers sets ᾱ to 2⁻²⁴, from which PyTorch's square root makes 4096; the nearest f32 is one unit in the last place less.
        if isRescaled, let last = values.indices.last { values[last] = 4096 }
        self.values = values
        logarithms = values.map { log($0) }
    }

    var smallest: Double { Double(values.first ?? 0) }
    var largest: Double { Double(values.last ?? 0) }

    /// At a timestep between training steps: `numpy.interp`.
    func value(at timestep: Double) -> Double {
        guard timestep > 0 else { return smallest }
        let below = Int(min(timestep, Double(values.count)))
        guard below < values.count - 1 else { return largest }
        let (low, high) = (Double(values[below]), Double(values[below + 1]))
        return (high - low) * (timestep - Double(below)) + low
    }

    /// Where a σ lies among the training steps, by its logarithm; within the first and the last.
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
