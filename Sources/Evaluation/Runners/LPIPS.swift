public import Architectures
public import Imaging
public import Inference
import ModelGraph
import TensorStore

/// LPIPS, the learned perceptual distance of two pictures (Zhang et al. 2018, https://arxiv.org/abs/1801.03924).
public final class LPIPS {
    public let featureNetwork: FeatureNetwork
    private let network: Executable

    /// - Parameter path: a file with torchvision's AlexNet or VGG16 and the linear layers of lpips, .safetensors or .pth.
    /// - Throws: `SafetensorsError`, `TorchFileError`; `ArchitectureError` for weights of another network; `OpenVINOError`.
    public init(weights path: String, _ options: CompileOptions) throws {
        let distance = try PerceptualDistance(Weights(file: path))
        featureNetwork = distance.network
        network = try Executable("lpips", SizedGraph(distance.graph(height: .any, width: .any)), options)
    }

    /// The measure's name in tables.
    public var name: String { "LPIPS (\(featureNetwork.rawValue))" }

    /// The distance of two pictures of one size, 0 for equal pictures.
    /// - Throws: `EvaluationError.pictureSize`, `.tooSmall`.
    public func between(_ a: RGBImage, _ b: RGBImage) async throws -> Double {
        guard a.width == b.width, a.height == b.height else {
            throw EvaluationError.pictureSize(width: a.width, height: a.height, other: (b.width, b.height))
        }
        guard min(a.width, a.height) >= featureNetwork.minimumSize else {
            throw EvaluationError.tooSmall(width: a.width, height: a.height, minimum: featureNetwork.minimumSize, measure: name)
        }
        let outputs = try await network.run(["pictures": .planar([a, b]) { Float($0) / 127.5 - 1 }])
        let distance: [Float] = try outputs.required("distance", of: network.name).elements()
        return Double(distance[0])
    }
}
