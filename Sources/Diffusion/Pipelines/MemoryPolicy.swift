import ModelLoading

/// The networks to keep in memory.
public enum MemoryPolicy: Sendable, Equatable {
    /// Each network only while it is used: the text encoder is released before the UNet is loaded, and the UNet before the
    /// decoder. All pictures of a request are denoised before the first is decoded.
    case staged
    /// All networks, from their first use on, also between requests.
    case resident
    /// Resident if the estimate fits into this many bytes, staged otherwise.
    case limit(Int)

    /// Whether a model's networks stay in memory at a size.
    /// - Parameter pixels: the pixels of one picture, times the batch.
    func keepsNetworks(of model: LatentDiffusionModel, pixels: Int) -> Bool {
        switch self {
        case .staged: false
        case .resident: true
        case .limit(let bytes): Self.residentBytes(of: model, pixels: pixels) <= bytes
        }
    }

    /// Whether a number of pixels may go through the UNet at once.
    func allows(_ model: LatentDiffusionModel, pixels: Int) -> Bool {
        guard case .limit(let bytes) = self else { return true }
        return model.unet.compiledBytes + pixels * Self.bytesPerPixel + Self.fixedBytes <= bytes
    }

    /// An upper estimate of the memory of all networks, in bytes: weights in f32, and activations in proportion to the pixels.
    static func residentBytes(of model: LatentDiffusionModel, pixels: Int) -> Int {
        model.unet.compiledBytes + model.textEncoders.reduce(0) { $0 + $1.network.compiledBytes } + model.vaeDecoder.compiledBytes
            + pixels * bytesPerPixel + fixedBytes
    }

    /// Measured on Stable Diffusion 1.5's UNet and autoencoder at 512×512: see docs/benchmarks.md.
    private static let bytesPerPixel = 6_000
    private static let fixedBytes = 300 << 20
}
