import Adapters
@testable import Diffusion
import Foundation
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
        let lora = try LoRA(path: Goldens.url("lora/sdxl.safetensors").path)
        #expect(throws: LoRAError.self) { try model.addLoRAs(LoRASet([.init(lora)])) }
    }
}
