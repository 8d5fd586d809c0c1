import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct GenerateTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    /// The model of the repository, and nothing given but the text.
    @Test func drawsByDefault() throws {
        let run = try place.generate("a pink unicorn on a blue background")
        let names = try place.folder.contents
        #expect(names.count == 1)
        let name = try #require(names.first)
        #expect(run.output == name + "\n")
        let drawn = try place.recipe(name)
        let seed = try #require(drawn["seed"]?.int)
        #expect(name == "a-pink-unicorn-on-a-blue-background-\(seed).png")
        let image = try place.picture(name).image
        #expect(drawn["prompt"] == "a pink unicorn on a blue background")
        #expect(drawn["steps"] == 4 && drawn["guidance_scale"]?.double == 8 && drawn["noise"] == "torch" && drawn["model"] == nil)
        #expect(drawn["width"]?.int == image.width && drawn["height"]?.int == image.height)
        let parameters = try #require(try place.picture(name).metadata["parameters"])
        #expect(
            parameters.hasPrefix("a pink unicorn on a blue background\nSteps: 4, Sampler: LCM, CFG scale: 8.0, Seed: \(seed), "))

        // Redrawn from the file, without its name and text.
        try place.generate("--from", name, "--output", "again.png")
        #expect(try place.picture("again.png") == place.picture(name))
        // Another seed by the same recipe.
        try place.generate("--from", name, "--seed", "\(seed + 1)", "--output", "other.png")
        #expect(try place.recipe("other.png")["seed"]?.int == seed + 1)
        #expect(try place.recipe("other.png")["prompt"] == drawn["prompt"])
        #expect(try place.picture("other.png").image != image)
    }

    /// A picture with a name of ours does not replace another; the same one is drawn in its place.
    @Test func namesAreNotTaken() throws {
        try place.folder.write("a-cat-1.png", "precious")
        let first = try place.generateQuickly("a cat", "--seed", "1")
        let same = try place.generateQuickly("a cat", "--seed", "1")
        let other = try place.generateQuickly("a cat", "--seed", "1", "--guidance-scale", "2")
        #expect([first, same, other].map(\.output) == ["a-cat-1-2.png\n", "a-cat-1-2.png\n", "a-cat-1-3.png\n"])
        #expect(try place.folder.contents == ["a-cat-1-2.png", "a-cat-1-3.png", "a-cat-1.png"])
        #expect(try String(contentsOfFile: place.folder.path + "/a-cat-1.png", encoding: .utf8) == "precious")
        // A folder of a file that is named is made.
        try place.generateQuickly("a cat", "--seed", "1", "--output", "new/folder/a.png")
        #expect(try place.recipe("new/folder/a.png")["seed"] == 1)
    }

    @Test func optionsReplaceTheRecipes() throws {
        try place.generateQuickly("a cat", "--seed", "1", "--guidance-scale", "2.5", "--noise", "numpy", "--output", "a.png")
        #expect(try place.recipe("a.png")["model"]?.string == Program.smallModel)
        #expect(try place.recipe("a.png")["guidance_scale"]?.double == 2.5 && place.recipe("a.png")["noise"] == "numpy")
        try place.generate("--from", "a.png", "a dog", "--width", "72", "--steps", "2", "--noise", "torch", "--output", "b.png")
        let drawn = try place.recipe("b.png")
        #expect(drawn["prompt"] == "a dog" && drawn["steps"] == 2 && drawn["width"] == 72 && drawn["height"] == 64)
        #expect(drawn["noise"] == "torch" && drawn["seed"] == 1 && drawn["guidance_scale"]?.double == 2.5)
        #expect(try place.picture("b.png").image.width == 72)
    }

    /// A picture of the web UI is drawn again with a model of ours; what differs is said.
    @Test(arguments: ["latin.png", "latin.jpg"]) func picturesOfTheWebUI(_ file: String) throws {
        let picture = Goldens.url("Workflows/\(file)").path
        let run = try place.generate("--from", picture, "--model", Program.model("sd15"), "--output", "a.jpg")
        #expect(run.complaints.allSatisfy { !$0.hasPrefix("Error") })
        #expect(run.errors.contains("note: The picture was drawn with the model v1-5-pruned-emaonly (6ce0161689)"))
        #expect(run.errors.contains("note: The web UI draws noise on the GPU"))
        let drawn = try place.recipe("a.jpg")
        #expect(drawn["steps"] == 3 && drawn["seed"]?.int == 3_747_013_451 && drawn["clip_skip"] == 1)
        #expect(drawn["width"] == 32 && drawn["height"] == 40 && drawn["scheduler"] == "dpm++-karras")
        let parameters = try #require(try place.picture("a.jpg").metadata["parameters"])
        #expect(
            parameters.hasSuffix(
                """
                Steps: 3, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.0, Seed: 3747013451, Size: 32x40, Model: model, \
                Clip skip: 2, RNG: CPU, Version: glint
                """))
        // From the picture that it was drawn from, by its share of the steps.
        try place.generate(
            "--from", picture, "--model", Program.model("sd15"), "--image", Program.picture("scene"), "--output", "b.png")
        #expect(try place.recipe("b.png")["strength"]?.double == 0.5)
    }

    @Test func jsonIsForPrograms() throws {
        let run = try place.generateQuickly("a cat", "--seed", "7", "--json", "--count", "2", "--output", "x.png")
        let report = try JSONValue(parsing: run.output.utf8)
        #expect(report["model"]?.string == Program.smallModel && report["steps"] == 1 && report["guidance_scale"]?.double == 8)
        #expect(report["warnings"]?.array == [])
        #expect(try #require(report["peak_memory_bytes"]?.int) > 1 << 20)
        let pictures = try #require(report["pictures"]?.array)
        #expect(pictures.map { $0["path"] } == ["x-7.png", "x-8.png"])
        #expect(pictures.map { $0["seed"] } == [7, 8])
        for picture in pictures {
            #expect(picture["prompt"] == "a cat" && picture["width"] == 64 && picture["height"] == 64)
            #expect(try #require(picture["write_seconds"]?.double) > 0)
        }
        let timings = try #require(report["timings"])
        for key in ["total", "tokenizing", "noise", "scheduler", "conversion", "outside_networks"] {
            #expect(try #require(timings["\(key)_seconds"]?.double, "\(key)") > 0)
        }
        let networks = try #require(timings["networks"]?.array)
        let names = networks.compactMap { $0["name"]?.string }.sorted()
        #expect(names == ["text encoder", "unet", "unet, prompt", "unet, time", "vae decoder"])
        for network in networks {
            for key in ["graph_seconds", "read_seconds", "compile_seconds"] { #expect(network[key]?.double != nil, "\(key)") }
            #expect(network["run_seconds"]?.array?.isEmpty == false)
        }
    }

    @Test func warningsAreInTheReport() throws {
        let long = Array(repeating: "a green apple", count: 40).joined(separator: " and ")
        let run = try place.generateQuickly(long, "--plain-prompt", "--json")
        let warnings = try #require(try JSONValue(parsing: run.output.utf8)["warnings"]?.array)
        #expect(warnings.count == 1 && warnings[0].string?.contains("longer than 77 tokens") == true)
        #expect(run.errors.contains("warning: The prompt is longer"))
        // Read as people weight it, nothing is cut off.
        #expect(try JSONValue(parsing: place.generateQuickly(long, "--json").output.utf8)["warnings"]?.array == [])
    }

    @Test func timingsAreForPeople() throws {
        let run = try place.generateQuickly("a cat", "--timings", "--output", "x.png")
        let lines = run.output.split(separator: "\n")
        #expect(lines.first == "x.png")
        for name in ["text encoder", "unet", "vae decoder", "tokenizing", "total"] {
            #expect(lines.contains { $0.hasPrefix(name) }, "\(name)")
        }
    }

    @Test func quietLeavesWarningsAlone() throws {
        let long = Array(repeating: "a green apple", count: 40).joined(separator: " and ")
        let run = try place.generateQuickly(long, "--plain-prompt", "--quiet", "--output", "x.png")
        #expect(run.output == "x.png\n")
        let lines = run.errors.split(separator: "\n")
        #expect(lines.count == 1 && lines[0].hasPrefix("warning: The prompt is longer"), "\(run.errors)")
    }

    // MARK: Files

    @Test func jpeg() throws {
        try place.generateQuickly("a cat", "--seed", "3", "--output", "a.png")
        // The format that is asked for goes before the name's.
        let sizes = try [["b.png", "--format", "jpeg"], ["c.JPEG", "--quality", "30"]].map { options in
            let name = options[0]
            let run = try place.run(["generate", "a cat", "--seed", "3", "--output"] + options + Program.quick)
            #expect(run.status == 0)
            let file = try place.picture(name)
            #expect(file.format == .jpeg)
            #expect(try place.recipe(name) == place.recipe("a.png"))
            #expect(psnr(file.image, try place.picture("a.png").image) > 15, "\(name)")
            return try Data(contentsOf: URL(filePath: place.path(name))).count
        }
        #expect(sizes[0] > sizes[1])
        // What a JPEG says draws the picture that it was made of.
        try place.generate("--from", "c.JPEG", "--output", "d.png")
        #expect(try place.picture("d.png").image == place.picture("a.png").image)
    }

    @Test func severalPicturesAreNamedByTheirSeeds() throws {
        let run = try place.generateQuickly("a cat", "--count", "2", "--seed", "5", "--output", "pic.png")
        #expect(run.output == "pic-5.png\npic-6.png\n")
        #expect(try place.folder.contents == ["pic-5.png", "pic-6.png"])
        #expect(try place.recipe("pic-6.png")["seed"] == 6)
        try place.generate("--from", "pic-6.png", "--output", "alone.png")
        #expect(try place.picture("alone.png") == place.picture("pic-6.png"))
        #expect(try place.picture("alone.png").image != place.picture("pic-5.png").image)
    }

    @Test func folders() throws {
        try place.folder.write("out/old.txt", "x")
        let run = try place.generateQuickly("Straße, 猫!  und/oder", "--seed", "5", "--output", "out", "--format", "jpeg")
        #expect(run.output == "out/straße-猫-und-oder-5.jpeg\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path("out")).count == 2)
        try place.generateQuickly("a cat", "--seed", "5", "--output", "out/")
        #expect(FileManager.default.fileExists(atPath: place.path("out/a-cat-5.png")))
    }

    @Test func foldersAreMade() throws {
        let run = try place.generateQuickly("a cat", "--count", "2", "--seed", "12", "--output", "new/er/", "--format", "jpeg")
        #expect(run.output == "new/er/a-cat-12.jpeg\nnew/er/a-cat-13.jpeg\n")
        #expect(try place.generateQuickly("a cat", "--seed", "1", "--output", "one/").output == "one/a-cat-1.png\n")
        #expect(
            try place.generateQuickly("a cat", "--seed", "1", "--count", "2", "--output", "two").output
                == "two/a-cat-1.png\ntwo/a-cat-2.png\n")
        #expect(
            try place.generateQuickly("a cat", "--seed", "1", "--count", "2", "--output", "three/x.webp").output
                == "three/x-1.webp\nthree/x-2.webp\n")
        #expect(try place.generateQuickly("a cat", "--seed", "1", "--format", "JPG").output == "a-cat-1.jpg\n")
        // One picture without an ending is a file.
        #expect(try place.generateQuickly("a cat", "--output", "plain").output == "plain\n")
        #expect(try place.picture("plain").format == .png)
    }

    @Test func webP() throws {
        try place.generateQuickly("a cat, 猫", "--seed", "3", "--output", "a.png")
        try place.generateQuickly("a cat, 猫", "--seed", "3", "--output", "b.webp")
        #expect(try place.picture("b.webp").format == .webp)
        #expect(try place.recipe("b.webp") == place.recipe("a.png"))
        #expect(psnr(try place.picture("b.webp").image, try place.picture("a.png").image) > 25)
        try place.generate("--from", "b.webp", "--output", "again.png")
        #expect(try place.picture("again.png").image == place.picture("a.png").image)
    }

    /// As other programs write it, and wherever the number stands.
    @Test(arguments: [["--seed", "-1"], ["--seed=-1"], ["--seed", "random"], []]) func randomSeeds(_ arguments: [String]) throws {
        let run = try place.run(["generate", "a cat", "--output", "a.png", "--json"] + arguments + Program.quick)
        #expect(run.status == 0, "\(run.errors)")
        let seed = try #require(try place.recipe("a.png")["seed"]?.int)
        #expect(seed >= 0 && run.errors.contains("note: the random seed is \(seed)\n"))
        let report = try JSONValue(parsing: run.output.utf8)
        #expect(report["pictures"]?.array?.first?["seed"]?.int == seed)
        try place.generateQuickly("a cat", "--seed", "\(seed)", "--output", "b.png")
        #expect(try place.picture("a.png").image == place.picture("b.png").image)
    }

    /// Names that file systems take, of whatever text.
    @Test(arguments: [
        "../../etc/passwd", String(repeating: "𠀀𠀁 ", count: 60),
        "e" + String(repeating: "\u{301}", count: 150) + " b",
    ])
    func names(_ prompt: String) throws {
        try place.generateQuickly(prompt, "--seed", "5")
        let names = try place.folder.contents
        #expect(names.count == 1 && names[0].hasSuffix("-5.png") && names[0].utf8.count < 256)
    }

    @Test func filesAreReplacedOrKept() throws {
        try place.folder.write("x.png", "old")
        // A mistake that shows late leaves what was there.
        #expect(try place.run(["generate", "a cat", "--output", "x.png", "--width", "100"]).status == 1)
        #expect(try String(contentsOfFile: place.path("x.png"), encoding: .utf8) == "old")
        try place.generateQuickly("a cat", "--output", "x.png")
        #expect(try place.picture("x.png").image.width == 64)
    }

    // MARK: Noise

    /// `.npy`, version 1.
    private func writeNumpy(_ name: String, _ shape: [Int], _ elements: [Float]) throws {
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape.map { "\($0), " }.joined())), }"
        header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
        var bytes = Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) }) + [1, 0]
        bytes += [UInt8(header.utf8.count & 0xFF), UInt8(header.utf8.count >> 8)] + Array(header.utf8)
        try place.folder.write(name, bytes + elements.withUnsafeBytes(Array.init))
    }

    @Test func noiseFromAFile() throws {
        try writeNumpy("zeros.npy", [1, 4, 8, 8], Array(repeating: 0, count: 256))
        try place.generateQuickly("a cat", "--noise", "zeros.npy", "--seed", "1", "--output", "a.png")
        try place.generateQuickly("a cat", "--noise", "zeros.npy", "--seed", "2", "--output", "b.png")
        // At one step, nothing is drawn from the seed.
        #expect(try place.picture("a.png").image == place.picture("b.png").image)
        try place.generate("--from", "a.png", "--output", "again.png")
        #expect(try place.picture("again.png").image == place.picture("a.png").image)
        try writeNumpy("ones.npy", [1, 4, 8, 8], Array(repeating: 1, count: 256))
        try place.generateQuickly("a cat", "--noise", "ones.npy", "--output", "c.png")
        #expect(try place.picture("c.png").image != place.picture("a.png").image)
    }

    @Test func noiseThatDoesNotFit() throws {
        try writeNumpy("short.npy", [4, 8, 8], Array(repeating: 0, count: 256))
        let run = try place.run(["generate", "a cat", "--noise", "short.npy"] + Program.quick)
        #expect(run.status == 1 && run.complaints.count == 1)
        #expect(run.errors.contains("short.npy must hold latents of shape"))
        #expect(try place.folder.contents == ["short.npy"])
    }

    // MARK: Machine

    @Test func machineOptionsChangeNoPicture() throws {
        try place.generateQuickly("a cat", "--seed", "3", "--output", "a.png")
        for arguments in [["--max-memory", "300M"], ["--max-memory", "64GiB", "--threads", "1", "--device", "CPU"]] {
            let run = try place.run(["generate", "a cat", "--seed", "3", "--output", "b.png"] + arguments + Program.quick)
            #expect(run.status == 0, "\(run.errors)")
            #expect(largestDifference(try place.picture("a.png").image, try place.picture("b.png").image) <= 1)
        }
    }

    @Test func compiledNetworksAreKept() throws {
        var compiling: [Double] = []
        for name in ["a.png", "b.png"] {
            let run = try place.generateQuickly("a cat", "--seed", "3", "--output", name, "--cache-dir", "cache", "--json")
            let networks = try JSONValue(parsing: run.output.utf8)["timings"]?["networks"]?.array ?? []
            compiling.append(networks.reduce(0) { $0 + ($1["compile_seconds"]?.double ?? 0) })
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path("cache")).count == 5)
        #expect(compiling[1] < compiling[0])
        // A network out of the cache was optimized twice, which may round in another place.
        #expect(largestDifference(try place.picture("a.png").image, try place.picture("b.png").image) <= 1)
    }
}
