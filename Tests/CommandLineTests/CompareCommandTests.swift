import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct CompareCommandTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func compare(_ arguments: String...) throws -> ProgramRun {
        try place.run(
            ["compare", Program.smallModel, Program.smallModel, "--width", "64", "--height", "64", "--steps", "2"] + arguments)
    }

    /// A CLIP model of random weights, with the small model's tokenizer.
    private func clipModel() throws -> String {
        let folder = place.folder.url.appending(path: "clip")
        try FileManager.default.copyItem(at: Goldens.url("Architectures/clip-vision/model"), to: folder)
        for name in ["vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"] {
            let file = URL(filePath: Program.smallModel).appending(path: "tokenizer").appending(path: name)
            try FileManager.default.copyItem(at: file, to: folder.appending(path: name))
        }
        return folder.path
    }

    /// AlexNet and the linear layers of LPIPS, with weights of a pattern.
    private func featureNetwork() throws -> String {
        let convolutions: [(place: Int, shape: Shape)] = [
            (0, [64, 3, 11, 11]), (3, [192, 64, 5, 5]), (6, [384, 192, 3, 3]), (8, [256, 384, 3, 3]), (10, [256, 256, 3, 3]),
        ]
        var writer = SafetensorsWriter()
        func add(_ name: String, _ shape: Shape) throws {
            let block = (0..<997).map { Float($0 * 7919 % 997) / 997 - 0.45 }
            let count = shape.dimensions.reduce(1, *)
            var values: [Float] = []
            while values.count < count { values += block.prefix(count - values.count) }
            try writer.add(name, Tensor(values, shape: shape))
        }
        for (layer, convolution) in convolutions.enumerated() {
            try add("features.\(convolution.place).weight", convolution.shape)
            try add("features.\(convolution.place).bias", [convolution.shape[0]])
            try add("lin\(layer).model.1.weight", [1, convolution.shape[0], 1, 1])
        }
        try writer.write(to: place.path("lpips.safetensors"))
        return place.path("lpips.safetensors")
    }

    /// A model is as far from itself as nothing.
    @Test func aModelEqualsItself() throws {
        _ = try place.folder.write("prompts.txt", "# two\na cat\n\n  a dog \n")
        let run = try compare(
            "--prompts", "prompts.txt", "--output", "out", "--json", "--clip", clipModel(), "--feature-network", featureNetwork())
        #expect(run.status == 0 && run.exited, "\(run.errors)")
        let report = try JSONValue(parsing: run.output.utf8)
        let prompts = try #require(report["prompts"]?.array)
        #expect(prompts.map { $0["prompt"]?.string } == ["a cat", "a dog"])
        #expect(prompts.map { $0["seed"]?.int } == [0, 1])
        for prompt in prompts {
            #expect(prompt["psnr"] == nil && abs((prompt["ssim"]?.double ?? 0) - 1) < 1e-9)
            #expect(prompt["lpips"]?.double == 0)
            let score = try #require(prompt["baseline_clip_score"]?.double)
            #expect((0...100).contains(score) && prompt["candidate_clip_score"]?.double == score)
            #expect(prompt["latent_cosines"]?.array?.count == 2)
            for cosine in prompt["latent_cosines"]?.array ?? [] { #expect(abs((cosine.double ?? 0) - 1) < 1e-6) }
        }
        let sizes = try #require(report["sizes"]?.array)
        #expect(sizes.map { $0["component"]?.string } == ["text_encoder", "unet", "vae_decoder", "vae_encoder", "in all"])
        #expect(sizes.allSatisfy { ($0["baseline_bytes"]?.int ?? 0) > 0 && $0["baseline_bytes"] == $0["candidate_bytes"] })
        #expect(report["latencies"]?.array?.last?["name"] == "picture")
        #expect((report["baseline_peak_bytes"]?.int ?? 0) > 1 << 20 && (report["candidate_peak_bytes"]?.int ?? 0) > 1 << 20)

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
            "compare", Program.smallModel, Program.smallModel + "/", "--count", "1", "--width", "64", "--height", "64", "--steps",
            "1",
            "--one-at-a-time",
        ])
        #expect(run.status == 0, "\(run.errors)")
        for word in [
            "model (1)", "model (2)", "compression rate", "median latency", "speed-up", "peak memory", "PSNR (dB)", "equal",
        ] {
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

    /// Before anything is drawn.
    @Test func networksThatAreNoneAreRefused() throws {
        for (option, path, complaint) in [
            ("--clip", Program.smallModel, "config.json"), ("--clip", "nowhere", "nowhere"),
            ("--feature-network", Goldens.url("Evaluation/pictures.safetensors").path, "features.0.weight"),
            ("--feature-network", "none.pth", "none.pth"),
            ("--inception", Goldens.url("Evaluation/state.pth").path, "Conv2d_1a_3x3"),
        ] {
            let run = try compare(option, path)
            #expect(run.status != 0 && run.complaints.count == 1 && run.errors.contains(complaint), "\(option): \(run.errors)")
        }
    }

    @Test func lessMemoryThanANetworkTakesIsRefused() throws {
        let run = try place.run(["compare", Program.smallModel, Program.smallModel, "--count", "1", "--max-memory", "50M"])
        #expect(run.status == 1 && run.errors.contains("of memory at the least; the limit is 50M."), "\(run.errors)")
    }

    @Test func missingModelsAreRefused() throws {
        let run = try place.run(["compare", Program.smallModel, "nowhere"])
        #expect(run.status != 0 && run.errors.contains("nowhere"), "\(run.errors)")
    }
}
