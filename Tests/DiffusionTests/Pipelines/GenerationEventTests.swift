import Adapters
import Architectures
@testable import Diffusion
import Foundation
import Imaging
import Inference
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// What is told while a request is worked on.
@Suite struct GenerationEventTests {
    @Test func previewsShowWhatIsForeseen() async throws {
        let pipeline = try Small.pipeline()
        var request = Small.request(images: 2, steps: 4)
        let plain = try await pipeline.generate(request)
        request.previewInterval = 1
        let drawn = try await draw(request, with: pipeline)
        #expect(drawn.result.images == plain.images)
        // After the last step the picture itself follows.
        #expect(drawn.steps.map(\.previews.count) == [1, 1, 1, 0, 1, 1, 1, 0])
        #expect(drawn.steps.flatMap(\.previews).allSatisfy { $0.width == 64 && $0.height == 64 })
        #expect(Set(drawn.steps.flatMap(\.previews)).count == 6)

        request.previewInterval = 2
        request.batchSize = 2
        #expect(try await draw(request, with: pipeline).steps.map(\.previews.count) == [0, 2, 0, 0])
        request.previewInterval = nil
        #expect(try await draw(request, with: pipeline).steps.allSatisfy(\.previews.isEmpty))

        // One step decodes what a preview of the same latents shows.
        let first = try #require(drawn.steps.first)
        #expect(try await decoded(first.denoised, pipeline.model.vaeDecoder) == first.previews[0])
    }

    private func decoded(_ latents: Tensor, _ network: Network<any LatentAutoencoder>) async throws -> RGBImage {
        let size = OutputSize(
            latentHeight: latents.shape[2], latentWidth: latents.shape[3], factor: network.architecture.spatialFactor)
        let decoder = try LatentDecoder(network, size, CompileOptions())
        return try await decoder.image(in: decoder.run(latents))
    }

    @Test func aPreviewDecoderShowsPreviewsAlone() async throws {
        var model = try GoldenRun.named("sd15/euler").loadModel()
        var request = try GoldenRun.named("sd15/euler").request(model)
        let plain = try await LatentDiffusionPipeline(model).generate(request)
        try model.addPreviewDecoder(Goldens.url("Architectures/tiny-vae/taesd"))
        request.previewInterval = 2
        for memory in [MemoryPolicy.resident, .staged] {
            let drawn = try await draw(request, with: LatentDiffusionPipeline(model, memory: memory))
            #expect(drawn.result.images == plain.images)
            #expect(drawn.steps.map(\.previews.count) == [0, 1, 0, 0])
            #expect(drawn.result.timings["preview decoder"]?.runs.count == 1)
            #expect(drawn.result.timings["vae decoder"]?.runs.count == 1)
            let expected = try await decoded(drawn.steps[1].denoised, #require(model.previewDecoder))
            #expect(drawn.steps[1].previews == [expected])
        }
    }

    @Test(arguments: [MemoryPolicy.resident, .staged]) func eventsComeInOrder(_ memory: MemoryPolicy) async throws {
        let names = try await events(Small.request(images: 2), Small.pipeline(memory))
        let begin = ["encodingText", "loadingDenoiser", "denoising"]
        let finish = (0..<2).map { ["decoding", "picture \($0)"] }
        let steps = (0..<2).map { ["\($0..<$0 + 1) 0/2", "\($0..<$0 + 1) 1/2"] }
        #expect(
            names == begin
                + (memory == .staged
                    ? steps[0] + steps[1] + ["loadingDecoder"] + finish[0] + finish[1]
                    : steps[0] + ["loadingDecoder"] + finish[0] + steps[1] + finish[1]))
    }

    private func events(_ request: GenerationRequest, _ pipeline: LatentDiffusionPipeline) async throws -> [String] {
        var names: [String] = []
        _ = try await pipeline.generate(request) { event in
            switch event {
            case .accepted: break
            case .stage(let stage): names.append("\(stage)")
            case .warning(let text): names.append(text)
            case .adapted(let report): names.append("adapted \(report.network)")
            case .outputs(let network, _): names.append(network)
            case .step(let step): names.append("\(step.pictures) \(step.index)/\(step.count)")
            case .picture(let picture): names.append("picture \(picture.index)")
            }
        }
        return names
    }

