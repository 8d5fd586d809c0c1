import Architectures
import Foundation
import Inference
import ModelGraph
import ModelLoading
import TensorStore

/// The output of an autoencoder's encoder: latents, or a normal distribution of latents.
struct LatentDistribution: Sendable {
    /// `[1, C, h, w]`, in the UNet's scale.
    let mean: Tensor
    /// In the shape of `mean`; nil where the encoder gives the latents themselves.
    let deviation: Tensor?

    /// Latents `[1, C, h, w]`.
    /// - Parameter noise: standard normal; not read where `deviation` is nil.
    func sample(_ noise: Tensor?) throws -> Tensor {
        guard let deviation, let noise else { return mean }
        let parts = try zip(
            mean.elements(as: Float.self), zip(deviation.elements(as: Float.self), noise.elements(as: Float.self)))
        return try Tensor(parts.map { $0 + $1.0 * $1.1 }, shape: mean.shape)
    }
}

/// Encodes pictures to latents.
final class LatentEncoder {
    private let architecture: any LatentAutoencoder
    private let network: Executable
    /// The size of the input pictures.
    let size: OutputSize

    init(_ autoencoder: Network<any LatentAutoencoder>, _ size: OutputSize, _ options: CompileOptions) throws {
        architecture = autoencoder.architecture
        self.size = size
        network = try Executable("vae encoder", autoencoder.encoder(height: size.height, width: size.width), options)
    }

    /// - Parameter picture: `[1, 3, H, W]` in −1…1.
    func encode(_ picture: Tensor) async throws -> LatentDistribution {
        let factor = Float(architecture.scalingFactor)
        let output = architecture.encoderOutput
        let found = try await network.run(["sample": picture]).required(output.name, of: network.name)
        let channels = architecture.latentChannels * (output == .distribution ? 2 : 1)
        guard found.shape == [1, channels, size.latentHeight, size.latentWidth] else {
            throw GraphError.structure(
                node: network.name,
                reason: "it gives \(found.shape) where [1, \(channels), \(size.latentHeight), \(size.latentWidth)] is needed")
        }
        let values = try found.elements(as: Float.self)
        var shape = found.shape
        switch output {
        case .latents:
            return LatentDistribution(mean: try Tensor(values.map { $0 * factor }, shape: shape), deviation: nil)
        case .distribution:
            // Means, then logarithms of variances.
            shape[1] /= 2
            let half = values.count / 2
            let deviations = values[half...].map { factor * exp(0.5 * min(max($0, -30), 20)) }
            return LatentDistribution(
                mean: try Tensor(values[..<half].map { $0 * factor }, shape: shape),
                deviation: try Tensor(deviations, shape: shape))
        }
    }

    func takeTimings() -> [NetworkTimings] { [network.takeTimings()].compactMap(\.self) }
}
