import Diffusion
import Foundation
import Imaging
import Inference
import OpenVINO
import TensorStore
import TestSupport
import Testing
@testable import Workflows

/// Files of prompts, drawn into a folder.
@Suite struct PromptBatchTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var common: GenerationDescription {
        GenerationDescription(model: ModelDescription(model: Small.model.path), request: Small.request(seed: 0, steps: 1))
    }

    private func path(_ name: String) -> String { folder.path + "/" + name }

    private func batch(
        _ text: String, _ name: String = "lines.jsonl", _ change: (inout GenerationDescription) -> Void = { _ in }
    ) throws -> PromptBatch {
        var common = common
        change(&common)
        try folder.write(name, text)
        return try PromptBatch(path(name), common, output: .init(path: path("out")))
    }

    /// Draws, and returns the report with paths relative to the folder.
    private func draw(_ batch: PromptBatch) async throws -> (drawn: [String], kept: [String], failed: [(Int, String)]) {
        var batch = batch
        var failed: [Int] = []
        try await batch.draw(GenerationSession()) { event in
            if case .failed(let failure) = event { failed.append(failure.line) }
        }
        let report = batch.report
        #expect(report.failed.map(\.line) == failed)
        func names(_ paths: [String]) -> [String] { paths.map { $0.replacing(folder.path + "/", with: "") } }
        return (names(report.drawn), names(report.kept), report.failed.map { ($0.line, $0.error) })
    }

    private func options(_ name: String) throws -> [String: JSONValue] {
        try GenerationDescription(pictureAt: path(name)).options
    }

    @Test func picturesThatAreThereAreKept() async throws {
        let text = "# animals\na cat\r\n\n  a dog  \n"
        let names = ["out/a-cat-0.png", "out/a-dog-1.png"]
        #expect(try await draw(batch(text, "p.txt")).drawn == names)
        let second = try await draw(batch(text, "p.txt"))
        #expect(second.drawn.isEmpty && second.kept == names)
        // A picture that is gone, and pictures of other options.
        try FileManager.default.removeItem(atPath: path("out/a-dog-1.png"))
        let third = try await draw(batch(text, "p.txt"))
        #expect(third.drawn == [names[1]] && third.kept == [names[0]])
        let other = try await draw(batch(text, "p.txt") { $0.request.negativePrompt = "x" })
        #expect(other.drawn == names)
        #expect(try options(names[1])["negative_prompt"] == "x")
    }

    /// Pictures with metadata of versions that wrote camelCase are kept too, and draw the same.
    @Test func earlierMetadataIsRead() async throws {
        let text = "a cat"
        _ = try await draw(batch(text, "p.txt"))
        let file = path("out/a-cat-0.png")
        let image = try ImageFile(path: file).image
        let now = try #require(try ImageFile(path: file).metadata["glint"])
        let earlier = now.replacing("guidance_scale", with: "guidanceScale")
        #expect(earlier != now)
        try image.write(to: file, as: .png(), metadata: ["glint": earlier])
        #expect(try await draw(batch(text, "p.txt")).kept == ["out/a-cat-0.png"])
        let again = try GenerationDescription(pictureAt: file)
        #expect(try await GenerationSession().generate(again).pictures[0].image == image)
    }

    /// A picture is drawn again in its own precision: that of its metadata, and f32 where that has none.
    @Test func precisionsOfMetadata() async throws {
        _ = try await draw(batch("a cat", "p.txt") { $0.model.inferencePrecision = .f32 })
        let file = path("out/a-cat-0.png")
        #expect(try options("out/a-cat-0.png")["inference_precision"] == "f32")
        #expect(try await draw(batch("a cat", "p.txt")).kept == ["out/a-cat-0.png"])
        #expect(try await draw(batch("a cat", "p.txt") { $0.model.inferencePrecision = .bf16 }).kept == [])

        // `auto` is no precision of a picture; any will do.
        #expect(
            try await draw(batch("a cat", "p.txt") { $0.model.inferencePrecision = .auto }).kept == ["out/a-cat-0.png"])

        let image = try ImageFile(path: file).image
        try image.write(to: file, as: .png(), metadata: ["glint": #"{"prompt":"a cat","seed":0}"#])
        #expect(try GenerationDescription(pictureAt: file).model.inferencePrecision == .f32)
    }

    @Test func precisionsThatTheMachineLacks() async throws {
        guard !CompileOptions.Precision.f16.isAvailable(on: .cpu) else { return }
        var description = GenerationDescription(
            model: ModelDescription(model: Small.model.path), request: Small.request(seed: 1, steps: 1))
        description.model.inferencePrecision = .f16
        var notes: [String] = []
        let result = try await GenerationSession().generate(description, notes: { notes = $0 })
        #expect(notes.contains("CPU does not compute in f16 on this machine; f32 is used."))
        #expect(result.pictures.map(\.precision) == [.f32])
    }

    @Test func aLineThatFailsDoesNotEndTheRun() async throws {
        let scene = Goldens.url("Diffusion/pipeline/pictures/scene.png").path
        let text = """
            {"prompt": "a cat", "width": 100}
            {"prompt": "a fox", "image": "\(scene)", "strength": 0.9, "steps": 2, "count": 2, "seed": 7}
            {"prompt": "a pig", "lora": "nowhere.safetensors"}
            {"prompt": "a hen", "mask": "\(scene)"}
            {"prompt": "an owl", "strength": 0.5}
            {"prompt": "a yak", "negative_prompt": "x", "guidance_scale": 3, "height": 48, "output": "\(path("yak.png"))"}

            """
        let report = try await draw(batch(text))
        #expect(report.drawn == ["out/a-fox-7.png", "out/a-fox-8.png", "yak.png"])
        #expect(report.failed.map(\.0) == [1, 3, 4, 5])
        for (failure, text) in zip(report.failed, ["multiple of 8", "nowhere.safetensors", "The mask says", "The strength says"])
        {
            #expect(failure.1.contains(text), "\(failure)")
        }
        let fox = try options("out/a-fox-8.png")
        #expect(fox["seed"] == 8 && fox["strength"] == 0.9 && fox["image"]?.string == scene && fox["count"] == nil)
        let yak = try options("yak.png")
        #expect(yak["height"] == 48 && yak["guidance_scale"] == 3.0 && yak["strength"] == nil)
        let again = try await draw(batch(text))
        #expect(again.drawn.isEmpty && again.kept.count == 3 && again.failed.count == 4)
    }

    /// Options for all lines hold for lines that say nothing else.
    @Test func strengthIsOfLinesWithAPicture() async throws {
        let text = """
            {"prompt": "a cat"}
            {"prompt": "a dog", "image": "\(Goldens.url("Diffusion/pipeline/pictures/scene.png").path)", "steps": 2}
            """
        let report = try await draw(batch(text) { $0.request.strength = 0.7 })
        #expect(report.drawn == ["out/a-cat-0.png", "out/a-dog-1.png"])
        #expect(try options("out/a-cat-0.png")["strength"] == nil && options("out/a-dog-1.png")["strength"] == 0.7)
    }

    @Test func pathsThatMeet() throws {
        let name = path("a.png")
        #expect(throws: PromptBatchError.samePath("\(folder.path)/./a.png", lines: [1, 3])) {
            try batch(
                "{\"prompt\": \"x\", \"output\": \"\(name)\"}\n\n{\"prompt\": \"y\", \"output\": \"\(folder.path)/./a.png\"}")
        }
        #expect(throws: PromptBatchError.notAFolder(path("p.txt"))) {
            try folder.write("p.txt", "a cat")
            return try PromptBatch(path("p.txt"), common, output: .init(path: path("p.txt")))
        }
    }
}