    @Test func picturesToBeginWithAreAStageOfTheirOwn() async throws {
        let run = try GoldenRun.named("sd15/image-euler")
        let model = try run.loadModel()
        let names = try await events(run.request(model), LatentDiffusionPipeline(model))
        #expect(names.dropFirst().prefix(5) == ["encodingText", "encodingImage", "loadingDenoiser", "denoising", "0..<1 0/3"])
    }

    @Test func adaptedNetworksAreTold() async throws {
        let run = try GoldenRun.named("sd15/lcm-lora")
        let model = try run.loadModel()
        let request = try run.request(model)
        for memory in [MemoryPolicy.resident, .staged] {
            let pipeline = LatentDiffusionPipeline(model, memory: memory)
            for isFirst in [true, false] {
                var modules: [String: Int] = [:]
                _ = try await pipeline.generate(request) { event in
                    guard case .adapted(let report) = event else { return }
                    #expect(report.files.count == 1 && report.files[0].unplaced.isEmpty)
                    modules["\(report.network)", default: 0] += report.files[0].modules
                }
                // Networks that are kept are not adapted again, and those that the file has nothing for are not at all.
                #expect(modules.keys.sorted() == (isFirst || memory == .staged ? ["unet"] : []))
                #expect(modules.values.allSatisfy { $0 > 0 })
            }
        }
    }

    /// Other scales need nothing compiled anew, and merged LoRAs take none.
    @Test func scalesOfLoRAsChangeBetweenRequests() async throws {
        let run = try GoldenRun.named("sd15/lcm-lora")
        var model = try run.loadModel()
        var request = try run.request(model)
        let merged = try await LatentDiffusionPipeline(model).denoise(request)
        request.loraScales = [0]
        await #expect(throws: GenerationError.self) { try await LatentDiffusionPipeline(model).denoise(request) }

        let scale = try #require(model.loras?.items[0].scale)
        model.loraForm = .runtime
        let pipeline = LatentDiffusionPipeline(model)
        let none = try await pipeline.denoise(request)
        request.loraScales = [scale]
        let result = try await pipeline.generate(request)
        #expect(result.timings["unet"]?.compiling == .zero)
        try expectClose(result.pictures[0].latents, merged[0], tolerance: 1e-3)
        request.loraScales = nil
        try expectClose(try await pipeline.denoise(request)[0], merged[0], tolerance: 1e-3)
        let (with, without) = (try merged[0].elements(as: Float.self), try none[0].elements(as: Float.self))
        #expect(zip(with, without).contains { abs($0 - $1) > 0.01 })

        request.loraScales = [1, 2]
        await #expect(throws: GenerationError.self) { try await pipeline.denoise(request) }
    }

    // MARK: The safety checker

