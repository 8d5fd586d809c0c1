import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

/// `glint quantize`, and what is drawn with the models that it makes.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct QuantizeTests {
    private let place: Workplace
    private static let emoji = Goldens.repository.appending(path: "Models/emoji-lcm").path

    init() throws { place = try Workplace() }

    private func quantize(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> JSONValue {
        let run = try place.run(["quantize"] + arguments + ["--json"])
        #expect(run.status == 0, "\(run.errors)", sourceLocation: sourceLocation)
        return try JSONValue(parsing: run.output.utf8)
    }

    private func picture(_ name: String) throws -> RGBImage { try ImageFile(path: place.path(name)).image }

    /// Pictures by the quantized model against those by the model itself.
    private func psnr(_ model: String, _ arguments: String...) throws -> Double {
        let common = ["generate", "a red apple on a white background", "--seed", "4"]
        for (name, own) in [("a.png", ["--model", Self.emoji]), ("b.png", ["--model", model] + arguments)] {
            let run = try place.run(common + ["--output", name] + own)
            #expect(run.status == 0, "\(run.errors)")
        }
        let (a, b) = (try picture("a.png"), try picture("b.png"))
        return TestSupport.psnr(b, a)
    }

    @Test func unet() throws {
        let things = [
            "red heart", "yellow star", "green apple", "blue car", "pink flower", "black cat", "orange fish", "brown bear",
        ]
        try place.folder.write("prompts.txt", things.map { "a \($0) on a white background\n" }.joined())
        let report = try quantize(Self.emoji, "small", "--calibration-prompts", "prompts.txt")
        let unet = try #require(report["networks"]?.array?.first { $0["name"]?.string == "unet" })
        let (before, after) = (try #require(unet["bytes_before"]?.int), try #require(unet["bytes_after"]?.int))
        #expect(Double(after) < 0.56 * Double(before))
        #expect(try #require(unet["int8_layers"]?.int) > 80)
        #expect(try psnr("small") > 38)
        // The folder knows where it came from: the first and last steps by that UNet come nearer to it.
        #expect(try psnr("small", "--precision-schedule", "f,f,f,f") > 90)
        #expect(try psnr("small", "--mixed-precision-steps", "1") > 40)
        let layers = try JSONValue(parsing: Data(contentsOf: URL(filePath: place.path("small/unet/quantization_report.json"))))
        #expect(try #require(layers["layers"]?.array).count > 100)
        // Quantizing once more is refused.
        let again = try place.run(["quantize", "small", "smaller"])
        #expect(again.status == 1 && again.errors.contains("quantized"), "\(again.errors)")
    }

    /// The merged model is quantized: it draws nearly what the model draws with the LoRA, and not what it draws without.
    @Test func lorasAreMergedFirst() throws {
        let golden = Goldens.url("Diffusion/pipeline/sd15").path
        _ = try quantize(
            "\(golden)/model", "small", "--lora", "\(golden)/lcm-lora.safetensors:0.9", "--weights-only", "int8", "--network",
            "unet")
        let common = ["generate", "a cat", "--seed", "4", "--scheduler", "lcm", "--width", "64", "--height", "64"]
        for (name, own) in [
            ("merged.png", ["--model", "small"]), ("plain.png", ["--model", "\(golden)/model"]),
            ("lora.png", ["--model", "\(golden)/model", "--lora", "\(golden)/lcm-lora.safetensors:0.9"]),
        ] {
            let run = try place.run(common + ["--output", name] + own)
            #expect(run.status == 0, "\(run.errors)")
        }
        let merged = try picture("merged.png")
        let (near, far) = (TestSupport.psnr(merged, try picture("lora.png")), TestSupport.psnr(merged, try picture("plain.png")))
        #expect(near > far + 6, "\(near) and \(far) dB")
    }

    /// A text of several chunks is calibrated with, and drawn by the quantized model.
    @Test func longTexts() throws {
        let golden = Goldens.url("Diffusion/pipeline/sd15/model").path
        let text = String(repeating: "a cat on a hill, ", count: 12)
        try place.folder.write("prompts.txt", "a cat\n\(text)\n")
        _ = try quantize(golden, "small", "--calibration-prompts", "prompts.txt", "--subset-size", "2", "--steps", "1")
        try place.generate(text, "--model", "small", "--steps", "1", "--width", "64", "--height", "64", "--output", "a.png")
    }

    /// Exported text encoders leave out layers too.
    @Test func clipSkipOfAQuantizedModel() throws {
        let golden = Goldens.url("Diffusion/pipeline/sd15/model").path
        _ = try quantize(golden, "small", "--weights-only", "int8", "--network", "unet")
        let common = ["generate", "a cat", "--seed", "4", "--steps", "2", "--width", "64", "--height", "64"]
        for (name, own) in [
            ("skipped.png", ["--model", "small", "--clip-skip", "1"]), ("all.png", ["--model", "small"]),
            ("reference.png", ["--model", golden, "--clip-skip", "1"]),
        ] {
            let run = try place.run(common + ["--output", name] + own)
            #expect(run.status == 0, "\(run.errors)")
        }
        let skipped = try picture("skipped.png")
        let near = TestSupport.psnr(skipped, try picture("reference.png"))
        #expect(near > TestSupport.psnr(skipped, try picture("all.png")) + 6)
    }

    @Test(arguments: [("int8", 42.0), ("int8-sym", 42), ("int4", 28), ("nf4", 26)]) func weightsOnly(
        _ form: String, _ least: Double
    )
        throws
    {
        _ = try quantize(Self.emoji, "small", "--weights-only", form)
        #expect(try psnr("small") > least)
    }

    /// Models of each family, whole and with a LoRA beside their quantized weights.
    @Test(arguments: [
        ("sd15", []), ("sd15", ["--weights-only", "int8"]), ("sdxl", ["--network", "unet", "--network", "vae"]),
        ("sdxl", ["--weights-only", "int8"]),
    ])
    func families(_ name: String, _ form: [String]) throws {
        let common = ["--width", "32", "--height", "40", "--steps", "2"]
        let calibration = ["--subset-size", "2"] + common
        let run = try place.run(["quantize", Program.model(name), "small"] + calibration + form)
        #expect(run.status == 0, "\(run.errors)")
        let report = try JSONValue(parsing: place.run(["model", "small", "--json"]).output.utf8)
        let unet = try #require(report["components"]?.array?.first { $0["name"] == "unet" })
        #expect(unet["precisions"]?.array?.contains { ["i8", "u8"].contains($0.string) } == true)

        func drawn(_ model: String, _ own: String...) throws -> RGBImage {
            let run = try place.run(
                ["generate", "a red cat", "--seed", "4", "--model", model, "--output", "a.png"] + common + own)
            #expect(run.status == 0, "\(run.errors)")
            return try picture("a.png")
        }
        let (small, whole) = (try drawn("small"), try drawn(Program.model(name)))
        #expect(TestSupport.psnr(small, whole) > 20 && small != whole)
        guard name == "sd15" else { return }
        #expect(largestDifference(try drawn("small", "--lora", Program.lora + ":0"), small) <= 1)
        let (changed, reference) = (
            try drawn("small", "--lora", Program.lora), try drawn(Program.model(name), "--lora", Program.lora)
        )
        #expect(TestSupport.psnr(changed, reference) > 20 && TestSupport.psnr(changed, small) < 40)
        // What a picture is made of by both ways of working is made of them again.
        if form.isEmpty { #expect(try TestSupport.psnr(drawn("small", "--precision-schedule", "f,f,f"), whole) > 60) }
    }

    /// Stopped while layers are measured, it leaves what it found and nothing else, and goes on there.
    @Test func sensitivityGoesOn() throws {
        let arguments = [
            "quantize", Self.emoji, "small", "--subset-size", "2", "--keep-worst", "2", "--sensitivity-prompts", "1",
        ]
        let state = place.path("small.sensitivity.json")
        let process = Process()
        process.executableURL = Program.url
        process.arguments = arguments
        process.currentDirectoryURL = place.folder.url
        process.standardError = FileHandle.nullDevice
        try process.run()
        while process.isRunning, !FileManager.default.fileExists(atPath: state) { usleep(20_000) }
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder.path) == ["small.sensitivity.json"])
    }

    @Test(arguments: [
        (["a"], 1, "is there already"), (["nowhere/x"], 1, "There is no folder"),
        (["b", "--ignore", "conv_inn/Convolution"], 1, "near names are 'conv_in/Convolution'"),
        (["b", "--ignore", "re:("], 1, "not a regular expression"), (["b", "--ignore", "type:Konvolution"], 1, "'Convolution'"),
        (["b", "--calibration-prompts", "empty.txt"], 1, "empty.txt"),
        (["b", "--calibration-prompts", "nowhere.txt"], 1, "nowhere.txt"), (["b", "--subset-size", "0"], 64, "--subset-size"),
        (["b", "--ranges", "0.3"], 64, "0.3"), (["b", "--keep-worst", "2", "--max-error", "0.1"], 64, "Give either"),
        (["b", "--network", "text-encoder"], 64, "only with --weights-only"), (["b", "--weights-only", "int3"], 64, "int3"),
        (["b", "--width", "100"], 1, "must be a multiple of 8"), (["b", "--smooth-quant", "2"], 64, "2"),
    ]) func mistakes(_ arguments: [String], _ status: Int32, _ text: String) throws {
        try place.folder.write("a/x", "")
        try place.folder.write("empty.txt", "\n# nothing\n")
        let run = try place.run(["quantize", Self.emoji] + arguments)
        #expect(run.status == status && run.errors.contains(text), "\(run.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder.path).sorted() == ["a", "empty.txt"])
    }
}
