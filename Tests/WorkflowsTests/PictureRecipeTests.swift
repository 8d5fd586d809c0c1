import Diffusion
import Foundation
import Imaging
import TestSupport
import Testing

@testable import Workflows

/// The web UI's pictures, as they are redrawn.
@Suite struct PictureRecipeTests {
    private static func path(_ name: String) -> String { Goldens.url("Workflows/\(name)").path }

    @Test(arguments: ["latin.png", "latin.jpg"]) func parametersBecomeARequest(_ file: String) throws {
        let recipe = try PictureRecipe(pictureAt: Self.path(file))
        let request = recipe.description.request
        #expect(request.prompts == ["a (red:1.2) fox in the snow, Steps: none\n\nby an old master, café"])
        #expect(request.negativePrompt == "blurry, (ugly:1.3)\nlow quality, text")
        #expect(request.numInferenceSteps == 3 && request.guidanceScale == 7 && request.seed == 3_747_013_451)
        #expect(request.width == 32 && request.height == 40 && request.clipSkip?.layers == 1 && request.strength == nil)
        #expect(request.scheduler == .named("dpm++-karras"))
        #expect(recipe.description.model.model == nil)
        let (_, notes) = recipe.completing(recipe.description)
        #expect(
            notes == [
                "The web UI draws noise on the GPU unless it is told otherwise, so the picture differs.",
                "Not taken over: ControlNet 0: Module: canny, Model: control [d14c], Weight: 1.",
                "The picture was drawn from another one, with a denoising strength of 0.5; give that one with --image.",
                "The picture was drawn with the model v1-5-pruned-emaonly (6ce0161689); the one given is the repository's emoji-lcm. "
                    + "Another one is given with --model.",
            ])
    }

    @Test func whatIsGivenAnswersTheNotes() throws {
        let recipe = try PictureRecipe(pictureAt: Self.path("latin.png"))
        var given = recipe.description
        given.model.model = "models/V1-5-pruned-emaonly.safetensors"
        given.request.image = .file("a.png")
        let (complete, notes) = recipe.completing(given)
        #expect(complete.request.strength == 0.5)
        #expect(notes.count == 2)
        given.request.strength = 0.9
        #expect(recipe.completing(given).0.request.strength == 0.9)
    }

    @Test(arguments: ["unicode.png", "unicode.jpg"]) func noiseOfTheCPUIsTheSame(_ file: String) throws {
        let recipe = try PictureRecipe(pictureAt: Self.path(file))
        var given = recipe.description
        #expect(given.request.prompts == ["猫, a pink 🦄"] && given.request.scheduler == .named("euler-a"))
        given.model.model = "/somewhere/sd15/"
        #expect(recipe.completing(given).notes.isEmpty)
    }

    /// What is unknown, damaged or of another kind is noted, and the rest is taken.
    @Test func parametersThatCannotBeTaken() {
        func recipe(_ line: String) -> (PictureRecipe, [String]) {
            let recipe = PictureRecipe(WebUIParameters("a\n\(line), RNG: CPU"))
            return (recipe, recipe.completing(recipe.description).notes)
        }
        let (odd, notes) = recipe(
            "Steps: many, Sampler: Magic, CFG scale: inf, Seed: -1, Size: 8, Clip skip: 0, Tiling: True, Denoising strength: 2")
        #expect(odd.description.options.keys.sorted() == ["noise", "prompt", "seed"])
        #expect(
            notes == [
                "The sampler 'Magic' is not known here; the model's own is taken.",
                "Not taken over: Steps: many, CFG scale: inf, Seed: -1, Size: 8, Clip skip: 0, Tiling: True, Denoising strength: 2.",
            ])
        let (larger, pass) = recipe("Steps: 2, Sampler: Euler, Denoising strength: 0.4, Hires upscale: 2, Clip skip: 1")
        #expect(larger.description.request.clipSkip == nil)
        #expect(pass == ["Not taken over: Denoising strength: 0.4, Hires upscale: 2."])
        let (ddim, none) = recipe("Steps: 2, Sampler: DDIM, Eta DDIM: 0.5, Seed: 18446744073709551615")
        #expect(ddim.description.request.eta == 0.5 && ddim.description.request.seed == .max && none.isEmpty)
        let (nv, imitation) = recipe("Steps: 2, Sampler: Euler, Seed: 1")
        #expect(nv.description.request.schedulerOptions.timestepSpacing == .linspace && imitation.isEmpty)
        #expect(PictureRecipe(WebUIParameters("a\nSteps: 1, Sampler: LMS, RNG: NV")).notes[0].contains("imitates"))
    }

    /// Texts of other programs under the same key say nothing.
    @Test func picturesOfOthers() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/a.png"
        for metadata: ImageMetadata in [[:], ["parameters": "{\"prompt\": 1}"], ["parameters": "a: 1, bb: 2, cc: 3, dd: 4"]] {
            try RGBImage(width: 8, height: 8).write(to: path, metadata: metadata)
            let error = #expect(throws: PictureMetadataError.none(picture: path)) { try PictureRecipe(pictureAt: path) }
            #expect(error?.description.contains("AUTOMATIC1111's web UI") == true)
        }
        // A picture of the web UI is not one that was drawn by a prompt file's line.
        #expect(throws: PictureMetadataError.none(picture: Self.path("latin.png"))) {
            try GenerationDescription(pictureAt: Self.path("latin.png"))
        }
    }

    /// A request in the web UI's notation is read as the same request.
    @Test func whatIsWrittenIsRead() throws {
        var request = GenerationRequest("a (cat:1.2)\non a roof", seed: 9)
        (request.negativePrompt, request.numInferenceSteps, request.guidanceScale) = ("a dog, and more", 4, 7.5)
        (request.width, request.height, request.clipSkip) = (64, 32, try ClipSkip(1))
        request.scheduler = .named("lms-karras")
        request.schedulerOptions.timestepSpacing = .linspace
        let written = GenerationDescription(request: request)
        let parameters = WebUIParameters(
            written, scheduler: try SchedulerConfig.named("lms-karras", from: nil, file: ""),
            checkpoint: PictureCheckpoint(name: "emoji-lcm"))
        let read = PictureRecipe(WebUIParameters(parameters.text))
        #expect(read.description.options == written.options)
        #expect(read.completing(read.description).notes.isEmpty)
        // LoRAs are words of the prompt there.
        var adapted = written
        adapted.model.loras = ["folder/detail.safetensors:0.5", "x.safetensors"]
        let text = WebUIParameters(adapted, scheduler: .init(LMSDiscreteSchedulerConfig()), checkpoint: .init(name: "m")).prompt
        #expect(text == "a (cat:1.2)\non a roof <lora:detail:0.5> <lora:x:1.0>")
    }
}