    /// The networks of `sd15` with the checker of `safety`, or one that finds nothing in any picture.
    private func checkedModel(in folder: TemporaryFolder, findsAnything: Bool) throws -> LatentDiffusionModel {
        func link(_ name: String, to url: URL) throws {
            try FileManager.default.createSymbolicLink(at: folder.url.appending(path: name), withDestinationURL: url)
        }
        let libraries = [
            "unet": ("diffusers", "UNet2DConditionModel"), "vae": ("diffusers", "AutoencoderKL"),
            "text_encoder": ("transformers", "CLIPTextModel"), "tokenizer": ("transformers", "CLIPTokenizer"),
            "scheduler": ("diffusers", "PNDMScheduler"), "feature_extractor": ("transformers", "CLIPImageProcessor"),
            "safety_checker": ("stable_diffusion", "StableDiffusionSafetyChecker"),
        ]
        for name in ["unet", "vae", "text_encoder", "tokenizer", "scheduler"] {
            try link(name, to: GoldenRun.model("sd15").appending(path: name))
        }
        try link("feature_extractor", to: SafetyGoldens.featureExtractor)
        try folder.write("safety_checker/config.json", Data(contentsOf: SafetyGoldens.checker.appending(path: "config.json")))
        var writer = SafetensorsWriter()
        for (name, entry) in try SafetensorsCheckpoint(path: SafetyGoldens.checker.appending(path: "model.safetensors").path)
            .entries
        {
            let isThreshold = name == "concept_embeds_weights" && !findsAnything
            // No cosine is above 2.
            try writer.add(
                name, isThreshold ? Tensor(Array(repeating: Float(2), count: entry.shape[0]), shape: entry.shape) : entry.tensor()
            )
        }
        try writer.write(to: folder.url.appending(path: "safety_checker/model.safetensors").path)
        let entries = libraries.map { #""\#($0.key)": ["\#($0.value.0)", "\#($0.value.1)"]"# }
        try folder.write(
            "model_index.json", #"{"_class_name": "StableDiffusionPipeline", \#(entries.joined(separator: ", "))}"#)
        return try LatentDiffusionModel(ModelSource(folder.url))
    }

    @Test(arguments: [(MemoryPolicy.resident, true), (.staged, true), (.resident, false)])
    func flaggedPicturesAreBlurred(_ memory: MemoryPolicy, _ findsAnything: Bool) async throws {
        let folder = try TemporaryFolder()
        let model = try checkedModel(in: folder, findsAnything: findsAnything)
        #expect(model.hasSafetyChecker)
        var request = try GoldenRun.named("sd15/lcm").request(model)
        (request.imagesPerPrompt, request.numInferenceSteps) = (2, 1)
        let pipeline = LatentDiffusionPipeline(model, memory: memory)
        let plain = try await pipeline.generate(request)
        #expect(plain.pictures.allSatisfy { $0.safety == nil } && plain.timings["safety checker"] == nil)

        request.checksSafety = true
        var stages = 0
        let checked = try await pipeline.generate(request) { event in
            if case .stage(.checkingSafety) = event { stages += 1 }
        }
        #expect(stages == 2 && checked.timings["safety checker"]?.runs.count == 2)
        let checker = try SafetyChecker(model.safetyChecker(), CompileOptions())
        for (found, original) in zip(checked.pictures, plain.images) {
            #expect(try await checker.check(checker.prepared(original)) == found.safety)
            #expect(found.safety?.isFlagged == findsAnything)
            #expect(found.image == (findsAnything ? try original.blurredForSafety() : original))
        }
    }

    @Test func modelsWithoutACheckerRefuse() async throws {
        let run = try GoldenRun.named("sd15/lcm")
        let model = try run.loadModel()
        var request = try run.request(model)
        request.checksSafety = true
        let error = await #expect(throws: GenerationError.self) { try await LatentDiffusionPipeline(model).generate(request) }
        #expect(error?.description.contains("it has no safety checker") == true)
    }

    // MARK: Timings

    @Test func timingsAreFilledIn() async throws {
        let timings = try await Small.pipeline().generate(Small.request(images: 2, steps: 3)).timings
        let names = ["text encoder", "unet", "unet, prompt", "unet, time", "vae decoder"]
        #expect(Set(timings.networks.map(\.name)) == Set(names))
        // One prompt, three timesteps, two pictures.
        #expect(names.map { timings[$0]?.runs.count } == [1, 6, 1, 3, 2])
        for network in timings.networks {
            #expect(network.graph >= .zero && network.reading > .zero && network.compiling > .zero, "\(network.name)")
            #expect(network.runs.allSatisfy { $0 > .zero })
        }
        for part in [timings.tokenizing, timings.noise, timings.scheduler, timings.conversion] { #expect(part > .zero) }
        #expect(timings.outsideNetworks > .zero && timings.outsideNetworks < timings.total)
        #expect(timings["no network"] == nil)
    }
}
