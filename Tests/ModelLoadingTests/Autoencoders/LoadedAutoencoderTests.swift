import Architectures
import Foundation
import Inference
import ModelGraph
@testable import ModelLoading
import OpenVINO
import TensorStore
import TestSupport
import Testing

@Suite struct LoadedAutoencoderTests {
    private let place: TemporaryFolder

    init() throws { place = try TemporaryFolder() }

    private func file(_ name: String) -> URL { place.url.appending(path: name) }

    /// The tensors of a golden under other names, of those that `rename` gives a name.
    private func write(_ golden: String, as name: String, _ rename: (String) -> String?) throws {
        let source = Goldens.url("\(golden)/diffusion_pytorch_model.safetensors").path
        let checkpoint = try SafetensorsCheckpoint(path: source)
        var writer = SafetensorsWriter()
        for (tensor, entry) in checkpoint.entries.sorted(by: { $0.key < $1.key }) {
            if let new = rename(tensor) { try writer.add(new, entry.tensor()) }
        }
        try writer.write(to: file(name).path)
    }

    /// The decoder's and the encoder's results over 8 × 8 latents and a picture of them.
    private func results(_ loaded: LoadedAutoencoder) throws -> [Tensor] {
        func run(_ sized: SizedGraph, _ input: String, _ output: String, _ shape: Shape) throws -> Tensor {
            let request = try Executable("test", sized).model.makeRequest()
            let count = shape.checkedElementCount ?? 0
            try request.setInput(input, to: Tensor((0..<count).map { (place: Int) -> Float in sin(Float(place)) }, shape: shape))
            try request.infer()
            return try request.outputTensor(output)
        }
        let architecture = loaded.decoder.architecture
        let size = 8 * architecture.spatialFactor
        var results = [
            try run(
                loaded.decoder.decoder(height: 8, width: 8), "latent_sample", "sample", [1, architecture.latentChannels, 8, 8])
        ]
        if let encoder = loaded.encoder {
            results.append(
                try run(
                    encoder.encoder(height: size, width: size), "sample", architecture.encoderOutput.name, [1, 3, size, size]))
        }
        return results
    }

    private func expectSame(_ found: LoadedAutoencoder, _ reference: LoadedAutoencoder) throws {
        let (found, reference) = (try results(found), try results(reference))
        #expect(found.count == reference.count)
        for (a, b) in zip(found, reference) { try expectClose(a, b, tolerance: 1e-6) }
    }

    // MARK: Tiny autoencoders

    private static let tiny = "Architectures/tiny-vae/taesd"

    private static func ownName(_ name: String, _ half: String) -> String? {
        let parts = name.split(separator: ".", maxSplits: 3)
        guard parts.count == 4, parts[0] == half, let layer = Int(parts[2]) else { return nil }
        return "\(half == "decoder" ? layer + 1 : layer).\(parts[3])"
    }

    private func writeHalves(_ name: String = "taesd") throws {
        for half in ["decoder", "encoder"] { try write(Self.tiny, as: "\(name)_\(half).safetensors") { Self.ownName($0, half) } }
    }

    @Test func itsOwnFiles() throws {
        try writeHalves()
        let reference = try LoadedAutoencoder(Goldens.url(Self.tiny))
        #expect(reference.encoder != nil && reference.family == .sd)
        for name in ["taesd_decoder.safetensors", "taesd_encoder.safetensors"] {
            let loaded = try LoadedAutoencoder(file(name))
            #expect(loaded.family == .sd && loaded.notes.isEmpty)
            try expectSame(loaded, reference)
        }
        // The folder has one decoder.
        try expectSame(LoadedAutoencoder(place.url), reference)
        try FileManager.default.removeItem(at: file("taesd_encoder.safetensors"))
        let half = try LoadedAutoencoder(file("taesd_decoder.safetensors"))
        #expect(half.encoder == nil && half.notes.count == 1 && half.notes[0].contains("only decode"))
    }

