import Diffusion
import Foundation
import Inference
import TensorStore
import TestSupport
import Testing
@testable import Workflows

/// LoRAs that prompts name.
@Suite struct PromptLoRATests {
    private static let file = Goldens.url("Diffusion/pipeline/sd15/lcm-lora.safetensors")

    private func description(_ prompt: String, _ change: (inout ModelDescription) -> Void = { _ in }) -> GenerationDescription {
        var description = GenerationDescription(
            model: ModelDescription(model: Small.model.path), request: Small.request(seed: 3))
        description.request.prompts = [prompt]
        change(&description.model)
        return description
    }

    private func draw(_ description: GenerationDescription) async throws -> GenerationResult {
        try await GenerationSession(compile: CompileOptions()).generate(description)
    }

    @Test func tagsAddLoRAs() async throws {
        let temporary = try TemporaryFolder()
        let folder = temporary.url
        try FileManager.default.createDirectory(at: folder.appending(path: "styles"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: Self.file, to: folder.appending(path: "styles/Fast one.safetensors"))
        let given = try await draw(description("a cat") { $0.loras = ["\(Self.file.path):0.5"] })
        let plain = try await draw(description("a cat"))
        let tagged = try await draw(description("a cat<lora:Fast one:0.5>") { $0.loraDir = folder.path })
        #expect(
            tagged.pictures.map(\.image) == given.pictures.map(\.image)
                && tagged.pictures.map(\.image) != plain.pictures.map(\.image))
        #expect(tagged.pictures[0].prompt == "a cat<lora:Fast one:0.5>")
        // The file has layers of the UNet alone.
        let byNetwork = try await draw(description("a cat<lora:Fast one:te=9:unet=0.5>") { $0.loraDir = folder.path })
        #expect(byNetwork.pictures.map(\.image) == given.pictures.map(\.image))
        let withoutUNet = try await draw(description("a cat<lora:Fast one:1:0>") { $0.loraDir = folder.path })
        #expect(withoutUNet.pictures.map(\.image) == plain.pictures.map(\.image))
        let twice = try await draw(description("a cat<lora:fast one:0.25><lyco:Fast one:0.25>") { $0.loraDir = folder.path })
        #expect(twice.pictures[0].latents.shape == given.pictures[0].latents.shape)
        try expectClose(twice.pictures[0].latents, given.pictures[0].latents, tolerance: 1e-4)
    }

    @Test func foldersBesideTheModelAreSearched() async throws {
        let temporary = try TemporaryFolder()
        let folder = temporary.url
        for (own, loras) in [("models/a", "models/loras"), ("web/Stable-diffusion/a", "web/Lora")] {
            let model = folder.appending(path: own)
            try FileManager.default.createDirectory(at: model.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: Small.model, to: model)
            let lora = folder.appending(path: loras)
            try FileManager.default.createDirectory(at: lora, withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: Self.file, to: lora.appending(path: "fast.safetensors"))
            let found = try await draw(description("a cat<lora:fast>") { $0.model = model.path })
            let given = try await draw(description("a cat") { $0.loras = [Self.file.path] })
            #expect(found.pictures.map(\.image) == given.pictures.map(\.image))
        }
    }

    /// A picture's file knows where its LoRAs were, and with which content.
    @Test func picturesAreRedrawnElsewhere() async throws {
        let temporary = try TemporaryFolder()
        let lora = temporary.url.appending(path: "there/fast.safetensors")
        try FileManager.default.createDirectory(at: lora.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: Self.file, to: lora)
        let given = description("a cat<lora:fast>") { $0.loraDir = lora.deletingLastPathComponent().path }
        let files = try OutputFiles(.init(path: temporary.path + "/a.png"), given.request)
        _ = try await GenerationSession(compile: CompileOptions()).draw(given, to: files)
        var read = try GenerationDescription(pictureAt: temporary.path + "/a.png")
        #expect(read.files?.contains { $0.name == "lora:fast" && $0.path.hasSuffix("there/fast.safetensors") } == true)
        read.model.loraDir = "nowhere"
        let (located, _) = read.locatingFiles(picture: temporary.path + "/a.png")
        #expect(located.model.loraDir?.hasSuffix("/there") == true)
    }

    /// A prompt file's picture is kept while the LoRA's content is the same, wherever it lies, and drawn again with another.
    @Test func contentsCount() async throws {
        let temporary = try TemporaryFolder()
        let files = FileManager.default
        func place(_ folder: String, _ change: (inout [UInt8]) -> Void = { _ in }) throws {
            var bytes = try [UInt8](Data(contentsOf: Self.file))
            change(&bytes)
            try temporary.write("\(folder)/fast.safetensors", bytes)
        }
        try place("one")
        try place("two")
        try place("three") { $0[$0.count - 1] ^= 1 }
        try temporary.write("prompts.txt", "a cat<lora:fast>\n")
        func kept(_ folder: String) async throws -> Int {
            let common = description("") { $0.loraDir = temporary.path + "/" + folder }
            var batch = try PromptBatch(
                temporary.path + "/prompts.txt", common, output: .init(path: temporary.path + "/out"))
            try await batch.draw(GenerationSession(compile: CompileOptions())) { _ in }
            #expect(batch.report.failed.isEmpty)
            return batch.report.kept.count
        }
        #expect(try await kept("one") == 0)
        #expect(try await kept("one") == 1)
        #expect(try await kept("two") == 1)
        #expect(try await kept("three") == 0)
        #expect(try files.contentsOfDirectory(atPath: temporary.path + "/out").count == 1)
    }

    @Test func errorsNameTheTag() async throws {
        let temporary = try TemporaryFolder()
        let folder = temporary.url
        try FileManager.default.copyItem(at: Self.file, to: folder.appending(path: "watercolor.safetensors"))
        for (prompt, expected) in [
            ("a <lora:watercolour:1>", "did you mean watercolor?"), ("a <lora:x:1>", "--lora-dir names another folder"),
            ("a <lora:watercolor:much>", "the scale must be a finite number; it is 'much'"),
            ("a <lora:watercolor:1:1:1>", "'1' is not an argument"), ("a <lora:watercolor:dyn=4>", "'dyn=4' is not an argument"),
        ] {
            let error = await #expect(throws: PromptLoRAError.self) {
                try await draw(description(prompt) { $0.loraDir = folder.path })
            }
            #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
        }
        var several = description("a <lora:watercolor:1>") { $0.loraDir = folder.path }
        several.request.prompts.append("b")
        #expect(throws: PromptLoRAError.severalSets) { try GenerationSession().check(several) }
    }
}
