import ModelLoading

/// Which networks are kept in memory.
public enum MemoryPolicy: Sendable, Equatable {
    /// Each only while it is used: the text encoder is gone before the UNet is loaded, and that before the decoder. All pictures
    /// of a request are denoised before the first is decoded.
    case staged
    /// All, from their first use on, also between requests.
    case resident
    /// Resident where that is likely to fit into so many bytes, staged otherwise.
    case limit(Int)

    /// Whether networks stay, for a model at a size.
    /// - Parameter pixels: of one picture, times the batch.
    func keepsNetworks(of model: LatentDiffusionModel, pixels: Int) -> Bool {
        switch self {
        case .staged: false
        case .resident: true
        case .limit(let bytes): Self.residentBytes(of: model, pixels: pixels) <= bytes
        }
    }

    /// Whether so many pixels may go through the UNet at once.
    func allows(_ model: LatentDiffusionModel, pixels: Int) -> Bool {
        guard case .limit(let bytes) = self else { return true }
        return model.unet.compiledBytes + pixels * Self.bytesPerPixel + Self.fixedBytes <= bytes
    }

    /// What all networks together are likely to take at the most: their weights in f32, and activations by the pixel.
    static func residentBytes(of model: LatentDiffusionModel, pixels: Int) -> Int {
        model.unet.compiledBytes + model.textEncoders.reduce(0) { $0 + $1.network.compiledBytes } + model.vaeDecoder.compiledBytes
            + pixels * bytesPerPixel + fixedBytes
    }

    /// Measured on Stable Diffusion 1.5's UNet and autoencoder at 512×512: see docs/benchmarks.md.
    private static let bytesPerPixel = 6_000
    private static let fixedBytes = 300 << 20
}
