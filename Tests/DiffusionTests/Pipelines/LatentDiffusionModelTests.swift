import Adapters
@testable import Diffusion
import Foundation
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

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
