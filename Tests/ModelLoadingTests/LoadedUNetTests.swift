import Architectures
import Foundation
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

@Suite struct LoadedUNetTests {
    private let place: TemporaryFolder
    private let sdxl = Goldens.url("ModelLoading/single-file/sdxl.safetensors")

    init() throws { place = try TemporaryFolder() }

    /// The UNet of a golden in a file of its own, with CompVis' names or diffusers'.
    private func unet(_ name: String, isCompVis: Bool) throws -> URL {
        let file = place.url.appending(path: "\(name).safetensors")
        let prefix = "model.diffusion_model."
        guard !isCompVis else {
            try SingleFileGolden(name: name).write(to: file) {
                $0.hasPrefix(prefix) ? [(String($0.dropFirst(prefix.count)), $1)] : []
            }
            return file
        }
        var writer = SafetensorsWriter()
        let weights = try ModelSource(SingleFileGolden(name: name).url).component("unet").weights()
        for (name, entry) in weights.entries {
            let bytes = entry.data.withUnsafeBytes(Array.init)
            try writer.add(name, bytes.withUnsafeBytes { try Tensor(copying: $0, shape: entry.shape, of: entry.elementType) })
        }
        try writer.write(to: file.path)
        return file
    }

    /// A file alone has the config of the whole model, whose sizes come from the model that it is for.
    @Test(arguments: [true, false]) func files(_ isCompVis: Bool) throws {
        let model = try ModelSource(sdxl)
        let found = try LoadedUNet(unet("sdxl", isCompVis: isCompVis), for: model).network
        let own = try model.component("unet").network(from: Registry.unets)
        #expect("\(found.architecture.config)" == "\(own.architecture.config)")
        guard case .checkpoint(let weights) = found.origin, case .checkpoint(let others) = own.origin else {
            Issue.record("no checkpoints")
            return
        }
        #expect(weights.entries.mapValues { $0.digest() } == others.entries.mapValues { $0.digest() })
    }

    /// Heads and groups, which no tensor tells, are those of the model that it is for.
    @Test func configOfTheModel() throws {
        let model = try ModelSource(Goldens.url("Diffusion/pipeline/sd15/model"))
        let own = try model.component("unet").network(from: Registry.unets).architecture.config
        let weights = try model.component("unet").folder.appending(path: "diffusion_pytorch_model.safetensors")
        let file = place.url.appending(path: "lcm_unet.safetensors")
        try FileManager.default.copyItem(at: weights, to: file)
        let found = try LoadedUNet(file, for: model).network.architecture.config
        #expect("\(found)" == "\(own)" && own.normGroups == 2)
        // In its folder the file has a config of its own.
        let other = try ModelSource(Goldens.url("Diffusion/pipeline/sdxl/model"))
        #expect("\(try LoadedUNet(weights, for: other).network.architecture.config)" == "\(own)")
    }

    @Test func foldersAndWholeModels() throws {
        let model = try ModelSource(Goldens.url("Diffusion/pipeline/sd15/model"))
        let other = Goldens.url("Diffusion/pipeline/autoencoder-kl/model")
        for url in [other, other.appending(path: "unet"), other.appending(path: "model_index.json")] {
            #expect(try LoadedUNet(url, for: model).network.architecture.config.timeCondProjDim != nil)
        }
        #expect(try LoadedUNet(sdxl, for: model).network.architecture.config.textTimeAddition != nil)
    }

    @Test func whatIsNoUNet() throws {
        let model = try ModelSource(Goldens.url("Diffusion/pipeline/sd15/model"))
        let vae = Goldens.url("Diffusion/pipeline/sd15/model/vae")
        #expect { try LoadedUNet(vae, for: model) } throws: { "\($0)".contains("it is of the class AutoencoderKL") }
        let weights = vae.appending(path: "diffusion_pytorch_model.safetensors")
        #expect { try LoadedUNet(weights, for: model) } throws: { "\($0)".contains("it is of the class AutoencoderKL") }
        let alone = place.url.appending(path: "vae.safetensors")
        try FileManager.default.copyItem(at: weights, to: alone)
        #expect { try LoadedUNet(alone, for: model) } throws: { "\($0)".contains("an autoencoder alone") }
        let missing = place.url.appending(path: "none")
        #expect(throws: FileError.missing(path: missing.path)) { try LoadedUNet(missing, for: model) }
        let pointer = try place.write("unet.safetensors", "version https://git-lfs.github.com/spec/v1\nsize 5\n")
        #expect { try LoadedUNet(pointer, for: model) } throws: { "\($0)".contains("git lfs pull") }
    }

    /// A folder in diffusers' layout that is a UNet's says how it is used; one within a model leads to the model.
    @Test func foldersGivenAsModels() throws {
        let unet = Goldens.url("Diffusion/pipeline/sd15/model/unet")
        #expect { try ModelSource(unet) } throws: { "\($0)".contains("give the folder above it") }
        try FileManager.default.copyItem(at: unet, to: place.url.appending(path: "alone"))
        #expect { try ModelSource(place.url.appending(path: "alone")) } throws: {
            "\($0)".contains("this folder beside it (--unet)")
        }
    }
}
