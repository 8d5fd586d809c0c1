import Architectures
import Imaging
import Inference
import ModelLoading
import TensorStore

/// Decodes latents to pictures, one at a time.
final class LatentDecoder {
    private let architecture: any LatentAutoencoder
    private let network: Executable
    /// The size of the decoded pictures.
    let size: OutputSize
    /// The network's name in timings.
    var name: String { network.name }

    init(
        _ autoencoder: Network<any LatentAutoencoder>, _ size: OutputSize, _ options: CompileOptions, name: String = "vae decoder"
    ) throws {
        architecture = autoencoder.architecture
        self.size = size
        network = try Executable(name, autoencoder.decoder(height: size.latentHeight, width: size.latentWidth), options)
    }

    /// The network's outputs for latents: `sample` `[1, 3, H, W]` in −1…1, and any added outputs.
    /// - Parameter latents: `[1, C, h, w]`, in the UNet's scale.
    /// - Throws: `GenerationError.notFinite` where the latents are infinite or NaN.
    func run(_ latents: Tensor) async throws -> [String: Tensor] {
        let factor = Float(architecture.scalingFactor)
        let elements = try latents.elements(as: Float.self)
        guard elements.allSatisfy(\.isFinite) else {
            throw GenerationError.notFinite(network: "UNet", precision: network.options.namedPrecision.rawValue)
        }
        let unscaled = try Tensor(elements.map { $0 / factor }, shape: latents.shape)
        return try await network.run(["latent_sample": unscaled])
    }

    /// The picture in the outputs of `run`.
    /// - Throws: `GenerationError.notFinite` where values are infinite or NaN.
    func image(in outputs: [String: Tensor]) throws -> RGBImage {
        try outputs.required("sample", of: name).withUnsafeBytes { bytes in
            do {
                return try RGBImage(
                    planar: bytes.bindMemory(to: Float.self), width: size.width, height: size.height, range: .signed)
            } catch ImageError.notANumber {
                throw GenerationError.notFinite(network: name, precision: network.options.namedPrecision.rawValue)
            }
        }
    }

    func takeTimings() -> [NetworkTimings] { [network.takeTimings()].compactMap(\.self) }
}
