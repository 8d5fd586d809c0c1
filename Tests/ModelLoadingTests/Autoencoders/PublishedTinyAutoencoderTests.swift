import Architectures
import Foundation
import Imaging
import Inference
import ModelGraph
import ModelLoading
import OpenVINO
import TensorStore
import TestSupport
import Testing

/// TAESD's own files on photographs, against diffusers' AutoencoderTiny: `Tests/Goldens/single-file/taesd.py`.
@Suite(
    .enabled(
        if: OptionalMaterial.models.folder != nil && OptionalMaterial.photos.folder != nil,
        "set GLINT_TEST_MODELS to a folder with taesd, and GLINT_TEST_PHOTOS to one with JPEGs"))
struct PublishedTinyAutoencoderTests {
    private static let names = (try? JSONFile.read(Goldens.url("single-file/taesd.json")))?.object?.keys ?? []

    @Test(arguments: names) func matchesDiffusers(_ name: String) async throws {
        let golden = try #require(JSONFile.read(Goldens.url("single-file/taesd.json"))[name])
        let parts = name.split(separator: " ").map(String.init)
        let models = try #require(OptionalMaterial.models.folder)
        let photo = try #require(OptionalMaterial.photos.folder).appending(path: parts[1])
        let loaded = try LoadedAutoencoder(models.appending(path: "taesd/\(parts[0])_decoder.safetensors"))
        let (height, width) = (try #require(golden["height"]?.int), try #require(golden["width"]?.int))

        let pixels = try crop(ImageFile(path: photo.path).image, height, width)
        // The same photograph, decoded alike.
        let mean = pixels.reduce(0) { $0 + Double($1) } / Double(pixels.count)
        #expect(abs(mean - (golden["mean"]?.double ?? 0)) < 0.01)
        var planes = [Float](repeating: 0, count: pixels.count)
        for place in 0..<height * width {
            for channel in 0..<3 { planes[channel * height * width + place] = Float(pixels[3 * place + channel]) / 127.5 - 1 }
        }
        let encoder = try #require(loaded.encoder)
        let latents = try run(
            encoder.encoder(height: height, width: width), "sample", "latent_sample",
            Tensor(planes, shape: [1, 3, height, width]))
        let decoded = try run(
            loaded.decoder.decoder(height: height / 8, width: width / 8), "latent_sample", "sample", latents)
        try expectClose(grid(latents), numbers(golden["latents"]), tolerance: 1e-3, "\(name): latents")
        try expectClose(grid(decoded), numbers(golden["picture"]), tolerance: 1e-3, "\(name): picture")

        let samples = try decoded.elements(as: Float.self)
        var found = [UInt8](repeating: 0, count: pixels.count)
        for place in 0..<height * width {
            for channel in 0..<3 {
                let value = samples[channel * height * width + place] / 2 + 0.5
                found[3 * place + channel] = UInt8((min(max(value, 0), 1) * 255).rounded(.toNearestOrEven))
            }
        }
        #expect(abs(psnr(found, pixels) - (golden["psnr"]?.double ?? 0)) < 0.05, "\(name)")
    }

    private func run(_ sized: SizedGraph, _ input: String, _ output: String, _ tensor: Tensor) throws -> Tensor {
        let request = try Executable("test", sized).model.makeRequest()
        try request.setInput(input, to: tensor)
        try request.infer()
        return try request.outputTensor(output)
    }

    /// The upper left corner, RGB.
    private func crop(_ picture: RGBImage, _ height: Int, _ width: Int) throws -> [UInt8] {
        try #require(picture.height >= height && picture.width >= width)
        return (0..<height).flatMap { row in picture.bytes[row * picture.width * 3..<(row * picture.width + width) * 3] }
    }

    /// 8 × 8 places of each channel.
    private func grid(_ tensor: Tensor) throws -> [Float] {
        let values = try tensor.elements(as: Float.self)
        let (channels, height, width) = (tensor.shape[1], tensor.shape[2], tensor.shape[3])
        var grid: [Float] = []
        for channel in 0..<channels {
            for row in 0..<8 {
                let start = (channel * height + row * (height - 1) / 7) * width
                for column in 0..<8 { grid.append(values[start + column * (width - 1) / 7]) }
            }
        }
        return grid
    }

    private func numbers(_ value: JSONValue?) throws -> [Float] {
        try #require(value?.array).compactMap { $0.double.map { Float($0) } }
    }
}
