import Architectures
import Imaging
public import Inference
import ModelGraph
import TensorStore

/// Extracts features of pictures with pytorch-fid's Inception network and preprocessing.
public final class InceptionFeatureExtractor {
    private let network: Executable
    private let batch: Int

    /// - Parameters:
    ///   - weights: path of pytorch-fid's checkpoint, .safetensors or .pth.
    ///   - batch: the number of pictures of one size that go through the network together.
    /// - Throws: `SafetensorsError`, `TorchFileError`; `ArchitectureError` for weights of another network; `OpenVINOError`.
    public init(weights path: String, _ options: CompileOptions, batch: Int) throws {
        self.batch = batch
        let weights = try Weights(file: path)
        network = try Executable(
            "inception", SizedGraph(InceptionV3().graph(weights, batch: .any, height: .any, width: .any)), options)
    }

    /// Mean and covariance of the features of pictures.
    /// - Parameters:
    ///   - paths: the paths of the picture files.
    ///   - progress: called after each picture.
    /// - Throws: `ImageError` naming the file; `EvaluationError.notFinite`.
    public func moments(of paths: [String], progress: () -> Void = {}) async throws -> FeatureMoments {
        var moments = try FeatureMoments(featureCount: InceptionV3.featureCount)
        var waiting: [RGBImage] = []
        for path in paths {
            try Task.checkCancellation()
            let image = try ImageFile(path: path).image
            if let first = waiting.first, first.width != image.width || first.height != image.height || waiting.count == batch {
                try await add(waiting, to: &moments)
                waiting = []
            }
            waiting.append(image)
            progress()
        }
        if !waiting.isEmpty { try await add(waiting, to: &moments) }
        return moments
    }

    private func add(_ pictures: [RGBImage], to moments: inout FeatureMoments) async throws {
        let outputs = try await network.run(["pictures": .planar(pictures) { Float($0) / 255 }])
        let features: [Float] = try outputs.required("features", of: network.name).elements()
        for row in pictures.indices {
            try moments.add(features[row * moments.featureCount..<(row + 1) * moments.featureCount])
        }
    }
}
