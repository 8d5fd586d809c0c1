import Adapters
@testable import Diffusion
import Foundation
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing
import Tokenizers

/// Parts that do not go together are refused when a model is read.
@Suite struct LatentDiffusionModelTests {
    @Test func autoencodersOfAnotherFamilyAreRefused() throws {
        for (name, other) in [("sd15", "sdxl"), ("sdxl", "sd15")] {
            let vae = GoldenRun.model(other).appending(path: "vae")
            let error = #expect(throws: ModelError.self) {
                try LatentDiffusionModel(ModelSource(GoldenRun.model(name)), vae: vae)
            }
            guard case .otherLatents(_, let found, let needed, _) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect((found, needed) == (other == "sdxl" ? (.sdxl, .sd) : (.sd, .sdxl)))
            var model = try LatentDiffusionModel(ModelSource(GoldenRun.model(name)))
            #expect(throws: ModelError.self) { try model.addPreviewDecoder(vae) }
        }
    }

    @Test func familiesAndWhatTheyTake() throws {
        let models = try Dictionary(
            uniqueKeysWithValues: ["sd15", "sdxl", "inpainting", "autoencoder-kl"].map {
                ($0, try LatentDiffusionModel(ModelSource(GoldenRun.model($0))))
            })
        #expect(models.mapValues(\.family) == ["sd15": .sd, "sdxl": .sdxl, "inpainting": .sd, "autoencoder-kl": .sd])
        #expect(models.filter(\.value.takesMaskedLatents).map(\.key) == ["inpainting"])
        #expect(models.filter(\.value.takesGuidanceEmbedding).map(\.key) == ["autoencoder-kl"])
        #expect(models.filter(\.value.takesZerosForEmptyPrompt).map(\.key) == ["sdxl"])
        #expect(models.mapValues(\.textEncoders.count) == ["sd15": 1, "sdxl": 2, "inpainting": 1, "autoencoder-kl": 1])
    }

    /// Of Stable Diffusion XL, on a model whose one encoder is as wide as its first.
    @Test func wordsForTwoEncodersAreRefused() throws {
        var model = try LatentDiffusionModel(ModelSource(GoldenRun.model("sd15")))
        let folder = try TemporaryFolder()
        var writer = SafetensorsWriter()
        for (name, width) in [("clip_l", 10), ("clip_g", 14)] { try writer.add(name, Tensor(zeros: [2, width])) }
        let path = folder.url.appending(path: "xl.safetensors").path
        try writer.write(to: path)
        #expect(throws: TextualInversionError.encoders(file: path, expected: [10], found: [10, 14])) {
            try model.addWords([TextualInversion(path: path)])
        }
    }

    /// diffusers' pipelines of Stable Diffusion XL have it by default.
    @Test(
        arguments: [
            (nil, "default", true), ("true", "default", true), ("false", "empty-negative", false),
            ("null", "empty-negative", false),
        ] as [(String?, String, Bool)]) func zerosForAbsentNegativePrompts(_ option: String?, _ golden: String, _ isZero: Bool)
        async throws
    {
        let folder = try TemporaryFolder()
        let source = GoldenRun.model("sdxl")
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path) where name != "model_index.json" {
            try FileManager.default.createSymbolicLink(
                at: folder.url.appending(path: name), withDestinationURL: source.appending(path: name))
        }
        let index = try String(contentsOf: source.appending(path: "model_index.json"), encoding: .utf8)
        let entry = #"  "force_zeros_for_empty_prompt": true,"#
        #expect(index.contains(entry))
        try folder.write(
            "model_index.json", index.replacing(entry, with: option.map { "  \"force_zeros_for_empty_prompt\": \($0)," } ?? ""))
        let model = try LatentDiffusionModel(ModelSource(folder.url))
        #expect(model.takesZerosForEmptyPrompt == isZero)
        // Without zeros, an absent negative prompt is an empty one.
        let run = try GoldenRun.named("sdxl/\(golden)")
        var request = try run.request(model)
        request.negativePrompt = nil
        let picture = try await LatentDiffusionPipeline(model).generate(request).images[0]
        #expect(psnr(picture, try run.values().images()[0]) >= 40)
    }

    @Test func otherUNets() throws {
        let source = try ModelSource(GoldenRun.model("sd15"))
        #expect(try LatentDiffusionModel(source, unet: GoldenRun.model("inpainting")).takesMaskedLatents)
        // One of another kind of model does not fit, and is named.
        let other = GoldenRun.model("autoencoder-kl").appending(path: "unet")
        #expect { try LatentDiffusionModel(source, unet: other) } throws: {
            "\($0)".contains(other.path) && "\($0)".contains("the UNet takes texts 18 wide")
        }
        // Nor does one with another number of text encoders, whatever their widths.
        for (model, unet) in [("sd15", "sdxl"), ("sdxl", "sd15")] {
            let unet = GoldenRun.model(unet).appending(path: "unet")
            #expect { try LatentDiffusionModel(ModelSource(GoldenRun.model(model)), unet: unet) } throws: {
                "\($0)".contains(unet.path) && "\($0)".contains("of Stable Diffusion XL's kind")
            }
        }
        // A latent consistency model's, in a file of its own.
        let folder = try TemporaryFolder()
        let own = try SafetensorsCheckpoint(path: source.component("unet").folder.path + "/diffusion_pytorch_model.safetensors")
        var writer = SafetensorsWriter()
        for name in own.entries.keys.sorted() { try writer.add(name, own.tensor(named: name)) }
        let width = try #require(own.entries["conv_in.weight"]).shape[0]
        try writer.add("time_embedding.cond_proj.weight", Tensor(zeros: [width, 6]))
        let file = folder.url.appending(path: "lcm.safetensors")
        try writer.write(to: file.path)
        let lcm = try LatentDiffusionModel(source, unet: file)
        #expect(lcm.takesGuidanceEmbedding && lcm.notes.contains { $0.contains("--scheduler lcm") })
    }

    @Test func lorasForNetworksThatAreNotThereAreRefused() throws {
        var model = try LatentDiffusionModel(ModelSource(GoldenRun.model("sd15")))
        let lora = try LoRA(path: Goldens.url("Adapters/sdxl.safetensors").path)
        #expect(throws: LoRAError.self) { try model.addLoRAs(LoRASet([.init(lora)])) }
    }

    /// A folder's path says nothing of the model; its name, or the repository's in the hub's cache, does.
    @Test(arguments: [
        ("turbo/plain", 25), ("plain/my-Turbo", 1), ("models--stabilityai--sd-turbo/snapshots/0123", 1),
        ("turbo/models--a--b/snapshots/0123", 25),
    ]) func turboModelsTakeOneStep(_ path: String, _ steps: Int) throws {
        let folder = try TemporaryFolder()
        let place = folder.url.appending(path: path)
        try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(at: place, withDestinationURL: GoldenRun.model("sd15"))
        let model = try LatentDiffusionModel(ModelSource(place))
        #expect(GenerationDefaults(model, scheduler: try model.scheduler.named(nil)).steps == steps)
    }

    /// The config promises a projected text that the checkpoint does not give.
    @Test func encodersWithoutTheirProjection() async throws {
        let folder = try TemporaryFolder()
        let source = GoldenRun.model("sdxl")
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path) where name != "text_encoder_2" {
            try FileManager.default.createSymbolicLink(
                at: folder.url.appending(path: name), withDestinationURL: source.appending(path: name))
        }
        let encoder = source.appending(path: "text_encoder_2")
        let checkpoint = try SafetensorsCheckpoint(path: encoder.appending(path: "model.safetensors").path)
        var writer = SafetensorsWriter()
        for name in checkpoint.entries.keys.sorted() where !name.hasPrefix("text_projection") {
            try writer.add(name, checkpoint.tensor(named: name))
        }
        let place = folder.url.appending(path: "text_encoder_2")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try writer.write(to: place.appending(path: "model.safetensors").path)
        try FileManager.default.copyItem(at: encoder.appending(path: "config.json"), to: place.appending(path: "config.json"))
        let pipeline = try LatentDiffusionPipeline(contentsOf: folder.url)
        let request = GenerationRequest(prompts: ["a cat"], numInferenceSteps: 1, guidanceScale: 1)
        let error = await #expect(throws: GraphError.self) { try await pipeline.generate(request) }
        #expect(error?.description.contains("text_embeds") == true)
    }
}
