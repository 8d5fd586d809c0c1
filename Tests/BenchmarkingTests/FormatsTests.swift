import Foundation
import Imaging
import OpenVINO
import TensorStore
import TestSupport
import Testing

@testable import Benchmarking

@Suite struct FormatsTests {
    /// Every format that the runtime reads, with the input of the golden in the model's order of axes.
    @Test(arguments: [
        ("model.xml", false), ("model.onnx", false), ("dynamic.onnx", false), ("frozen.pb", true), ("saved_model", true),
        ("model.tflite", true), ("paddle/inference.pdmodel", false), ("paddle", false),
    ])
    func formatsGiveTheSame(_ name: String, _ channelsLast: Bool) async throws {
        let folder = try TemporaryFolder()
        let golden = try NumpyFile.read(Small.path("input.npy"))
        let input = folder.path + "/input.npy"
        try NumpyFile.write(channelsLast ? golden.channelsLast() : golden, to: input)
        let benchmark = try PreparedBenchmark(Small.options(name) { $0.inputs = [input] })
        let result = try await benchmark.measure()
        #expect(result.count == 4)
        #expect(result.latency.sorted.count == 4)
        #expect(result.throughput > 0)
        let output = try benchmark.lanes[0].request.outputTensor(0)
        expectClose(
            try output.elements(as: Float.self), try NumpyFile.read(Small.path("output.npy")).elements(as: Float.self),
            tolerance: 1e-5, name)
    }

    @Test func unreadableModelsNameTheFormats() throws {
        let folder = try TemporaryFolder()
        let text = try folder.write("model.onnx", "not a model").path
        for path in [text, folder.path + "/none.xml"] {
            let error = #expect(throws: BenchmarkError.self) { try PreparedBenchmark(BenchmarkOptions(model: path)) }
            #expect("\(try #require(error))".contains("a model is an IR file"))
            #expect("\(try #require(error))".contains(path))
        }
    }

    @Test func foldersWithoutOneModelAreRefused() throws {
        let folder = try TemporaryFolder()
        #expect(throws: BenchmarkError.self) { try ModelForm(folder.path) }
        try folder.write("a.onnx", "")
        #expect(try ModelForm(folder.path) == .file(folder.path + "/a.onnx"))
        try folder.write("b.xml", "")
        #expect(
            throws: BenchmarkError.modelFolder(
                path: folder.path, reason: "it has several models; give one of them: a.onnx, b.xml")
        ) { try ModelForm(folder.path) }
        let pipeline = Goldens.url("Diffusion/pipeline/sd15/model").path
        let error = #expect(throws: BenchmarkError.self) { try ModelForm(pipeline) }
        #expect("\(try #require(error))".contains("text_encoder, unet, vae"))
    }

    /// Components of checkpoints, at the sizes of their configs.
    @Test(arguments: ["unet", "text_encoder", "vae"]) func componentsAreMeasured(_ name: String) async throws {
        let path = Goldens.url("Diffusion/pipeline/sd15/model/\(name)").path
        var options = BenchmarkOptions(model: path)
        (options.iterations, options.api) = (1, .sync)
        // Only a UNet's and a text encoder's configs say all of their sizes.
        let width = name == "unet" ? try unetWidth(path) : nil
        if let width { options.shape = "encoder_hidden_states[1,77,\(width)]" }
        if name == "vae" { options.shape = "latent_sample[1,4,8,8]" }
        #expect(try await PreparedBenchmark(options).measure().count == 1)
    }

    private func unetWidth(_ path: String) throws -> Int? {
        let data = try Data(contentsOf: URL(filePath: path + "/config.json"))
        let config = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        return config?["cross_attention_dim"] as? Int
    }
}

extension Tensor {
    /// `[N, C, H, W]` of f32 as `[N, H, W, C]`.
    fileprivate func channelsLast() throws -> Tensor {
        let (channels, height, width) = (shape[1], shape[2], shape[3])
        let values = try elements(as: Float.self)
        var result: [Float] = []
        for pixel in 0..<height * width {
            for channel in 0..<channels { result.append(values[channel * height * width + pixel]) }
        }
        return try Tensor(result, shape: [1, height, width, channels])
    }
}