    @Test(arguments: ["", "taesd_"]) func oneFileForBoth(_ prefix: String) throws {
        try write(Self.tiny, as: "both.safetensors") { name in
            let half = name.hasPrefix("decoder") ? "decoder" : "encoder"
            return Self.ownName(name, half).map { "\(prefix)\(half).\($0)" }
        }
        let loaded = try LoadedAutoencoder(file("both.safetensors"), for: .sdxl)
        #expect(loaded.family == nil)
        #expect(loaded.notes.count == 1 && loaded.notes[0].contains("taken to be for Stable Diffusion XL, as the model"))
        try expectSame(loaded, LoadedAutoencoder(Goldens.url(Self.tiny)))
    }

    @Test func theEncoderAlone() throws {
        try write(Self.tiny, as: "a_encoder.safetensors") { Self.ownName($0, "encoder") }
        #expect { try LoadedAutoencoder(file("a_encoder.safetensors")) } throws: { "\($0)".contains("it is the encoder alone") }
    }

    // MARK: Families

    @Test func namesTellTheFamily() throws {
        try writeHalves("taesdxl")
        let loaded = try LoadedAutoencoder(file("taesdxl_decoder.safetensors"), for: .sdxl)
        #expect(loaded.family == .sdxl && loaded.notes.isEmpty)
        let error = ModelError.otherLatents(
            path: file("taesdxl_decoder.safetensors").path, found: .sdxl, needed: .sd, evidence: "its name")
        #expect(throws: error) { try LoadedAutoencoder(file("taesdxl_decoder.safetensors"), for: .sd) }
        #expect("\(error)".contains("for Stable Diffusion XL (by its name)"))
        try FileManager.default.copyItem(at: Goldens.url(Self.tiny), to: file("model"))
        #expect(try LoadedAutoencoder(file("model")).family == nil)
        let config = try String(contentsOf: file("model/config.json"), encoding: .utf8)
        try place.write(
            "model/config.json", config.replacing("{", with: #"{"_name_or_path": "madebyollin/taesdxl","#, maxReplacements: 1))
        #expect(try LoadedAutoencoder(file("model")).family == .sdxl)
        #expect(throws: ModelError.self) { try LoadedAutoencoder(file("model"), for: .sd) }
    }

    /// The published files, whatever they are called.
    @Test(
        .enabled(if: OptionalMaterial.models.folder != nil, "set GLINT_TEST_MODELS to a folder with taesd"),
        arguments: [("taesd", LatentFamily.sd), ("taesdxl", .sdxl)])
    func contentsTellTheFamily(_ name: String, _ family: LatentFamily) throws {
        let folder = try #require(OptionalMaterial.models.folder).appending(path: "taesd")
        for half in ["encoder", "decoder"] {
            try FileManager.default.copyItem(
                at: folder.appending(path: "\(name)_\(half).safetensors"), to: file("x_\(half).safetensors"))
        }
        let loaded = try LoadedAutoencoder(file("x_decoder.safetensors"))
        #expect(loaded.family == family && loaded.encoder != nil && loaded.notes.isEmpty)
        let other = LatentFamily.allCases.first { $0 != family }
        #expect { try LoadedAutoencoder(file("x_decoder.safetensors"), for: other) } throws: { "\($0)".contains("SHA-256") }
        #expect { try LoadedAutoencoder(folder) } throws: { "\($0)".contains("it has several files") }
    }

    // MARK: AutoencoderKL

    @Test func foldersAndFilesOfDiffusers() throws {
        let folder = try LoadedAutoencoder(Goldens.url("Architectures/vae/sd15"), for: .sd)
        #expect(folder.family == .sd && folder.notes.isEmpty && folder.encoder != nil)
        try expectSame(LoadedAutoencoder(Goldens.url("Architectures/vae/sd15/diffusion_pytorch_model.safetensors")), folder)
        #expect(throws: ModelError.self) { try LoadedAutoencoder(Goldens.url("Architectures/vae/sd15"), for: .sdxl) }
        let whole = try LoadedAutoencoder(Goldens.url("Diffusion/pipeline/autoencoder-kl/model"))
        #expect(whole.encoder != nil && whole.family == .sd)
    }

    /// One file without a config: CompVis' names, with and without the prefix they have in a model.
    @Test(arguments: ["first_stage_model.", ""]) func namesOfCompVis(_ prefix: String) throws {
        let own = "first_stage_model."
        let golden = SingleFileGolden(name: "sdxl")
        try golden.write(to: file("some.safetensors")) {
            $0.hasPrefix(own) ? [(prefix + $0.dropFirst(own.count), $1)] : []
        }
        let loaded = try LoadedAutoencoder(file("some.safetensors"), for: .sdxl)
        #expect(loaded.family == nil && loaded.notes.count == 1 && loaded.decoder.architecture.scalingFactor == 0.13025)
        #expect(try LoadedAutoencoder(file("some.safetensors")).decoder.architecture.scalingFactor == 0.18215)
        try FileManager.default.moveItem(at: file("some.safetensors"), to: file("sdxl_vae.safetensors"))
        #expect(try LoadedAutoencoder(file("sdxl_vae.safetensors")).family == .sdxl)
        #expect(throws: ModelError.self) { try LoadedAutoencoder(file("sdxl_vae.safetensors"), for: .sd) }
        // That of a whole model is told by its UNet.
        let whole = try LoadedAutoencoder(golden.url)
        #expect(whole.family == .sdxl && whole.decoder.architecture.scalingFactor == 0.13025)
        #expect(throws: ModelError.self) { try LoadedAutoencoder(golden.url, for: .sd) }
    }

    // MARK: IR

    @Test func exportedHalves() throws {
        let reference = try LoadedAutoencoder(Goldens.url("Architectures/vae/sd15"))
        try FileManager.default.createDirectory(at: file("vae_decoder"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(at: file("vae_encoder"), withIntermediateDirectories: true)
        try reference.decoder.exportedDecoder().writeIR(xml: file("vae_decoder/openvino_model.xml").path)
        try #require(try reference.decoder.exportedEncoder()).writeIR(xml: file("vae_encoder/openvino_model.xml").path)
        for half in ["vae_decoder", "vae_encoder"] {
            try FileManager.default.copyItem(
                at: Goldens.url("Architectures/vae/sd15/config.json"), to: file("\(half)/config.json"))
        }
        for url in [place.url, file("vae_decoder")] {
            let loaded = try LoadedAutoencoder(url, for: .sd)
            guard case .graph = loaded.decoder.origin else {
                Issue.record("the IR was not taken")
                return
            }
            for (a, b) in zip(try results(loaded), try results(reference)) { try expectClose(a, b, tolerance: 1e-5) }
        }
        #expect(throws: GraphError.self) { try LoadedAutoencoder(file("vae_decoder")).decoder.encoder(height: 8, width: 8) }
    }

    // MARK: Mistakes

    @Test func whatIsNoAutoencoder() throws {
        #expect(throws: FileError.missing(path: file("x").path)) { try LoadedAutoencoder(file("x")) }
        #expect { try LoadedAutoencoder(place.url) } throws: { "\($0)".contains("neither a config.json nor .safetensors files") }
        let pickled = try place.write("vae.pt", [0x80, 2, 0x7D])
        #expect(throws: SafetensorsError.kind(.pickle, file: pickled.path)) { try LoadedAutoencoder(pickled) }
        var writer = SafetensorsWriter()
        try writer.add("a", Tensor([Float(1)], shape: [1]))
        try writer.write(to: file("a.safetensors").path)
        #expect { try LoadedAutoencoder(file("a.safetensors")) } throws: {
            "\($0)".contains("neither the tensors of an AutoencoderKL")
        }
        #expect(throws: ArchitectureError.self) { try LoadedAutoencoder(Goldens.url("Architectures/unet/lcm")) }
    }
}
