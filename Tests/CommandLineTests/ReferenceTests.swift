import Foundation
import Imaging
import TensorStore
import TestSupport
import Testing

/// The command line draws what diffusers drew: each option of a run means there what it means here.
@Suite(.enabled(if: Program.isBuilt, Program.missing)) struct ReferenceTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    @Test(arguments: [
        ("sd15", "dpm++-2m-sde-karras"), ("sd15", "tcd-eta"), ("sd15", "guidance-rescale"), ("sd15", "lcm-lora-half"),
        ("sd15", "image-tiny-vae"), ("sd21", "default"), ("sd21", "turbo-2"), ("sdxl", "negative"), ("sdxl", "lightning"),
        ("sdxl", "image"), ("ssd", "guided"), ("inpainting", "resized"), ("inpainting", "lcm"),
    ])
    func options(_ model: String, _ name: String) throws {
        let reference = try ReferenceRun(model, name)
        let run = try place.run(["generate", "--output", "a.png"] + reference.arguments)
        #expect(run.status == 0, "\(run.errors)")
        #expect(psnr(try place.picture("a.png").image, try reference.picture) >= 40)
    }

    /// The same by lines of a file, which one model draws one after the other.
    @Test(arguments: [
        (
            "sd15",
            [
                "default", "euler", "euler-ancestral", "heun", "ddim", "ddpm", "dpm++-2m-karras", "unipc", "lcm", "tcd",
                "guidance-0",
                "clip-skip-1", "lcm-lora", "image-pndm", "image-ddim", "inpaint-euler", "inpaint-ddim-resized",
            ]
        ),
        ("sdxl", ["default", "empty-negative", "clip-skip", "lcm", "inpaint"]),
    ])
    func lines(_ model: String, _ names: [String]) throws {
        let references = try names.map { try ReferenceRun(model, $0) }
        let lines = try references.map { try $0.line(output: "\($0.name).png") }
        try place.folder.write("lines.jsonl", lines.joined(separator: "\n"))
        let run = try place.run(["generate", "--prompts", "lines.jsonl", "--model", Program.model(model)])
        #expect(run.status == 0 && run.output == names.map { "\($0).png\n" }.joined(), "\(run.errors)")
        for reference in references {
            #expect(psnr(try place.picture("\(reference.name).png").image, try reference.picture) >= 40, "\(reference.name)")
        }
    }
}

/// A run of diffusers that the goldens hold.
private struct ReferenceRun {
    let model: String
    let name: String
    private let options: JSONValue

    init(_ model: String, _ name: String) throws {
        self.model = model
        self.name = name
        let file = Goldens.url("Diffusion/pipeline/\(model)/runs.json")
        let runs = try JSONValue(parsing: Data(contentsOf: file)).array ?? []
        options = try #require(runs.first { $0["name"]?.string == name }, "\(name)")
    }

    /// The first of its pictures.
    var picture: RGBImage {
        get throws {
            let golden = try SafetensorsCheckpoint(path: Goldens.url("Diffusion/pipeline/\(model)/golden.safetensors").path)
            let pixels = try golden.tensor(named: "\(name)/image") // [B, height, width, 3]
            let (height, width) = (pixels.shape[1], pixels.shape[2])
            return try RGBImage(
                width: width, height: height, bytes: Array(pixels.elements(as: UInt8.self).prefix(height * width * 3)))
        }
    }

    /// A short name where the class has options that only such a name sets.
    private var scheduler: String? {
        guard let scheduler = options["scheduler"], let name = scheduler["_class_name"]?.string else { return nil }
        guard scheduler["use_karras_sigmas"]?.bool == true else { return name }
        return scheduler["algorithm_type"]?.string == "sde-dpmsolver++" ? "dpm++-sde-karras" : "dpm++-karras"
    }

    private var loras: [String]? {
        options["loras"]?.array?.map { lora in
            Goldens.url("Diffusion/pipeline/\(lora["file"]?.string ?? "")").path + ":\(lora["scale"]?.double ?? 0)"
        }
    }

    private func pictureFile(_ key: String) -> String? {
        options[key]?.string.map { Goldens.url("Diffusion/pipeline/pictures/\($0)").path }
    }

    /// What `glint generate` is to be given.
    var arguments: [String] {
        var arguments = [options["prompts"]?.array?[0].string ?? "", "--model", Program.model(model)]
        func add(_ option: String, _ value: String?) {
            if let value { arguments += [option, value] }
        }
        add("--negative-prompt", options["negative_prompts"]?.array?[0].string)
        add("--seed", options["seeds"]?.array?[0].int.map { "\($0)" })
        for (option, key) in [
            ("--steps", "num_inference_steps"), ("--width", "width"), ("--height", "height"), ("--clip-skip", "clip_skip"),
        ] {
            add(option, options[key]?.int.map { "\($0)" })
        }
        for (option, key) in [
            ("--guidance-scale", "guidance_scale"), ("--guidance-rescale", "guidance_rescale"), ("--strength", "strength"),
            ("--eta", "eta"),
        ] {
            add(option, options[key]?.double.map { "\($0)" })
        }
        add("--image", pictureFile("image"))
        add("--mask", pictureFile("mask_image"))
        add("--vae", options["vae"]?.string.map { Goldens.url($0).path })
        for lora in loras ?? [] { add("--lora", lora) }
        add("--scheduler", scheduler)
        add("--timestep-spacing", options["scheduler"]?["timestep_spacing"]?.string)
        add("--prediction-type", options["scheduler"]?["prediction_type"]?.string)
        return arguments
    }

    /// The same as a line of a file of prompts.
    func line(output: String) throws -> String {
        struct Line: Encodable {
            var prompt: String?
            var negativePrompt: String?
            var seed, steps, width, height, clipSkip: Int?
            var guidanceScale, strength: Double?
            var image, mask, scheduler: String?
            var lora: [String]?
            var output: String
        }
        let line = Line(
            prompt: options["prompts"]?.array?[0].string, negativePrompt: options["negative_prompts"]?.array?[0].string,
            seed: options["seeds"]?.array?[0].int, steps: options["num_inference_steps"]?.int, width: options["width"]?.int,
            height: options["height"]?.int, clipSkip: options["clip_skip"]?.int,
            guidanceScale: options["guidance_scale"]?.double, strength: options["strength"]?.double,
            image: pictureFile("image"), mask: pictureFile("mask_image"), scheduler: scheduler, lora: loras, output: output)
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(line), as: UTF8.self)
    }
}
