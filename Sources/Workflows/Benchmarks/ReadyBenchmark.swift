import Architectures
import Diffusion
public import Foundation
import Inference
import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore

/// Time and memory from a model's folder to networks that the runtime has read and can compile. Other programs export the model
/// for this.
public struct ReadyBenchmark: Encodable, Sendable {
    public let seconds: Double
    /// Memory at that point, without mapped files and the program's initial memory.
    public let memoryBytes: Int?

    public init(_ folder: URL, width: Int?, height: Int?) throws {
        let core = try Core.shared
        // The first use of a device loads its plugin, which does not count for the model.
        _ = try core.property(.fullDeviceName)
        let before = ProcessMemory.anonymousBytes
        let start = ContinuousClock.now
        let model = try LatentDiffusionModel(ModelSource(folder))
        let side = model.unet.architecture.config.sampleSize ?? 64
        let size = (
            height: height.map { $0 / model.autoencoder.spatialFactor } ?? side,
            width: width.map { $0 / model.autoencoder.spatialFactor } ?? side
        )
        let graphs =
            try [
                model.unet.graph(batch: 1, height: size.height, width: size.width, tokens: model.tokenCount),
                model.vaeDecoder.decoder(height: size.height, width: size.width),
            ] + model.textEncoders.map { try $0.network.graph(tokens: $0.tokenCount) }
        let networks = try graphs.map { sized in
            let serialized = try sized.graph.serialized()
            let network = try core.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
            try network.reshape(sized.shapes)
            return network
        }
        seconds = (ContinuousClock.now - start).seconds
        memoryBytes = withExtendedLifetime(networks) {
            ProcessMemory.anonymousBytes.flatMap { now in before.map { now - $0 } }
        }
    }

    enum CodingKeys: String, CodingKey {
        case seconds
        case memoryBytes = "memory_bytes"
    }
}
