import Architectures
import Foundation
import Imaging
import Inference
import ModelGraph
import ModelLoading
import TensorStore

/// Latents to pictures, one at a time.
final class Decoder {
    private let architecture: any LatentAutoencoder
    private let runner: NetworkRunner
    private let precision: String
    /// What timings call the network.
    var name: String { runner.name }
    /// Of the pictures that it makes.
    let size: PictureSize

    init(
        _ network: Network<any LatentAutoencoder>, _ size: PictureSize, _ compiler: NetworkCompiler, _ log: TimingLog,
        name: String = "vae decoder"
    ) throws {
        architecture = network.architecture
        self.size = size
        precision = compiler.options.precision.rawValue
        runner = try NetworkRunner(name, compiler, log) {
            try network.decoder(height: size.latentHeight, width: size.latentWidth)
        }
    }

    /// - Parameter latents: `[1, C, h, w]`, scaled as the UNet has them.
    /// - Throws: `GenerationError.notFinite` where the network's output is not all numbers.
    /// - Parameter report: given what the network computes beside the picture, where it does.
    func decode(
        _ latents: Tensor, _ log: TimingLog, isolation: isolated (any Actor)? = #isolation,
        report: ([String: Tensor]) throws -> Void = { _ in }
    ) async throws -> RGBImage {
        let factor = Float(architecture.scalingFactor)
        let unscaled = try Tensor(latents.elements(as: Float.self).map { $0 / factor }, shape: latents.shape)
        let outputs = try await runner.run(["latent_sample": unscaled], log)
        let sample = try outputs.required("sample", of: runner.name) // [1, 3, H, W] in −1…1
        if outputs.count > 1 { try report(outputs.filter { $0.key != "sample" }) }
        return try log.measure(\.conversion) {
            try sample.withUnsafeBytes { bytes in
                do {
                    return try RGBImage(
                        planar: bytes.bindMemory(to: Float.self), width: size.width, height: size.height, range: .signed)
                } catch ImageError.notANumber {
                    throw GenerationError.notFinite(network: runner.name, precision: precision)
                }
            }
        }
    }
}
