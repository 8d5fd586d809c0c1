import Foundation
import Imaging
import TestSupport
import Testing

/// What goes wrong is said in one line, quickly, and leaves nothing behind.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct MistakeTests {
    struct Mistake: CustomTestStringConvertible {
        let arguments: [String]
        /// 1, or 64 for arguments that are none, after which usage is shown.
        let status: Int32
        /// What the message says.
        let text: String

        init(_ arguments: [String], _ status: Int32, _ text: String) {
            self.arguments = arguments
            self.status = status
            self.text = text
        }

        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let mistakes: [Mistake] = [
        .init(["a cat", "--model", "nowhere"], 1, "There is no model at"),
        .init(["a cat", "--model", "some/where/else"], 1, "There is no model at"),
        .init(["a cat", "--model", "nobody/nothing"], 1, "to download it: glint pull nobody/nothing"),
        .init(["a cat", "--model", ""], 1, "model is empty"),
        .init(["a cat", "--model", Goldens.url("README.md").path], 1, "README.md"),
        .init(
            ["a cat", "--model", Goldens.url("ModelLoading/single-file/sd2.safetensors").path], 1, "the text encoder knows 11"),
        .init(["a cat", "--model", Program.lora], 1, "is not a model that can be run"),
        .init(["a cat", "--model", "/"], 1, "/ is not a model in diffusers' layout: it has no model_index.json"),
        .init(["a cat", "--model", Program.smallModel + "/unet"], 1, "give the folder above it"),
        .init(["a cat", "--width", "100"], 1, "The width must be a multiple of 8; 100 is not. The nearest are 96 and 104."),
        .init(["a cat", "--height", "0"], 1, "The height must be a multiple of 8, from 8 to 16384; it is 0."),
        .init(["a cat", "--width=-8"], 1, "it is -8."),
        .init(["a cat", "--width", "9223372036854775807"], 1, "from 8 to 16384"),
        .init(["a cat", "--width", "65536"], 1, "The width must be a multiple of 8, from 8 to 16384; it is 65536."),
        .init(["a cat", "--width", "16384", "--height", "16384"], 1, "The size must be at most 67108864 pixels in all"),
        .init(["a cat", "--width", "99999999999999999999"], 64, "99999999999999999999"),
        .init(["a cat", "--width", "wide"], 64, "wide"),
        .init(["a cat", "--device", "TPU"], 1, "There is no device 'TPU' here; there is CPU"),
        .init(["a cat", "--device", ""], 1, "There is no device ''"),
        .init(["a cat", "--output", "/proc/new/"], 1, "'/proc/new' can't be written"),
        .init(
            ["a cat", "--output", "x.tiff"], 1, "'x.tiff' can't be written: pictures end in png, jpg, jpeg or webp, not in tiff."),
        .init(["a cat", "--output", "x.AVIF"], 1, "not in AVIF"),
        .init(["a cat", "--count", "3", "--output", "x.jxl"], 1, "not in jxl"),
        .init(["a cat", "--output", "/proc/x.png"], 1, "'/proc/x.png' can't be written"),
        .init(["a cat", "--output", ""], 64, "--output must name a file or a folder; it is empty."),
        .init([""], 64, "Say what to draw"),
        .init([], 64, "Say what to draw"),
        .init(["  \n "], 1, "Prompt 1 is empty; say what to draw."),
        .init(["a cat", "a dog"], 64, "a dog"),
        .init(["a cat", "--steps", "0"], 1, "The number of steps must be 1 or more; it is 0."),
        .init(["a cat", "--steps", "51"], 1, "51 steps are more than the original schedule has"),
        .init(["a cat", "--steps", "four"], 64, "four"),
        .init(["a cat", "--guidance-scale", "nan"], 1, "guidance_scale must be a number up to 1e6"),
        .init(["a cat", "--guidance-scale", "1e300"], 1, "guidance_scale must be a number up to 1e6"),
        .init(["a cat", "--seed", "-2"], 64, "-2"),
        .init(["a cat", "--guidance-scale", "-3"], 64, "a value that begins with a dash is given as --guidance-scale=-3"),
        .init(["a <lora:x:1>", "--lora-dir", "nowhere"], 1, "The folder of LoRAs, 'nowhere', does not exist."),
        .init(["a cat", "--cache-dir", "/etc/passwd"], 1, "The cache must be a folder; '/etc/passwd' is a file."),
        .init(["a cat", "--neg", "a dog"], 64, "Unknown option '--neg'. Did you mean '--negative-prompt'?"),
        .init(["a cat", "--sampler", "ddim"], 64, "Unknown option '--sampler'. Did you mean '--scheduler'?"),
        .init(["a cat", "--widht", "8"], 64, "Did you mean '--width'?"),
        .init(["a cat", "--seed", "1.5"], 64, "1.5"),
        .init(["a cat", "--noise", "numpy", "--seed", "4294967296"], 1, "NumPy's seeds are 0 to 4294967295"),
        .init(["a cat", "--count", "0"], 64, "--count must be 1 or more; it is 0."),
        .init(["a cat", "--count", "9223372036854775807"], 1, "count must be a whole number from 1 to"),
        .init(["a cat", "--noise", "perlin"], 1, "noise must be torch, numpy or a file ending in .npy; it is 'perlin'."),
        .init(["a cat", "--noise", "nowhere.npy"], 1, "nowhere.npy"),
        .init(["a cat", "--noise", Goldens.url("Diffusion/noise/make.py").path + ".npy"], 1, ".npy"),
        .init(["a cat", "--max-memory", "lots"], 64, "--max-memory must be a size such as 4G or 3500M; it is 'lots'."),
        .init(["a cat", "--max-memory", "6"], 64, "it is '6'"),
        .init(["a cat", "--max-memory=-1G"], 64, "it is '-1G'"),
        .init(["a cat", "--max-memory", "50M"], 1, "of memory at the least; the limit is 50M. Raise the limit"),
        .init(["a cat", "--width", "16384", "--height", "4096", "--max-memory", "1G"], 1, "A picture of 16384×4096 takes about"),
        .init(["a cat", "--threads", "0"], 64, "--threads must be 1 or more"),
        .init(["a cat", "--precision", "f64"], 64, "f64"),
        .init(["a cat", "--quality", "101"], 64, "--quality must be from 1 to 100; it is 101."),
        .init(["a cat", "--format", "gif"], 64, "gif"),
        .init(["--from", "nowhere.png"], 1, "nowhere.png"),
        .init(["--from", Goldens.url("Imaging/rgb8.png").path], 1, "does not say how it was drawn"),
        .init(["--from", Goldens.url("README.md").path], 1, "is not a picture of a known kind"),
        .init(["a cat", "--colour", "red"], 64, "--colour"),
    ]

    private static let sd15 = ["a cat", "--model", Program.model("sd15")]
    private static let scene = ["--image", Program.picture("scene")]

    /// Of the models, tasks and schedulers.
    static let laterMistakes: [Mistake] = [
        .init(["a cat", "--lora", "nowhere.safetensors"], 1, "There is no file"),
        .init(["a cat", "--lora", ""], 1, "lora is empty"),
        .init(["a cat", "--lora", ":0.5"], 1, "lora is empty"),
        .init(sd15 + ["--lora", Program.lora + ":nan"], 1, "must be a finite number, not nan"),
        .init(sd15 + ["--lora", Program.lora + ":strong"], 1, "must be a number; it is 'strong'."),
        .init(sd15 + ["--lora", Program.picture("scene")], 1, "scene.png is not a safetensors file: it is a picture (PNG)"),
        .init(sd15 + ["--lora", Program.model("sd15")], 1, "is a folder; a file is needed"),
        .init(
            sd15 + ["--lora", Program.model("sd15") + "/unet/diffusion_pytorch_model.safetensors"], 1,
            "A UNet alone is for --unet"),
        .init(["a cat", "--lora-lenient"], 64, "--lora-lenient is for --lora and"),
        .init(["a cat", "--embedding", "nowhere.pt"], 1, "There is no file"),
        .init(["a cat", "--embedding", Goldens.url("Evaluation/state.pth").path], 1, "it is a PyTorch file (a pickle in a zip)"),
        .init(["a cat", "--embedding", ""], 1, "embedding is empty"),
        .init(
            sd15 + ["--embedding", Goldens.url("Tokenizers/prompts/toy.safetensors").path], 1,
            "takes vectors of 10 numbers; the file's have 18"),
        .init(sd15 + ["--embedding", Program.lora], 1, "is not a textual inversion"),
        .init(["a cat", "--unet", "nowhere"], 1, "There is no file"),
        .init(["a cat", "--unet", ""], 1, "unet is empty"),
        .init(["a cat", "--unet", Program.lora], 1, "it is a LoRA"),
        .init(sd15 + ["--unet", Program.model("autoencoder-kl")], 1, "the UNet takes texts 18 wide, the text encoder's are 10"),
        .init(
            ["a cat", "--model", Program.model("sd15") + "/unet/diffusion_pytorch_model.safetensors"], 1,
            "it is a UNet alone: give the model that it belongs to, and this file beside it (--unet)"),
        .init(["a cat", "--vae", "nowhere"], 1, "There is no file"),
        .init(["a cat", "--vae", ""], 1, "vae is empty"),
        .init(["a cat", "--vae", Program.picture("scene")], 1, "is not a safetensors file: it is a picture (PNG)"),
        .init(
            sd15 + ["--vae", Goldens.url("Architectures/vae/bare-f32").path], 1, "the UNet has 4 channels and the autoencoder 5"),
        .init(["a cat", "--vae", Program.lora], 1, "is not an autoencoder that can be used"),
        .init(["a cat", "--preview", ""], 64, "--preview must name a folder; it is empty."),
        .init(["a cat", "--preview", "/proc/new"], 1, "'/proc/new' can't be written"),
        .init(["a cat", "--preview", Program.lora], 1, "can't be written: Not a directory."),
        .init(["a cat", "--preview", "new/folder", "--output", "/proc/x.png"], 1, "'/proc/x.png' can't be written"),
        .init(["a cat", "--preview-vae", "x"], 64, "--preview-vae is for --preview"),
        .init(["a cat", "--preview", "new", "--preview-vae", "nowhere"], 1, "There is no file"),
        .init(
            ["a cat", "--scheduler", "eular"], 1, "No scheduler is called 'eular'; similar are: euler."),
        .init(["a cat", "--scheduler", ""], 64, "--scheduler must be the name of a scheduler; it is empty."),
        .init(["a cat", "--timestep-spacing", "sideways"], 64, "leading"),
        .init(["a cat", "--prediction-type", "noise"], 64, "v_prediction"),
        .init(["a cat", "--eta", "0.5"], 1, "eta must be left out for LCMScheduler: only DDIM and TCD take it; it is 0.5."),
        .init(sd15 + ["--scheduler", "ddim", "--eta", "2"], 1, "eta must be from 0 to 1; it is 2.0."),
        .init(["a cat", "--clip-skip=-1"], 1, "clip_skip must be 0 or more; it is -1."),
        .init(["a cat", "--guidance-rescale", "2"], 1, "guidance_rescale must be a number from 0 to 1"),
        .init(["a cat", "--image", "nowhere.png"], 1, "nowhere.png"),
        .init(["a cat", "--image", ""], 1, "image must be the name of a file"),
        .init(["a cat", "--image", Goldens.url("README.md").path], 1, "is not a picture of a known kind"),
        .init(["a cat"] + scene + ["--mask", "nowhere.png"], 1, "nowhere.png"),
        .init(["a cat", "--mask", "x.png"], 64, "--mask selects the parts of --image that are drawn anew; give --image too."),
        .init(["a cat", "--strength", "0.5"], 64, "--strength sets how much of --image changes; give --image too."),
        .init(["a cat"] + scene + ["--strength", "0"], 1, "strength must be above 0, and 1 at the most; it is 0.0."),
        .init(["a cat"] + scene + ["--strength", "1.5"], 1, "strength must be above 0"),
        .init(["a cat"] + scene + ["--strength", "nan"], 1, "strength must be above 0"),
        .init(sd15 + scene + ["--strength", "0.1", "--steps", "3"], 1, "Strength 0.1 leaves none of 3 steps."),
        .init(["a cat", "--model", Program.model("inpainting")], 1, "it needs a picture and a mask"),
        .init(["a cat", "--model", Program.model("inpainting")] + scene, 1, "it needs a picture and a mask"),
        .init(sd15 + ["--safety"], 1, "it has no safety checker"),
        .init(["a cat", "--float-model", "nowhere"], 64, "--float-model is for --mixed-precision-steps"),
        .init(["--prompts", "nowhere.txt"], 1, "nowhere.txt"),
        .init(["--prompts", "."], 1, ". is a folder; a file is needed"),
        .init(["--prompts", "x.txt", "a cat"], 64, "Give either a text or --prompts."),
        .init(["--prompts", "x.txt", "--from", "x.png"], 64, "--from redraws one picture"),
        .init(["--prompts", "x.txt", "--timings"], 64, "--timings is for one request"),
        .init(["a cat", "--redraw"], 64, "--redraw goes with --prompts."),
    ]

    @Test(arguments: mistakes + laterMistakes) func mistake(_ mistake: Mistake) throws {
        let place = try Workplace()
        let run = try place.run(["generate"] + mistake.arguments)
        #expect(run.exited && run.status == mistake.status, "\(run.errors)")
        #expect(
            run.complaints.first?.hasPrefix("Error: ") == true && run.complaints.first?.contains(mistake.text) == true,
            "\(run.errors)")
        if mistake.status == 1 {
            #expect(run.complaints.count == 1, "\(run.errors)")
        } else {
            #expect(run.errors.contains("Usage: glint"), "\(run.errors)")
        }
        #expect(run.output.isEmpty)
        #expect(!run.errors.contains("encoding the prompt"), "it was noticed too late: \(run.errors)")
        #expect(try place.folder.contents.isEmpty)
    }

    /// What can't be known before the file is written.
    @Test func fullDisk() throws {
        let run = try Workplace().run(["generate", "a cat", "--output", "/dev/full"] + Program.quick)
        #expect(run.status == 1)
        #expect(run.complaints.last == "Error: '/dev/full' can't be written: No space left on device.")
    }

    @Test func cacheThatIsAFile() throws {
        let place = try Workplace()
        try place.folder.write("cache", "x")
        let run = try place.run(["generate", "a cat", "--output", "a.png", "--cache-dir", "cache"] + Program.quick)
        // Refused in a line, or done without.
        #expect(run.exited && [0, 1].contains(run.status))
        #expect(run.errors.contains("Error: ") == (run.status == 1))
        #expect(try place.folder.contents == (run.status == 0 ? ["a.png", "cache"] : ["cache"]))
    }

    @Test func damagedModels() throws {
        let place = try Workplace()
        let copy = place.path("model")
        try FileManager.default.copyItem(atPath: Program.smallModel, toPath: copy)
        let weights = URL(filePath: copy + "/unet/diffusion_pytorch_model.safetensors")
        let whole = try Data(contentsOf: weights)
        for damage in [whole.prefix(whole.count - 100), whole.prefix(4), Data()] {
            try damage.write(to: weights)
            let run = try place.run(["generate", "a cat", "--model", "model"])
            #expect(
                run.status == 1 && run.complaints.count == 1 && run.errors.contains("diffusion_pytorch_model.safetensors"),
                "\(run.errors)")
        }
        try whole.write(to: weights)
        try Data("{\"in_channels\": 4,".utf8).write(to: URL(filePath: copy + "/unet/config.json"))
        let run = try place.run(["generate", "a cat", "--model", "model"])
        #expect(run.status == 1 && run.complaints.count == 1 && run.errors.contains("unet/config.json"), "\(run.errors)")
        #expect(try place.folder.contents == ["model"])
    }

    // MARK: Interrupts

    /// The status of a program that the signal ends.
    @Test func terminationHasItsStatus() throws {
        let place = try Workplace()
        let run = try place.run(["generate", "a cat", "--steps", "50", "--output", "a.png"], interrupt: (SIGTERM, "step 1 of"))
        #expect(run.exited && run.status == 128 + SIGTERM && run.complaints.last == "Stopped.", "\(run.errors)")
        #expect(try place.folder.contents.isEmpty)
    }

    @Test(arguments: [("1", "step 1 of"), ("300", "picture 2 of"), ("1", "encoding the prompt")])
    func interrupts(_ count: String, _ after: String) throws {
        let place = try Workplace()
        let run = try place.run(
            ["generate", "a cat", "--steps", "50", "--count", count, "--seed", "1", "--output", "pictures.png"],
            interrupt: (SIGINT, after))
        #expect(run.exited && run.status == 130, "\(run.errors)")
        #expect(run.complaints.last == "Stopped.")
        #expect(!run.errors.contains("step 50 of 50, picture 300"))
        // Pictures that were finished stay, whole; nothing else is there.
        for name in try place.folder.contents {
            #expect(count == "300" && name.hasPrefix("pictures-") && name.hasSuffix(".png"), "\(name)")
            #expect(throws: Never.self) { try ImageFile(path: place.path(name)) }
        }
    }
}
