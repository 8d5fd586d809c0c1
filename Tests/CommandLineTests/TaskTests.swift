import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

/// Pictures from pictures; sizes and defaults by model and task.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct TaskTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func draw(_ model: String, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws
        -> JSONValue
    {
        let run = try place.run(
            ["generate", "a cat", "--model", Program.model(model), "--seed", "1", "--output", "a.png", "--json"] + arguments)
        #expect(run.status == 0, "\(run.errors)", sourceLocation: sourceLocation)
        return try JSONValue(parsing: run.output.utf8)
    }

    private func image() throws -> RGBImage { try place.picture("a.png").image }

    /// As large as the picture to begin with, cut to multiples of 8.
    @Test func sizeAndStrengthByDefault() throws {
        let scene = Program.picture("scene-odd") // 51×45
        _ = try draw("autoencoder-kl", "--image", scene)
        #expect(try image().width == 48 && image().height == 40)
        let recipe = try place.recipe("a.png")
        #expect(recipe["strength"]?.double == 0.8 && recipe["image"]?.string == scene && recipe["steps"] == 4)
        _ = try draw("autoencoder-kl", "--image", scene, "--height", "64", "--mask", Program.picture("mask"))
        #expect(try image().width == 72 && image().height == 64)
        #expect(try place.recipe("a.png")["strength"]?.double == 1)
    }

    /// The ratio of a photograph as it was held, in the steps of the autoencoder.
    @Test(arguments: [ImageEncoding.png(), .jpeg(), .webp()]) func oneSideKeepsTheRatio(_ encoding: ImageEncoding) throws {
        try RGBImage(width: 90, height: 60).write(to: place.path("wide"), as: encoding)
        for (sides, width, height) in [(["--width", "96"], 96, 64), (["--height", "80"], 120, 80), ([], 88, 56)] {
            let run = try place.run(
                ["generate", "a cat", "--image", "wide", "--output", "a.png", "--model", Program.smallModel] + sides)
            #expect(run.status == 0, "\(run.errors)")
            #expect(try image().width == width && image().height == height, "\(sides)")
        }
    }

    @Test func turnedPhotographsKeepTheirUprightRatio() throws {
        // 19×13, to be turned by a quarter.
        for name in ["orientation6.jpg", "orientation8.jpg"] {
            _ = try draw("autoencoder-kl", "--image", Goldens.url("Imaging/\(name)").path, "--width", "64")
            #expect(try image().width == 64 && image().height == 96)
        }
        // 11×7.
        for name in ["webp-orientation6.webp", "tiff-orientation6.tif", "orientation8.png"] {
            _ = try draw("autoencoder-kl", "--image", Goldens.url("Imaging/\(name)").path, "--width", "56")
            #expect(try image().width == 56 && image().height == 88, "\(name)")
        }
    }

    /// The README's command: the model in the repository draws 128×128, and photographs are larger.
    @Test func largePhotographsAreScaled() throws {
        try RGBImage(width: 1200, height: 900, filledWith: RGBPixel(red: 200, green: 90, blue: 20)).write(
            to: place.path("photo.jpg"))
        let run = try place.generate("an oil painting", "--image", "photo.jpg", "--strength", "0.6", "--output", "a.webp")
        #expect(run.errors.contains("note: The picture of 1200×900 is scaled to 144×112, about as many pixels"), "\(run.errors)")
        let picture = try place.picture("a.webp").image
        #expect(picture.width == 144 && picture.height == 112)
        try place.generate("--from", "a.webp", "--output", "b.webp")
        #expect(try place.picture("b.webp").image == picture)
    }

    // MARK: Few steps

    /// A turbo model draws in one step; from a picture, that would be noise alone.
    @Test func fewStepsUseThePicture() throws {
        try FileManager.default.copyItem(atPath: Program.model("sd15"), toPath: place.path("x-turbo"))
        func drawn(_ image: String, _ arguments: String...) throws -> (RGBImage, JSONValue) {
            let run = try place.run(
                ["generate", "a cat", "--model", "x-turbo", "--image", image, "--seed", "1", "--output", "a.png", "--json"]
                    + ["--scheduler", "euler"] + arguments)
            #expect(run.status == 0, "\(run.errors)")
            return (try self.image(), try JSONValue(parsing: run.output.utf8))
        }
        try RGBImage(width: 32, height: 40).write(to: place.path("black.png"))
        let (scene, report) = try drawn(Program.picture("scene"))
        #expect(report["steps"] == 2 && report["notes"]?.array?.last?.string?.contains("2 steps at strength 0.5") == true)
        #expect(try place.recipe("a.png")["strength"]?.double == 0.5)
        #expect(try drawn("black.png").0 != scene)
        #expect(try drawn(Program.picture("scene"), "--strength", "0.3").1["steps"] == 4)
        let (_, whole) = try drawn(Program.picture("scene"), "--strength", "1")
        #expect(whole["notes"]?.array?.last?.string?.contains("At strength 1 nothing of the picture is left") == true)
        let run = try place.run(["generate", "a cat", "--model", "x-turbo", "--image", Program.picture("scene"), "--steps", "1"])
        #expect(
            run.status == 1 && run.errors.contains("Strength 0.5 leaves none of 1 steps. Take 2 steps or more."), "\(run.errors)")
        // A latent consistency model cuts its schedule of 50 steps.
        #expect(try draw("autoencoder-kl", "--image", Program.picture("scene"), "--strength", "0.05")["steps"] == 2)
    }

    @Test func strengthIsHowMuchChanges() throws {
        let pictures = try ["0.25", "0.5", "1"].map { strength in
            _ = try draw("autoencoder-kl", "--image", Program.picture("scene"), "--strength", strength)
            return try image()
        }
        #expect(pictures[0] != pictures[1] && pictures[1] != pictures[2])
    }

    @Test func masksSayWhere() throws {
        try RGBImage(width: 32, height: 40, filledWith: RGBPixel(red: 255, green: 255, blue: 255)).write(
            to: place.path("white.png"))
        let common = ["--image", Program.picture("scene"), "--steps", "3", "--strength", "0.9", "--scheduler", "ddim"]
        let pictures = try [["--mask", "white.png"], ["--mask", Program.picture("mask")], []].map { mask in
            let run = try place.run(
                ["generate", "a cat", "--model", Program.model("sd15"), "--seed", "1", "--output", "a.png"] + common + mask)
            #expect(run.status == 0, "\(run.errors)")
            return try image()
        }
        // Where all is drawn anew, the mask is as good as none.
        #expect(psnr(pictures[0], pictures[2]) > 40)
        #expect(pictures[0] != pictures[1])
    }

    @Test func masksThatDrawNothing() throws {
        try RGBImage(width: 32, height: 40).write(to: place.path("black.png"))
        let run = try place.run([
            "generate", "a cat", "--model", Program.smallModel, "--image", Program.picture("scene"), "--mask", "black.png",
        ])
        #expect(
            run.status == 1 && run.errors.contains("The mask must be white where the picture is to be drawn anew"),
            "\(run.errors)")
        #expect(try place.folder.contents == ["black.png"])
    }

    /// The text encoder says how many layers it has.
    @Test func moreLayersThanThereAre() throws {
        let run = try place.run(["generate", "a cat", "--model", Program.model("sd15"), "--clip-skip", "99"])
        #expect(
            run.status == 1 && run.errors.contains("clip_skip must be at most 3 for a text encoder of 3 layers"), "\(run.errors)")
        #expect(try place.folder.contents.isEmpty)
    }

    @Test func defaultsByModel() throws {
        var report = try draw("sdxl", "--width", "32", "--height", "40")
        #expect(report["steps"] == 25 && report["guidance_scale"]?.double == 5 && report["scheduler"] == "EulerDiscreteScheduler")
        report = try draw("sd15", "--width", "32", "--height", "40", "--scheduler", "lcm", "--lora", Program.lora)
        #expect(report["steps"] == 4 && report["guidance_scale"]?.double == 1 && report["scheduler"] == "LCMScheduler")
        #expect(try place.recipe("a.png")["scheduler"] == "lcm")
        report = try draw("sd15", "--width", "32", "--height", "40", "--scheduler", "TCDScheduler")
        #expect(report["steps"] == 4 && report["guidance_scale"]?.double == 0)
        report = try draw("sd21", "--width", "32", "--height", "40", "--steps", "1")
        #expect(report["guidance_scale"]?.double == 7.5)
        #expect(report["warnings"]?.array?.contains { $0.string?.contains("was trained on pictures of 64×64") == true } == true)
    }

    @Test func negativePromptsAreForGuidance() throws {
        let arguments = ["--width", "32", "--height", "40", "--steps", "1", "--scheduler", "euler"]
        func drawn(_ own: String...) throws -> RGBImage {
            let run = try place.run(
                ["generate", "a cat", "--model", Program.model("sd15"), "--seed", "1", "--output", "a.png"] + arguments + own)
            #expect(run.status == 0, "\(run.errors)")
            return try image()
        }
        #expect(try drawn("--negative-prompt", "a dog") != drawn())
        #expect(try drawn("--negative-prompt", "") == drawn())
        #expect(try drawn("--negative-prompt", "a dog", "--guidance-scale", "1") == drawn("--guidance-scale", "1"))
    }

    /// A folder whose scheduler is not supported is described, and drawn with another one: as a folder that has that one.
    @Test func anUnsupportedSchedulerIsReplaced() throws {
        let copy = place.path("model")
        try FileManager.default.copyItem(atPath: Program.model("sd15"), toPath: copy)
        let file = URL(filePath: copy + "/scheduler/scheduler_config.json")
        var text = try String(contentsOf: file, encoding: .utf8)
        text = text.replacing("PNDMScheduler", with: "SASolverScheduler").replacing(
            "{", with: #"{"algorithm_type": "data_prediction", "#, maxReplacements: 1)
        try Data(text.utf8).write(to: file)
        let quick = ["generate", "a cat", "--seed", "1", "--steps", "2", "--model"]

        let refused = try place.run(quick + ["model"])
        #expect(refused.status == 1 && refused.complaints.count == 1, "\(refused.errors)")
        #expect(refused.errors.contains("Choose another with --scheduler; nearest are dpm++-sde, unipc."))
        let described = try place.run(["model", "model"])
        #expect(
            described.status == 0 && described.output.contains("note: ") && described.output.contains("nearest are dpm++-sde"))

        let options = ["--scheduler", "dpm++", "--sigmas", "beta"]
        for (model, output) in [("model", "a.png"), (Program.model("sd15"), "b.png")] {
            let run = try place.run(quick + [model, "--output", output] + options)
            #expect(run.status == 0, "\(run.errors)")
        }
        #expect(try place.picture("a.png").image == place.picture("b.png").image)
        let recipe = try place.recipe("a.png")
        #expect(recipe["scheduler"] == "dpm++" && recipe["use_beta_sigmas"] == true && recipe["use_karras_sigmas"] == false)
    }
}
