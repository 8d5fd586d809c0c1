import Architectures
import Inference
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

extension MemoryPolicy {
    /// The least memory that a request takes, in bytes, with one network at a time: an estimate from weights and activations, within
    /// a tenth of what was measured on Stable Diffusion 1.5 at 64×64 to 1024×1024 and on the model in the repository.
    static func leastBytes(of model: LatentDiffusionModel, _ request: ResolvedRequest, _ precision: CompileOptions.Precision)
        -> Int
    {
        let bytes = precision == .f32 ? 4 : 2
        let size = request.size
        let batch = min(request.request.batchSize, request.request.pictureCount)
        /// Weights are compiled from mapped ones, of which some pages stay: most of a small network's.
        func stage(_ weights: Int, _ values: Double) -> Int {
            weights + max(weights / 7, min(weights / 2, 64 << 20)) + Int(min(values * Double(bytes), 0x1p60))
        }
        let texts = model.textEncoders.map { stage($0.network.compiledBytes(floatSize: bytes), 0) }
        // Channels are a config's: the products may be beyond Int.
        let latents = Double(size.latentWidth * size.latentHeight) * Double(batch)
        let unet = stage(
            model.unet.compiledBytes(floatSize: bytes), latents * Double(model.unet.architecture.config.blockOutChannels[0]) * 8)
        let decoder = stage(
            model.vaeDecoder.compiledBytes(floatSize: bytes), Double(size.pixels) * Double(model.autoencoder.widestChannels) * 2.5
        )
        return emptyBytes + max(unet, decoder, texts.max() ?? 0)
    }

    /// The program and the runtime, without a network.
    private static let emptyBytes = 140 << 20
}
