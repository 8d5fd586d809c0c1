@testable import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Pictures to begin with: what is refused, and what sizes they give.
@Suite struct InitialImageTests {
    private let model: LatentDiffusionModel
    private let inpainted: GoldenRun

    init() throws {
        inpainted = try GoldenRun.named("sd15/inpaint-euler")
        model = try inpainted.loadModel()
    }

    private func request(_ image: RGBImage, mask: RGBImage? = nil, strength: Double = 0.6) -> GenerationRequest {
        var request = GenerationRequest(prompts: ["a red cat"], numInferenceSteps: 5, guidanceScale: 1)
        (request.image, request.mask, request.strength) = (.image(image), mask.map { .image($0) }, strength)
        return request
    }

    private func plan(_ request: GenerationRequest) throws -> GenerationPlan { try GenerationPlan(request, model) }

    @Test func blackMasksLeaveNothingToDraw() throws {
        let (image, black) = (try RGBImage(width: 32, height: 40), try RGBImage(width: 8, height: 8))
        #expect(
            throws: GenerationError.option("The mask", value: "black", expected: "white where the picture is to be drawn anew")
        ) {
            try plan(request(image, mask: black))
        }
        let white = try RGBImage(width: 8, height: 8, filledWith: RGBPixel(red: 255, green: 255, blue: 255))
        #expect(try plan(request(image, mask: white)).initial?.mask?.isRedrawn.allSatisfy(\.self) == true)
    }

    @Test func strengthsThatLeaveNoStep() throws {
        let image = try RGBImage(width: 32, height: 40)
        let error = #expect(throws: SchedulerError.noSteps(of: 5, strength: 0.1)) { try plan(request(image, strength: 0.1)) }
        #expect(error?.description.contains("0.1") == true && error?.description.contains("5") == true)
        for strength in [0, -0.5, 1.001, .nan] {
            #expect(throws: GenerationError.self) { try plan(request(image, strength: strength)) }
        }
    }

    /// Without a size the picture's own is drawn, also where parts are filled in (diffusers takes the model's then).
    @Test func sizesComeOfThePicture() throws {
        for mask in [nil, try GoldenRun.picture("mask.png")] {
            let size = try plan(request(GoldenRun.picture("scene-odd.png"), mask: mask)).size
            #expect((size.width, size.height, size.latentWidth, size.latentHeight) == (48, 40, 6, 5))
        }
        var wide = request(try GoldenRun.picture("scene-odd.png"))
        wide.width = 64
        // 45 rows at 51 columns, at 64 columns.
        #expect(try plan(wide).size.width == 64)
        #expect(try plan(wide).initial?.picture.shape == [1, 3, 56, 64])
        (wide.width, wide.height) = (nil, 8)
        #expect(try plan(wide).size.width == 8)
        #expect(throws: GenerationError.smallImage(width: 7, height: 40, least: 8)) {
            try plan(request(RGBImage(width: 7, height: 40)))
        }
    }

    @Test func farLargerPicturesAreScaled() throws {
        let side = model.defaultSize
        let most = try plan(request(RGBImage(width: 2 * side, height: 2 * side)))
        #expect(most.size.width == 2 * side && most.resolved.notes.isEmpty)
        var large = request(try RGBImage(width: 2 * side, height: 4 * side))
        let scaled = try plan(large)
        // 1 : 2 in the area of side².
        #expect((scaled.size.width, scaled.size.height) == (48, 88) && side == 64)
        #expect(scaled.resolved.notes.first?.contains("\(2 * side)×\(4 * side) is scaled to 48×88") == true)
        let strip = try plan(request(RGBImage(width: 32_000, height: 1)))
        #expect(strip.size.height == 8)
        (large.width, large.height) = (32, 40)
        #expect(try plan(large).size.pixels == 32 * 40)
    }

    @Test func inpaintingModelsNeedAMask() async throws {
        let inpainting = try GoldenRun.named("inpainting/default").loadModel()
        for image in [nil, ImageSource.image(try RGBImage(width: 32, height: 40))] {
            var request = GenerationRequest(prompts: ["a red cat"])
            request.image = image
            let error = await #expect(throws: GenerationError.self) {
                try await LatentDiffusionPipeline(inpainting).generate(request)
            }
            #expect(error?.description.contains("needs a picture and a mask") == true)
        }
    }

    /// TAESD's own file of its decoder, without that of its encoder beside it.
    @Test func decodersAloneTakeNoPictures() throws {
        let path = Goldens.url("Architectures/tiny-vae/taesd/diffusion_pytorch_model.safetensors").path
        var writer = SafetensorsWriter()
        for (name, tensor) in try SafetensorsCheckpoint(path: path).entries where name.hasPrefix("decoder.layers.") {
            let rest = name.dropFirst("decoder.layers.".count).split(separator: ".", maxSplits: 1)
            try writer.add("\(try #require(Int(rest[0])) + 1).\(rest[1])", tensor.tensor())
        }
        let folder = try TemporaryFolder()
        let file = folder.url.appending(path: "taesd_decoder.safetensors")
        try writer.write(to: file.path)
        let decoding = try LatentDiffusionModel(ModelSource(GoldenRun.model("sd15")), vae: file)
        let error = try #expect(throws: GenerationError.self) {
            try GenerationPlan(request(RGBImage(width: 32, height: 40)), decoding)
        }
        #expect(error?.description.contains("(--vae)") == true)
    }

    /// What is kept stays as it was but for what the autoencoder does to it.
    @Test func whatIsKeptIsPutBack() async throws {
        let request = try inpainted.request(model)
        let pipeline = LatentDiffusionPipeline(model)
        let drawn = try await draw(request, with: pipeline)
        let run = try pipeline.run(request)
        var plan = run.plan
        let start = try plan.start(0..<1, await run.encodeImage { _ in })
        let inpainting = try #require(start.inpainting)
        let (mask, image) = (
            try inpainting.mask.elements(as: Float.self), try #require(inpainting.image).elements(as: Float.self)
        )
        let latents = try drawn.result.pictures[0].latents.elements(as: Float.self)
        #expect(mask.contains(0) && mask.contains(1))
        for index in latents.indices { #expect((latents[index] == image[index]) == (mask[index % mask.count] == 0)) }
    }
}
