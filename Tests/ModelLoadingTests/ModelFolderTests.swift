import Foundation
import ModelLoading
import TestSupport
import Testing

@Suite struct ModelFolderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Writes the index and reads the folder.
    private func read(_ index: String) throws -> ModelFolder {
        try folder.write("model_index.json", index)
        return try ModelFolder(folder.url)
    }

    @Test func readsComponents() throws {
        let model = try read(
            """
            {"_class_name": "LatentConsistencyModelPipeline", "_diffusers_version": "0.22.0", "requires_safety_checker": true,
             "unet": ["diffusers", "UNet2DConditionModel"], "text_encoder": ["transformers", "CLIPTextModel"],
             "image_encoder": [null, null], "tokenizer": ["transformers", "CLIPTokenizer"]}
            """)
        #expect(model.className == "LatentConsistencyModelPipeline")
        #expect(Set(model.components.keys) == ["unet", "text_encoder", "tokenizer"])
        let unet = try model.component("unet")
        #expect(unet.name == "unet" && unet.library == "diffusers" && unet.className == "UNet2DConditionModel")
        #expect(unet.folder.path == folder.path + "/unet")
        #expect(model.notes.isEmpty)
        #expect(model.url == folder.url)
    }

    /// A model's checker is left out whether or not its files are there, and said to be.
    @Test func notesWhatItLeavesOut() throws {
        let model = try ModelFolder(Goldens.url("pipeline/autoencoder-kl/model"))
        #expect(model.components["safety_checker"] == nil && model.components["feature_extractor"] == nil)
        #expect(model.notes.count == 2)
        #expect(model.notes.contains("The model's safety_checker (StableDiffusionSafetyChecker) is not used."))
        #expect(model.notes.contains("The model's feature_extractor (CLIPImageProcessor) is not used."))
    }

    @Test func missingFolder() throws {
        let path = folder.path + "/nowhere"
        #expect(throws: ModelError.missing(path: path)) { try ModelFolder(URL(filePath: path)) }
        let file = try folder.write("model.safetensors", "x")
        #expect(throws: ModelError.missing(path: file.path)) { try ModelFolder(file) }
        #expect("\(ModelError.missing(path: path))" == "There is no model folder at \(path).")
    }

    @Test func foldersThatAreNoModel() throws {
        #expect(throws: ModelError.noModel(path: folder.path, hint: "")) { try ModelFolder(folder.url) }
        func hint() -> String {
            do { _ = try ModelFolder(folder.url) } catch { return "\(error)" }
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

    @Test(arguments: [
        "", "{", "{\"_class_name\": \"A\",}", "{\"a\": 1, \"a\": 2}", "{\"_class_name\": NaN}", "\u{FEFF}{}", "[1] 2",
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
        #expect(throws: ModelError.self) { try ModelFolder(folder.url) }
    }
}
