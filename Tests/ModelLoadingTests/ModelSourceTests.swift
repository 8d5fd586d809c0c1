import Architectures
import Foundation
import ModelGraph
import ModelLoading
import TensorStore
import TestSupport
import Testing

@Suite struct ModelSourceTests {
    private let folder: TemporaryFolder

    private static let sd15 = Goldens.url("Diffusion/pipeline/sd15/model")

    init() throws { folder = try TemporaryFolder() }

    /// Writes the index and reads the folder.
    private func read(_ index: String) throws -> ModelSource {
        try folder.write("model_index.json", index)
        return try ModelSource(folder.url)
    }

    @Test func readsComponents() throws {
        let model = try read(
            """
            {"_class_name": "LatentConsistencyModelPipeline", "_diffusers_version": "0.22.0", "requires_safety_checker": true,
             "unet": ["diffusers", "UNet2DConditionModel"], "text_encoder": ["transformers", "CLIPTextModel"],
             "image_encoder": [null, null], "tokenizer": ["transformers", "CLIPTokenizer"]}
            """)
        #expect(model.pipelineClass == "LatentConsistencyModelPipeline")
        #expect(Set(model.components.keys) == ["unet", "text_encoder", "tokenizer"])
        let unet = try model.component("unet")
        #expect(unet.name == "unet" && unet.library == "diffusers" && unet.className == "UNet2DConditionModel")
        #expect(unet.folder.path == folder.path + "/unet")
        #expect(model.notes.isEmpty)
        #expect(model.url == folder.url)
    }

