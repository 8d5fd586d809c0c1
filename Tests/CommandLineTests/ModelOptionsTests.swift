import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

/// LoRAs, words and autoencoders that are given beside a model, previews and safety checkers.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct ModelOptionsTests {
    private let place: Workplace
    private static let quick = [
        "--model", Program.model("sd15"), "--width", "32", "--height", "40", "--steps", "2", "--seed", "1", "--scheduler",
        "euler",
    ]

    init() throws { place = try Workplace() }

    /// Draws `a.png`, or as `--output` says.
    private func draw(_ text: String, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws
        -> ProgramRun
    {
        let run = try place.run(["generate", text, "--output", "a.png"] + Self.quick + arguments)
        #expect(run.status == 0, "\(run.errors)", sourceLocation: sourceLocation)
        return run
    }

    private func image() throws -> RGBImage { try place.picture("a.png").image }

    // MARK: LoRA

    /// A layer by its name in kohya's layout.
    private func writeLoRA(_ name: String, layer: String) throws {
        var writer = SafetensorsWriter()
        try writer.add("\(layer).lora_down.weight", Tensor([Float](repeating: 0.5, count: 8), shape: [2, 4, 1, 1]))
        try writer.add("\(layer).lora_up.weight", Tensor([Float](repeating: 0.5, count: 8), shape: [4, 2, 1, 1]))
        try writer.write(to: place.path(name))
    }

    @Test func lorasChangePicturesByTheirScale() throws {
        _ = try draw("a cat")
        let plain = try image()
        let run = try draw("a cat", "--lora", Program.lora)
        let whole = try image()
        #expect(psnr(whole, plain) < 40)
        #expect(run.errors.contains("lcm-lora.safetensors: 237 of 237 keys for the unet"))
        #expect(!run.errors.contains("0 of 0 keys"))
        _ = try draw("a cat", "--lora", Program.lora + ":0")
        #expect(largestDifference(try image(), plain) <= 1)
        // Twice a half is the whole.
        _ = try draw("a cat", "--lora", Program.lora + ":0.5", "--lora", Program.lora + ":0.5")
        #expect(psnr(try image(), whole) > 40)
        #expect(try place.recipe("a.png")["lora"]?.array?.count == 2)
    }

    @Test func keysThatMatchNothing() throws {
        try writeLoRA("other.safetensors", layer: "lora_unet_down_blocks_7_attentions_0_proj_in")
        let run = try place.run(["generate", "a cat", "--output", "b.png", "--lora", "other.safetensors"] + Self.quick)
        #expect(run.exited && run.status == 1 && run.output.isEmpty)
        let complaint = try #require(run.complaints.last)
        #expect(
            complaint.contains("2 of 2 keys of ")
                && complaint.contains("'lora_unet_down_blocks_7_attentions_0_proj_in.lora_up.weight'"))
        #expect(try place.folder.contents == ["other.safetensors"])

        _ = try draw("a cat")
        let plain = try image()
        let lenient = try draw("a cat", "--lora", "other.safetensors", "--lora-lenient")
        #expect(lenient.errors.contains("0 of 2 keys"))
        #expect(largestDifference(try image(), plain) <= 1)
    }

    // MARK: Words

    @Test func wordsOfTextualInversion() throws {
        try place.writeEmbedding("style.safetensors", width: 10)
        try place.writeEmbedding("other.safetensors", width: 10, -0.5)
        let pictures = try ["style.safetensors:<new>", "other.safetensors:<new>"].map { file in
            _ = try draw("a cat <new>", "--embedding", file)
            return try image()
        }
        #expect(pictures[0] != pictures[1])
        // Without the word nothing changes; the file's name is the word where none is given.
        _ = try draw("a cat")
        let plain = try image()
        _ = try draw("a cat", "--embedding", "style.safetensors")
        #expect(try image() == plain)
        _ = try draw("a cat style", "--embedding", "style.safetensors")
        #expect(try image() == pictures[0])
    }

    // MARK: Autoencoders

    @Test func anotherAutoencoder() throws {
        _ = try draw("a cat")
        let plain = try image()
        _ = try draw("a cat", "--vae", Program.model("sd15") + "/vae")
        #expect(try image() == plain)
        _ = try draw("a cat", "--vae", Goldens.url("Architectures/tiny-vae/taesd").path)
        #expect(try image() != plain)
    }

    @Test func previews() throws {
        let run = try draw("a cat", "--steps", "3", "--count", "2", "--preview", "some/previews", "--output", "a.png")
        #expect(run.output == "a-1.png\na-2.png\n")
        // The last step's is the picture.
        #expect(
            place.names(in: "some/previews") == [
                "a-cat-1-step-01.png", "a-cat-1-step-02.png", "a-cat-2-step-01.png", "a-cat-2-step-02.png",
            ])
        let preview = try place.picture("some/previews/a-cat-2-step-02.png").image
        #expect(preview.width == 32 && preview.height == 40)
        _ = try draw(
            "a cat", "--steps", "3", "--preview", "tiny", "--preview-vae", Goldens.url("Architectures/tiny-vae/taesd").path)
        #expect(place.names(in: "tiny") == ["a-cat-1-step-01.png", "a-cat-1-step-02.png"])
        #expect(try place.picture("tiny/a-cat-1-step-02.png").image != place.picture("some/previews/a-cat-1-step-02.png").image)
        // They change no picture.
        #expect(try image() == place.picture("a-1.png").image)
    }

    // MARK: UNets

    /// A file with nothing but a UNet, which is the model's with other weights.
    private func writeUNet(_ name: String) throws {
        let own = try SafetensorsCheckpoint(path: Program.model("sd15") + "/unet/diffusion_pytorch_model.safetensors")
        var writer = SafetensorsWriter()
        for name in own.entries.keys.sorted() {
            let tensor = try own.tensor(named: name)
            try writer.add(
                name,
                name == "conv_out.weight"
                    ? Tensor(tensor.converted(to: .f32).elements().map { (value: Float) in -value }, shape: tensor.shape) : tensor
            )
        }
        try writer.write(to: place.path(name))
    }

    @Test func otherUNets() throws {
        try writeUNet("other.safetensors")
        _ = try draw("a cat", "--output", "plain.png")
        _ = try draw("a cat", "--unet", "other.safetensors")
        #expect(try image() != place.picture("plain.png").image)
        #expect(try place.recipe("a.png")["unet"]?.string?.hasSuffix("other.safetensors") == true)
        try place.generate("--from", "a.png", "--output", "b.png")
        #expect(try place.picture("b.png") == place.picture("a.png"))
    }

    // MARK: Safety

    @Test func safetyCheckers() throws {
        let model = try place.modelWithSafetyChecker()
        let arguments = [
            "generate", "a cat", "--model", model, "--width", "32", "--height", "40", "--steps", "2", "--seed", "1", "--json",
        ]
        let checked = try place.run(arguments + ["--output", "b.png", "--safety"])
        #expect(
            checked.status == 0 && checked.errors.contains("note: The safety checker had picture 1 blurred."), "\(checked.errors)"
        )
        #expect(try JSONValue(parsing: checked.output.utf8)["pictures"]?.array?[0]["flagged"] == true)
        let plain = try place.run(arguments + ["--output", "a.png"])
        #expect(plain.status == 0 && !plain.errors.contains("safety"))
        let report = try JSONValue(parsing: plain.output.utf8)
        #expect(report["pictures"]?.array?[0].object != nil && report["pictures"]?.array?[0]["flagged"] == nil)
        #expect(psnr(try place.picture("b.png").image, try image()) < 40)
        // It is drawn again as it was: blurred.
        try place.generate("--from", "b.png", "--output", "c.png")
        #expect(try place.picture("c.png") == place.picture("b.png"))
    }

    /// A picture that was to be checked is not shown unchecked.
    @Test func safetyCheckersThatAreNone() throws {
        let run = try place.run(["generate", "a cat", "--output", "a.png", "--safety"] + Program.quick)
        #expect(run.status == 1 && run.errors.contains("safety_checker"), "\(run.errors)")
        #expect(try place.folder.contents.isEmpty)
    }

    // MARK: All together

    /// What a picture says draws it again, with all that was given.
    @Test func recipesHoldAllOptions() throws {
        try place.writeEmbedding("style.safetensors", width: 10)
        let arguments = [
            "--lora", Program.lora + ":0.4", "--embedding", "style.safetensors:<new>", "--vae",
            Goldens.url("Architectures/tiny-vae/taesd").path,
            "--negative-prompt", "a dog", "--guidance-scale", "4", "--guidance-rescale", "0.3", "--clip-skip", "1",
            "--plain-prompt",
            "--image", Program.picture("scene-odd"), "--mask", Program.picture("mask-soft"), "--strength", "0.9",
            "--scheduler", "heun-karras", "--timestep-spacing", "trailing", "--prediction-type", "v_prediction", "--noise",
            "numpy",
        ]
        let common = [
            "generate", "a cat <new>", "--model", Program.model("sd15"), "--steps", "3", "--seed", "9", "--output", "a.png",
        ]
        let run = try place.run(common + arguments)
        #expect(run.status == 0, "\(run.errors)")
        try place.generate("--from", "a.png", "--output", "b.png")
        #expect(try place.picture("b.png") == place.picture("a.png"))
        let parameters = try #require(try place.picture("a.png").metadata["parameters"])
        #expect(
            parameters.hasPrefix(
                """
                a cat <new> <lora:lcm-lora:0.4>
                Negative prompt: a dog
                Steps: 3, Sampler: Heun, Schedule type: Karras, CFG scale: 4.0, Seed: 9, 
                """)
        )
        #expect(parameters.contains("Model: model, VAE: taesd, Denoising strength: 0.9, Clip skip: 2, Version: glint"))
        // Each option has a part in it.
        for (index, option) in arguments.enumerated() where option.hasPrefix("--") && option != "--plain-prompt" {
            var others = arguments
            others.removeSubrange(index...index + 1)
            if option == "--image" {
                others.removeAll { ["--mask", Program.picture("mask-soft"), "--strength", "0.9"].contains($0) }
            }
            let other = try place.run(common + others + ["--output", "c.png"])
            #expect(other.status == 0, "\(option): \(other.errors)")
            #expect(try place.picture("c.png").image != image(), "\(option)")
        }
    }
}
