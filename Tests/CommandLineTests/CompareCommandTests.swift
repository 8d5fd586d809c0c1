import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct CompareCommandTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func compare(_ arguments: String...) throws -> ProgramRun {
        try place.run(["compare", Program.smallModel, Program.smallModel, "--width", "64", "--height", "64", "--steps", "2"] + arguments)
    }

    /// A model is as far from itself as nothing.
    @Test func aModelEqualsItself() throws {
        _ = try place.folder.write("prompts.txt", "# two\na cat\n\n  a dog \n")
        let run = try compare("--prompts", "prompts.txt", "--output", "out", "--json")
        #expect(run.status == 0 && run.exited, "\(run.errors)")
        let report = try JSONValue(parsing: run.output.utf8)
        let prompts = try #require(report["prompts"]?.array)
        #expect(prompts.map { $0["prompt"]?.string } == ["a cat", "a dog"])
        #expect(prompts.map { $0["seed"]?.int } == [0, 1])
        for prompt in prompts {
            #expect(prompt["psnr"] == nil && abs((prompt["ssim"]?.double ?? 0) - 1) < 1e-9)
            #expect(prompt["latentCosines"]?.array?.count == 2)
            for cosine in prompt["latentCosines"]?.array ?? [] { #expect(abs((cosine.double ?? 0) - 1) < 1e-6) }
        }
        let sizes = try #require(report["sizes"]?.array)
        #expect(sizes.map { $0["component"]?.string } == ["text_encoder", "unet", "vae", "in all"])
        #expect(sizes.allSatisfy { ($0["baselineBytes"]?.int ?? 0) > 0 && $0["baselineBytes"] == $0["candidateBytes"] })
        #expect(report["latencies"]?.array?.last?["name"] == "picture")
        #expect((report["baselinePeakBytes"]?.int ?? 0) > 1 << 20 && (report["candidatePeakBytes"]?.int ?? 0) > 1 << 20)

        // Two rows of two pictures, and what each side drew.
        let sheet = try ImageFile(path: place.path("out/contact-sheet.png")).image
        #expect(sheet.width == 136 && sheet.height == 136)
        for side in ["baseline", "candidate"] {
            #expect(try ImageFile(path: place.path("out/\(side)/a-cat-0.png")).image.width == 64)
            #expect(try ImageFile(path: place.path("out/\(side)/a-dog-1.png")).image.width == 64)
        }
        let page = try String(contentsOfFile: place.path("out/comparison.html"), encoding: .utf8)
        #expect(page.contains("a dog, seed 1: equal") && !page.contains("http"))
    }

    @Test func tablesNameBothModels() throws {
        let run = try place.run([
            "compare", Program.smallModel, Program.smallModel + "/", "--count", "1", "--width", "64", "--height", "64", "--steps", "1",
        ])
        #expect(run.status == 0, "\(run.errors)")
        for word in ["compression rate", "median latency", "speed-up", "peak memory", "PSNR (dB)", "equal"] {
            #expect(run.output.contains(word), "\(word)")
        }
        #expect(try place.folder.contents.isEmpty)
    }

    @Test func badPromptsAreRefused() throws {
        _ = try place.folder.write("empty.txt", "# nothing\n\n")
        try Data([0x61, 0x0A, 0xFF, 0x0A]).write(to: URL(filePath: place.path("bytes.txt")))
        for (file, complaint) in [("empty.txt", "no prompts"), ("bytes.txt", "line 2"), ("none.txt", "none.txt")] {
            let run = try compare("--prompts", file)
            #expect(run.status != 0 && run.complaints.count == 1 && run.errors.contains(complaint), "\(run.errors)")
        }
    }

    @Test func missingModelsAreRefused() throws {
        let run = try place.run(["compare", Program.smallModel, "nowhere"])
        #expect(run.status != 0 && run.errors.contains("nowhere"), "\(run.errors)")
    }
}