/// Names and metadata of files.
@Suite struct OutputFilesTests {
    private func paths(_ output: String?, _ prompts: [String] = ["A cat, (sitting:1.2)!"], count: Int = 1) throws -> [String] {
        try OutputFiles(.init(path: output), GenerationRequest(prompts: prompts, imagesPerPrompt: count, seed: 5)).paths
    }

    @Test func names() throws {
        #expect(try paths(nil) == ["a-cat-sitting-1-2-5.png"])
        #expect(try paths("x.jpg") == ["x.jpg"])
        #expect(try paths("x.jpg", count: 2) == ["x-5.jpg", "x-6.jpg"])
        #expect(try paths("new/") == ["new/a-cat-sitting-1-2-5.png"])
        #expect(try paths("new/", ["a", "b"], count: 2) == ["new/a-5.png", "new/a-6.png", "new/b-7.png", "new/b-8.png"])
        #expect(try OutputFiles(.init(format: "jpg"), GenerationRequest("?!")).paths == ["picture-0.jpg"])
        #expect(throws: OutputFilesError.ending("gif", path: "a.gif")) {
            try OutputFiles(.init(path: "a.gif"), GenerationRequest("x"))
        }
        #expect(OutputFiles.slug(String(repeating: "word ", count: 100)).count < 60)
        // A text without spaces is cut, not left out.
        #expect(OutputFiles.slug(String(repeating: "x", count: 99)) == String(repeating: "x", count: 60))
        #expect(OutputFiles.slug(String(repeating: "猫", count: 99)) == String(repeating: "猫", count: 60))
        #expect(OutputFiles.slug(String(repeating: "👩‍👩‍👧‍👦é", count: 99)).utf8.count <= 200)
    }

    @Test func metadataInTheNotationOfOtherPrograms() throws {
        var request = GenerationRequest("a cat", seed: 3)
        (request.negativePrompt, request.numInferenceSteps, request.guidanceScale) = ("a dog", 4, 7.5)
        (request.width, request.height, request.clipSkip) = (64, 32, try ClipSkip(1))
        let description = GenerationDescription(request: request)
        let metadata = try description.metadata(
            scheduler: SchedulerConfig(DDIMSchedulerConfig()), checkpoint: PictureCheckpoint(name: "a: model"))
        #expect(
            metadata["parameters"]
                == """
                a cat
                Negative prompt: a dog
                Steps: 4, Sampler: DDIM, CFG scale: 7.5, Seed: 3, Size: 64x32, Model: "a: model", Clip skip: 2, RNG: CPU, \
                Version: glint
                """)
        let read = try JSONDecoder().decode(GenerationDescription.self, from: Data(try #require(metadata["glint"]).utf8))
        #expect(read.options == description.options)
    }

    @Test func picturesWithoutMetadata() throws {
        let path = Goldens.url("Imaging/rgb8.png").path
        #expect(throws: PictureMetadataError.none(picture: path)) { try GenerationDescription(pictureAt: path) }
        let file = try TemporaryFolder()
        let odd = file.path + "/odd.png"
        try RGBImage(width: 8, height: 8).write(to: odd, metadata: ["glint": #"{"prompt": "a", "stepz": 1}"#])
        let error = #expect(throws: PictureMetadataError.self) { try GenerationDescription(pictureAt: odd) }
        #expect(error?.description.contains("stepz is not an option; did you mean steps?") == true)
    }
}
