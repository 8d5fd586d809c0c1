import Architectures
import Evaluation
import Foundation
import Imaging
import Inference
import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore

/// Features of pictures by pytorch-fid's Inception, with that program's preprocessing.
struct InceptionFeatures {
    private let request: InferRequest
    private let batch: Int

    /// - Parameters:
    ///   - weights: pytorch-fid's checkpoint, as .safetensors or as torch keeps it.
    ///   - batch: pictures of one size that go through the network together.
    /// - Throws: `SafetensorsError`, `TorchFileError`; `ArchitectureError` where the weights are another network's.
    init(weights path: String, _ options: CompileOptions, batch: Int) throws {
        self.batch = batch
        let weights = try Weights(file: path)
        let graph = try InceptionV3().graph(weights, batch: .any, height: .any, width: .any)
        request = try NetworkCompiler(options).compile(graph).model.makeRequest()
    }

    /// Mean and covariance of the pictures' features.
    /// - Throws: `ImageError`, which names the file; `EvaluationError.notFinite`.
    func moments(of paths: [String], progress: (() -> Void)? = nil) async throws -> FeatureMoments {
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
            progress?()
        }
        if !waiting.isEmpty { try await add(waiting, to: &moments) }
        return moments
    }

    private func add(_ pictures: [RGBImage], to moments: inout FeatureMoments) async throws {
        try request.setInput("pictures", to: Self.tensor(pictures))
        try await request.infer()
        let features: [Float] = try request.outputTensor("features").elements()
        for row in pictures.indices {
            try moments.add(features[row * moments.featureCount..<(row + 1) * moments.featureCount])
        }
    }

    /// `[n, 3, height, width]` of pictures of one size.
    /// - Parameter sample: what a byte is to the network; 0…1 for this one.
    static func tensor(_ pictures: [RGBImage], sample: (UInt8) -> Float = { Float($0) / 255 }) throws -> Tensor {
        let (width, height) = (pictures[0].width, pictures[0].height)
        let plane = width * height
        let table = (UInt8.min...UInt8.max).map(sample)
        let samples = [Float](unsafeUninitializedCapacity: pictures.count * 3 * plane) { target, count in
            for (index, picture) in pictures.enumerated() {
                picture.bytes.withUnsafeBufferPointer { bytes in
                    for channel in 0..<3 {
                        let start = (index * 3 + channel) * plane
                        for pixel in 0..<plane { target[start + pixel] = table[Int(bytes[pixel * 3 + channel])] }
                    }
                }
            }
            count = pictures.count * 3 * plane
        }
        return try Tensor(samples, shape: [pictures.count, 3, height, width])
    }
}
