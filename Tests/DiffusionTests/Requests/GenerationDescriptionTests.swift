@testable import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore
import Testing
import Tokenizers

/// A model and a request as JSON.
@Suite struct GenerationDescriptionTests {
    private func decoded(_ text: String) throws -> GenerationDescription {
        try JSONDecoder().decode(GenerationDescription.self, from: Data(text.utf8))
    }

    /// Metadata of pictures as versions before wrote it, and as it is written now.
    private static let earlier = #"""
        {"clipSkip":1,"embeddings":["a.safetensors:<cat>"],"eta":0.25,"floatModel":"f","guidanceRescale":0.5,
        "guidanceScale":7.5,"height":512,"image":"i.png","loraLenient":true,"loras":["x.safetensors:0.5"],"mask":"m.png",
        "model":"owner/name","negativePrompt":"blurry","noise":"numpy","precision":"f,i,i,f","predictionType":"v_prediction",
        "prompt":"a cat","promptMode":"plain","safety":true,"scheduler":"ddim","seed":18446744073709551615,"steps":4,
        "strength":0.75,"timestepSpacing":"trailing","vae":"v","width":256}
        """#
    private static let current = #"""
        {"clip_skip":1,"embedding":["a.safetensors:<cat>"],"eta":0.25,"float_model":"f","guidance_rescale":0.5,
        "guidance_scale":7.5,"height":512,"image":"i.png","lora":["x.safetensors:0.5"],"lora_lenient":true,"mask":"m.png",
        "model":"owner/name","negative_prompt":"blurry","noise":"numpy","precision":"f,i,i,f","prediction_type":"v_prediction",
        "prompt":"a cat","prompt_mode":"plain","safety":true,"scheduler":"ddim","seed":"18446744073709551615","steps":4,
        "strength":0.75,"timestep_spacing":"trailing","vae":"v","width":256}
        """#

    @Test func bothSpellingsAreOneRequest() throws {
        let (old, new) = (try decoded(Self.earlier), try decoded(Self.current))
        #expect(old.options == new.options)
        #expect(old.options.count == 26)
        #expect(try old.json == Self.current.replacing("\n", with: ""))
        let (request, model) = (old.request, old.model)
        #expect(request.prompts == ["a cat"] && request.seed == .max && request.clipSkip?.layers == 1)
        #expect(
            request.promptMode == .plain && request.scheduler == .named("ddim")
                && request.precision == .steps([.float, .quantized, .quantized, .float]))
        #expect(request.schedulerOptions == .init(timestepSpacing: .trailing, predictionType: .vPrediction))
        #expect(model.loras == ["x.safetensors:0.5"] && model.loraLenient && model.embeddings == ["a.safetensors:<cat>"])
    }

    /// A picture's metadata names the model's defaults too, and draws the same pixels.
    @Test func metadataDrawsThePictureAgain() async throws {
        let pipeline = try LatentDiffusionPipeline(contentsOf: GoldenRun.model("autoencoder-kl"))
        let old = try decoded(
            #"{"prompt":"a cat","guidanceScale":8,"height":64,"noise":"torch","seed":3,"steps":1,"width":64}"#)
        let first = try await pipeline.generate(old.request).images
        let open = GenerationRequest(prompts: ["a cat"], numInferenceSteps: 1, seed: 3)
        let resolved = try ResolvedRequest(open, pipeline.model)
        let again = GenerationDescription(request: resolved.request)
        let read = try decoded(again.json)
        #expect(read.options == old.options)
        #expect(try await pipeline.generate(read.request).images == first)
    }

    @Test(arguments: [#"{"seed": -1}"#, #"{"seed": "random"}"#, #"{"seed": "-1"}"#]) func randomSeeds(_ text: String) throws {
        let seeds = try (0..<4).map { _ in try decoded(text).request.seed }
        #expect(Set(seeds).count > 1 && seeds.allSatisfy { $0 <= UInt32.max })
    }

    @Test func everyOptionIsWrittenAndRead() throws {
        let text = #"""
            {"batch_size":2,"count":3,"crops_coords_top_left":[1,2],"inference_precision":"bf16","lora_dir":"loras","lora_scales":[0.1,1.0],"negative_crops_coords_top_left":[3,4],
            "negative_original_size":[64,32],"negative_target_size":[8,16],"noise":"n.npy","original_inference_steps":50,
            "original_size":[512,256],"precision":"2","preview_interval":4,"prompts":["a","b"],"rescale_betas_zero_snr":true,
            "seed":0,"files":[["a.png","/b/a.png","0f"]],"shared_generator":true,"target_size":[512,512],"timesteps":[999,1],"use_beta_sigmas":true,
            "unet":"u","use_exponential_sigmas":false,"use_karras_sigmas":false}
            """#
        let description = try decoded(text)
        #expect(try decoded(description.json).options == description.options)
        let named = Set(description.options.keys).union(try decoded(Self.current).options.keys)
        #expect(named == Set(GenerationDescription.keys))
        #expect(description.request.sizeConditioning.originalSize == .init(width: 256, height: 512))
        #expect(description.request.pictureCount == 6)
    }

    @Test func defaultsAreNotWritten() throws {
        #expect(
            try GenerationDescription(request: GenerationRequest("a cat", seed: 7)).json
                == #"{"noise":"torch","prompt":"a cat","seed":7}"#)
        #expect(try decoded("{}").request.prompts.isEmpty)
        // Values in memory are in no file.
        var request = GenerationRequest("a cat")
        request.noise = .tensor(try Tensor([Float(0)], shape: [1]), name: "n")
        request.image = .image(try .init(width: 8, height: 8))
        request.scheduler = .config(SchedulerConfig(DDIMSchedulerConfig()))
        #expect(Set(GenerationDescription(request: request).options.keys) == ["prompt", "seed"])
    }

    @Test(arguments: [
        (#"{"stepz": 3}"#, "stepz is not an option; did you mean steps?"),
        (#"{"guidanceScle": 3}"#, "guidanceScle is not an option; did you mean guidance_scale or guidance_rescale?"),
        (#"{"loras": [1]}"#, "lora must be text, or an array of texts; it is [1]."),
        (#"{"clip_skip": -1}"#, "clip_skip must be a whole number from 0 to 1024; it is -1."),
        (#"{"seed": -2}"#, "seed must be a whole number from 0 to 18446744073709551615, or -1 for a random one; it is -2."),
        (#"{"files": [["a"]]}"#, "files must be an array of arrays of a name, a path and a fingerprint; it is [[\"a\"]]."),
        (#"{"noise": "perlin"}"#, "noise must be torch, numpy or a file ending in .npy; it is \"perlin\"."),
        (#"{"prompt_mode": "odd"}"#, "prompt_mode must be one of weighted, plain; it is \"odd\"."),
        (#"{"precision": "x"}"#, "precision must be \(PrecisionSchedule.expected); it is \"x\"."),
        (#"{"width": {"a": 1}}"#, "width must be a whole number from 1 to 16384; it is {}."),
        (#"{"original_size": [1]}"#, "original_size must be an array of a height and a width; it is [1]."),
        (#"{"safety": "yes"}"#, "safety must be true or false; it is \"yes\"."),
    ])
    func mistakes(_ text: String, _ message: String) throws {
        let error = #expect(throws: OptionError.self) { try decoded(text) }
        #expect(error.map { "\($0)" } == message)
    }

    /// Ranges hold for values that are set in Swift too.
    @Test func valuesOutOfRange() throws {
        func error(_ change: (inout GenerationRequest) -> Void) -> String? {
            var request = GenerationRequest("a cat")
            change(&request)
            do throws(GenerationError) {
                try request.check()
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(error { $0.guidanceRescale = 2 } == "guidance_rescale must be a number from 0 to 1; it is 2.0.")
        #expect(error { $0.image = .file("") } != nil)
        #expect(error { $0.mask = .file("m.png") }?.hasPrefix("The mask says") == true)
        #expect(error { $0.strength = 0.5 }?.hasPrefix("The strength says") == true)
        #expect(error { $0.loraScales = [.nan] }?.hasPrefix("lora_scales must be") == true)
        #expect(error { $0.imagesPerPrompt = 100_000 } == nil)
        #expect(error { ($0.imagesPerPrompt, $0.prompts) = (50_001, ["a", "b"]) }?.contains("for all prompts together") == true)
    }
}
