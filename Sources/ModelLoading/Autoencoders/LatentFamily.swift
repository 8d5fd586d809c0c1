/// Models whose autoencoders make latents of one kind.
///
/// Within a family any autoencoder fits any model; between them pictures come out in wrong colours, though all shapes agree.
public enum LatentFamily: String, Sendable, CaseIterable {
    /// Stable Diffusion 1 and 2, and what was trained from them.
    case sd
    case sdxl
}

extension LatentFamily: CustomStringConvertible {
    public var description: String {
        switch self {
        case .sd: "Stable Diffusion 1 and 2"
        case .sdxl: "Stable Diffusion XL"
        }
    }

    /// What latents are multiplied by after encoding.
    var scalingFactor: Double {
        switch self {
        case .sd: 0.18215
        case .sdxl: 0.13025
        }
    }

    init?(scalingFactor: Double) {
        guard let family = Self.allCases.first(where: { abs($0.scalingFactor - scalingFactor) < 1e-6 }) else { return nil }
        self = family
    }
}