    /// What no pipeline uses is left out, and said to be; the checker is there for who wants it.
    @Test func notesWhatItLeavesOut() throws {
        let model = try ModelSource(Goldens.url("Diffusion/pipeline/autoencoder-kl/model"))
        #expect(model.components["safety_checker"]?.className == "StableDiffusionSafetyChecker")
        #expect(model.components["feature_extractor"]?.className == "CLIPImageProcessor")
        #expect(model.notes.isEmpty)
        let other = try read(#"{"_class_name": "P", "image_encoder": ["transformers", "CLIPVisionModelWithProjection"]}"#)
        #expect(other.components.isEmpty)
        #expect(other.notes == ["The model's image_encoder (CLIPVisionModelWithProjection) is not used."])
    }

    @Test func optionsOfThePipeline() throws {
        let model = try read(
            """
            {"_class_name": "P", "_x": 1, "force_zeros_for_empty_prompt": true, "unet": [null, null], "a": null, "b": [1, 2, 3]}
            """
        )
        #expect(Set(model.options.keys) == ["force_zeros_for_empty_prompt", "a", "b"])
        #expect(model.options["force_zeros_for_empty_prompt"] == true)
    }

    /// As optimum wrote it before 2025: classes of its own, and the autoencoder's halves in the index.
    @Test func olderExports() throws {
        try folder.write("unet/config.json", #"{"_class_name": "UNet2DConditionModel"}"#)
        try folder.write("vae_decoder/config.json", #"{"_class_name": "AutoencoderKL"}"#)
        try folder.write("vae_decoder/openvino_model.xml", "")
        try folder.write("vae_encoder/openvino_model.xml", "")
        try folder.write("text_encoder/config.json", #"{"architectures": ["CLIPTextModelWithProjection"]}"#)
        let model = try read(
            """
            {"_class_name": "OVStableDiffusionPipeline", "unet": ["optimum", "OVModelUnet"],
             "text_encoder": ["optimum", "OVModelTextEncoder"], "vae_decoder": ["optimum", "OVModelVaeDecoder"],
             "vae_encoder": ["optimum", "OVModelVaeEncoder"]}
            """)
        #expect(model.pipelineClass == "StableDiffusionPipeline")
        #expect(Set(model.components.keys) == ["unet", "text_encoder", "vae"])
        #expect(try model.component("unet").config().className == "UNet2DConditionModel")
        #expect(try model.component("text_encoder").config().className == "CLIPTextModelWithProjection")
        #expect(try model.vaeDecoder().folder.lastPathComponent == "vae_decoder")
        #expect(try model.vaeEncoder().folder.lastPathComponent == "vae_encoder")
        #expect(try model.vaeDecoder().config().className == "AutoencoderKL")
        #expect(Set(model.networks.map(\.name)) == ["unet", "text_encoder", "vae_decoder", "vae_encoder"])
        try FileManager.default.removeItem(at: folder.url.appending(path: "vae_encoder"))
        #expect(throws: ModelError.missingComponent("vae_encoder", file: folder.path + "/model_index.json")) {
            try model.vaeEncoder()
        }
    }

    @Test func missingFolder() throws {
        let path = folder.path + "/nowhere"
        #expect(throws: ModelError.missing(path: path)) { try ModelSource(URL(filePath: path)) }
        let file = try folder.write("model.safetensors", "x")
        #expect(throws: SafetensorsError.self) { try ModelSource(file) }
        #expect("\(ModelError.missing(path: path))" == "There is no model at \(path).")
    }

    @Test func foldersThatAreNoModel() throws {
        #expect(throws: ModelError.noModel(path: folder.path, hint: "")) { try ModelSource(folder.url) }
        func hint() -> String {
            do { _ = try ModelSource(folder.url) } catch { return "\(error)" }
            return ""
        }
        try folder.write("config.json", "{}")
        #expect(hint().contains("one component of a model: give the folder above it"))
        try FileManager.default.removeItem(at: folder.url.appending(path: "config.json"))
        try folder.write("refs/main", "0123")
        try folder.write("snapshots/0123/model_index.json", "{}")
        #expect(hint().contains("hub cache folder: give the folder under snapshots"))
        #expect(hint().contains(folder.path) && hint().contains("model_index.json"))
    }

    /// transformers' layout: one network, without model_index.json.
    @Test func foldersOfOneNetwork() throws {
        let model = try ModelSource(Goldens.url("Architectures/clip/projection-bf16"))
        #expect(model.pipelineClass == "CLIPTextModelWithProjection")
        #expect(Array(model.components.keys) == ["text_encoder"])
        #expect(model.indexFile.hasSuffix("Architectures/clip/projection-bf16/config.json") && !model.isSingleFile)
        #expect(try model.index()["text_encoder"] == .strings(["transformers", "CLIPTextModelWithProjection"]))
        let component = try model.component("text_encoder")
        let network = try component.network(from: Registry.textEncoders)
        #expect(network.architecture.config.hiddenSize == 22)
        #expect(try network.architecture.graph(component.weights(), batch: 1, tokens: 4).results.count == 1)
        #expect(throws: ModelError.missingComponent("unet", file: model.indexFile)) { try model.component("unet") }

        try folder.write("config.json", #"{"architectures": ["WhisperForAudioClassification"]}"#)
        let error = #expect(throws: ArchitectureError.self) { try ModelSource(folder.url) }
        #expect(
            error?.description
                == "\(folder.path)/config.json: the class 'WhisperForAudioClassification' is not known; known are CLIPTextModel, "
                + "CLIPTextModelWithProjection, CLIPVisionModelWithProjection, WhisperForConditionalGeneration.")
    }

    @Test func speechRecognizer() throws {
        let model = try ModelSource(Goldens.url("Architectures/whisper/equal-depth"))
        #expect(model.pipelineClass == "WhisperForConditionalGeneration")
        let network = try model.component("speech_recognizer").network(from: Registry.speechRecognizers)
        #expect(network.architecture.config.maxSourcePositions == 40)
        let (encoder, decoder) = (try network.encoder(windows: 3, positions: 7), try network.decoder())
        #expect(encoder.graph.parameters.map(\.outputs[0].shape) == [[3, 80, 14]])
        #expect(decoder.graph.hasResult(named: "logits") && !decoder.graph.hasResult(named: "alignment_scores"))

        let exported = Network(network.architecture, .graph(Graph(name: "exported")))
        #expect(throws: GraphError.self) { try exported.encoder() }
    }

    @Test(arguments: [
        "{", "{\"_class_name\": \"A\",}", "{\"a\": 1, \"a\": 2}", "{\"_class_name\": nan}", "\u{FEFF}{}", "[1] 2",
    ])
    func brokenJSON(_ text: String) throws {
        let error = #expect(throws: ModelError.self) { try read(text) }
        guard case .malformed(let file, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(file == folder.path + "/model_index.json")
        #expect(reason.contains("byte"))
    }

    /// What stands in the place of the file is named.
    @Test(arguments: ["", "version https://git-lfs.github.com/spec/v1\nsize 300\n", "<!DOCTYPE html><html></html>", "Not found"])
    func configsThatAreNone(_ text: String) throws {
        let reason = FileKind(firstBytes: text.utf8).explanation
        #expect(throws: ModelError.malformed(file: folder.path + "/model_index.json", reason: reason)) { try read(text) }
    }

    /// The index stands for its folder.
    @Test func theIndexIsTheModel() throws {
        let model = try ModelSource(Self.sd15.appending(path: "model_index.json"))
        #expect(model.url.path == Self.sd15.path && model.components["unet"] != nil)
    }

    @Test(arguments: ["{}", "[]", "1", "{\"_class_name\": 5}", "{\"_class_name\": null}"])
    func missingClassName(_ text: String) throws {
        #expect(throws: ModelError.malformed(file: folder.path + "/model_index.json", reason: "_class_name is missing")) {
            try read(text)
        }
    }

    @Test func missingComponent() throws {
        let model = try read(#"{"_class_name": "P", "unet": ["diffusers"], "vae": [null, null], "scheduler": ["a", "b", "c"]}"#)
        for name in ["unet", "vae", "scheduler", "tokenizer"] {
            let error = ModelError.missingComponent(name, file: folder.path + "/model_index.json")
            #expect(throws: error) { try model.component(name) }
            #expect("\(error)".contains("'\(name)'"))
        }
    }

    @Test func hugeConfigsAreNotRead() throws {
        let file = folder.url.appending(path: "model_index.json")
        try folder.write("model_index.json", "")
        let handle = try FileHandle(forWritingTo: file)
        try handle.truncate(atOffset: 1 << 33)
        try handle.close()
        #expect(throws: ModelError.self) { try ModelSource(folder.url) }
    }
}
