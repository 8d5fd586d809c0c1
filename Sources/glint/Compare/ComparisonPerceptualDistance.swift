import Architectures
import Evaluation
import Imaging
import Inference
import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore

/// LPIPS of pairs of pictures.
struct ComparisonPerceptualDistance {
    let network: FeatureNetwork
    private let request: InferRequest

    /// - Parameter path: torchvision's AlexNet or VGG16 and lpips' linear layers in one file, .safetensors or as torch keeps it.
    /// - Throws: `SafetensorsError`, `TorchFileError`; `ArchitectureError` where the weights are another network's.
    init(weights path: String, _ options: CompileOptions) throws {
        let distance = try PerceptualDistance(Weights(file: path))
        network = distance.network
        request = try NetworkCompiler(options).compile(distance.graph(height: .any, width: .any)).model.makeRequest()
    }

    /// What tables call it.
    var name: String { "LPIPS (\(network.rawValue))" }

    /// - Throws: `EvaluationError.pictureSize`, `.tooSmall`.
    func between(_ a: RGBImage, _ b: RGBImage) async throws -> Double {
        guard a.width == b.width, a.height == b.height else {
            throw EvaluationError.pictureSize(width: a.width, height: a.height, other: (b.width, b.height))
        }
        guard min(a.width, a.height) >= network.minimumSize else {
            throw EvaluationError.tooSmall(width: a.width, height: a.height, minimum: network.minimumSize, measure: name)
        }
        try request.setInput("pictures", to: InceptionFeatures.tensor([a, b]) { Float($0) / 127.5 - 1 })
        try await request.infer()
        let distance: [Float] = try request.outputTensor("distance").elements()
        return Double(distance[0])
    }
}
