import Architectures
import Foundation
import Imaging
import ModelGraph
import OpenVINO
import Quantization
import TensorStore
import TestSupport
import Testing

/// The decoders of TAESD in INT8 on photographs, against themselves in floating point.
@Suite(
    .enabled(
        if: OptionalMaterial.models.folder != nil && OptionalMaterial.photos.folder != nil,
        "set GLINT_TEST_MODELS to a folder with taesd, and GLINT_TEST_PHOTOS to one with JPEGs"))
struct TinyDecoderTests {
    /// Each photograph is decoded by a network that was calibrated on pieces of the others, and the same half again as strong.
    @Test(arguments: ["taesd", "taesdxl"]) func photographsKeep38Decibels(name: String) async throws {
        let models = try #require(OptionalMaterial.models.folder)
        let photos = try photographs()
        try #require(photos.count > 1)
        let model = AutoencoderTiny(
            try AutoencoderTinyConfig(ConfigReader(.object(JSONObject()), className: "AutoencoderTiny", file: name)))
        func weights(_ half: String) throws -> Weights {
            let path = models.appending(path: "taesd/\(name)_\(half).safetensors").path
            let tensors = Weights(try SafetensorsCheckpoint(path: path), source: path)
            return try #require(tensors.namingTinyAutoencoderAsDiffusers())
        }
        let encoder = try model.encoder(weights("encoder"), batch: 1, height: .any, width: .any)
        let decoder = try model.decoder(weights("decoder"), batch: 1, height: .any, width: .any)
        let latents = try photos.map { try run(encoder, $0, "latent_sample") }
        let quantization = try PostTrainingQuantization(decoder, .autoencoderDecoder)
        for (index, photo) in latents.enumerated() {
            let pieces = try latents.enumerated().filter({ $0.offset != index }).flatMap { try crops($0.element) }
            let calibrated = try await quantization.calibrated { graph, record in
                let request = try request(graph, try #require(pieces.first).shape)
                for piece in pieces { try record(outputs(request, piece)) }
            }
            let quantized = try calibrated.quantized()
            #expect(quantized.report.count(.int8) > 10)
            let found = try psnr(samples(run(quantized.graph, photo, "sample")), samples(run(decoder, photo, "sample")))
            #expect(found >= 38, "\(name), photograph \(index): \(found) dB")
        }
    }

    // MARK: Pictures

    private func photographs() throws -> [Tensor] {
        let folder = try #require(OptionalMaterial.photos.folder)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try files.filter { $0.pathExtension == "jpg" }.sorted { $0.path < $1.path }.map { file in
            let picture = try ImageFile(path: file.path).image
            let (height, width) = (picture.height / 8 * 8, picture.width / 8 * 8)
            var samples = [Float](repeating: 0, count: 3 * height * width)
            for channel in 0..<3 {
                for y in 0..<height {
                    for x in 0..<width {
                        let byte = picture.bytes[(y * picture.width + x) * 3 + channel]
                        samples[(channel * height + y) * width + x] = Float(byte) / 127.5 - 1
                    }
                }
            }
            return try Tensor(samples, shape: [1, 3, height, width])
        }
    }

    /// As 8 bits.
    private func samples(_ picture: Tensor) throws -> [UInt8] {
        try picture.elements(as: Float.self).map { UInt8((min(max($0 * 0.5 + 0.5, 0), 1) * 255).rounded()) }
    }

    /// Six pieces of 32 × 32 latents, spread over a picture's, as they are and times 1.5.
    private func crops(_ latents: Tensor) throws -> [Tensor] {
        let values = try latents.elements(as: Float.self)
        let (height, width) = (latents.shape[2], latents.shape[3])
        return try (0..<6).map { index -> [Float] in
            let (top, left) = (index / 3 * (height - 32), index % 3 * (width - 32) / 2)
            var piece: [Float] = []
            for channel in 0..<4 {
                for row in 0..<32 {
                    let start = (channel * height + top + row) * width + left
                    piece += values[start..<start + 32]
                }
            }
            return piece
        }.flatMap { try [Tensor($0, shape: [1, 4, 32, 32]), Tensor($0.map { $0 * 1.5 }, shape: [1, 4, 32, 32])] }
    }

    // MARK: Running

    /// Of a network with one input, made static for its shape.
    private func request(_ graph: Graph, _ shape: Shape) throws -> InferRequest {
        let serialized = try graph.serialized()
        let model = try Core.shared.readModel(xml: serialized.xml, weights: serialized.weightsTensor())
        try model.reshape([try #require(graph.parameters.first).name: PartialShape(shape)])
        return try Core.shared.compile(model, properties: .exact).makeRequest()
    }

    private func outputs(_ request: InferRequest, _ input: Tensor) throws -> [String: Tensor] {
        try request.setInput(0, to: input)
        try request.infer()
        var values: [String: Tensor] = [:]
        for port in request.model.outputs { if let name = port.name { values[name] = try request.outputTensor(port.index) } }
        return values
    }

    private func run(_ graph: Graph, _ input: Tensor, _ output: String) throws -> Tensor {
        try #require(outputs(request(graph, input.shape), input)[output])
    }
}
