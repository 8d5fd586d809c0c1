import Architectures
@testable import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore
import TestSupport
import Testing
import Tokenizers

/// What is wrong with a request is told before any network is loaded, and what may be, in warnings.
@Suite(.serialized) struct GenerationRequestTests {
    /// Loaded once: tests of a serialized suite run one after the other.
    private nonisolated(unsafe) static let shared = Result { try Small.pipeline() }
    private let pipeline: LatentDiffusionPipeline

    init() throws { pipeline = try Self.shared.get() }

    /// Expects `request` to be refused with `error`, before the first stage.
    private func expectRefusal<Failure: Error & Equatable>(
        of request: GenerationRequest, _ error: Failure, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var stages = 0
        await #expect(throws: error, sourceLocation: sourceLocation) {
            _ = try await pipeline.generate(request) { event in
                if case .stage = event { stages += 1 }
            }
        }
        #expect(stages == 0, sourceLocation: sourceLocation)
    }

    @Test(arguments: [0, -8, 1, 63, 65, 100, Int.max, Int.min, 65_544, 1 << 40]) func sizes(_ value: Int) async throws {
        var request = Small.request()
        request.width = value
        try await expectRefusal(of: request, GenerationError.size("width", value: value, multiple: 8))
        request = Small.request()
        request.height = value
        try await expectRefusal(of: request, GenerationError.size("height", value: value, multiple: 8))
    }

    @Test func errorsOfSizesNameTheNearest() {
        func text(_ value: Int) -> String { "\(GenerationError.size("width", value: value, multiple: 8))" }
        #expect(text(100).contains("96 and 104"))
        #expect(text(3).contains(" 8"))
        #expect(!text(3).contains(" 0 "))
        #expect(text(16_381).contains("16384"))
        for value in [0, -8, Int.min, Int.max, 16_392, 80_000] {
            #expect(text(value).contains("8 to 16384"), "\(text(value))")
            #expect(text(value).contains("\(value)"))
        }
    }

    @Test func prompts() async throws {
        try await expectRefusal(of: Small.request(prompts: []), GenerationError.noPrompts)
        for blank in ["", " ", "\n\t\u{3000}"] {
            try await expectRefusal(of: Small.request(prompts: [blank]), GenerationError.emptyPrompt(index: 0))
            try await expectRefusal(of: Small.request(prompts: ["a cat", blank]), GenerationError.emptyPrompt(index: 1))
        }
        try await expectRefusal(of: Small.request(prompts: ["a\0cat"]), GenerationError.nul(option: "prompt"))
    }

    @Test(arguments: [0, -1, Int.max, Int.min]) func counts(_ count: Int) async throws {
        await #expect(throws: GenerationError.self) { try await pipeline.generate(Small.request(images: count)) }
        var request = Small.request(prompts: ["a cat", "a dog"], images: count)
        await #expect(throws: GenerationError.self) { try await pipeline.generate(request) }
        request = Small.request()
        request.previewInterval = min(count, 0)
        await #expect(throws: GenerationError.self) { try await pipeline.generate(request) }
    }

    @Test func batchSizes() async throws {
        for size in [0, -1] {
            var request = Small.request()
            request.batchSize = size
            try await expectRefusal(
                of: request, GenerationError.option("batch_size", value: "\(size)", expected: "1 or more"))
        }
        // Larger than what there is to draw.
        var request = Small.request()
        request.batchSize = .max
        #expect(try await pipeline.generate(request).pictures.count == 1)
    }

    /// Too large for single precision as well: the embedding would be no numbers.
    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300, -1e38]) func guidanceScales(_ scale: Double) async throws {
        var request = Small.request()
        request.guidanceScale = scale
        await #expect(throws: GenerationError.self) { try await pipeline.generate(request) }
    }

    @Test func unusualGuidanceScalesDraw() async throws {
        var request = Small.request(steps: 1)
        for scale in [0, 0.5, 1, -3, 100, 1e6] {
            request.guidanceScale = scale
            #expect(try await pipeline.generate(request).pictures.count == 1)
        }
    }

    @Test func steps() async throws {
        for count in [0, -1] { try await expectRefusal(of: Small.request(steps: count), SchedulerError.steps(count)) }
        try await expectRefusal(
            of: Small.request(steps: 51), SchedulerError.tooManySteps(51, originalSteps: 50, strength: 1))
        await #expect(throws: SchedulerError.self) { try await pipeline.generate(Small.request(steps: .max)) }
        var request = Small.request()
        request.originalInferenceSteps = 1001
        try await expectRefusal(of: request, SchedulerError.originalSteps(1001, trained: 1000))
    }

    @Test func timestepsByHand() async throws {
        var request = Small.request(steps: 9)
        request.timesteps = [999, 759, 19]
        let drawn = try await draw(request, with: pipeline)
        #expect(drawn.steps.map(\.timestep) == [999, 759, 19])
        #expect(drawn.steps.allSatisfy { $0.count == 3 })
        #expect(drawn.result.warnings.isEmpty)
        request.timesteps = [500, 20]
        #expect(try await draw(request, with: pipeline).result.warnings.count == 2)
        request.timesteps = [19, 19]
        try await expectRefusal(of: request, SchedulerError.timestepsNotDescending(previous: 19, next: 19))
        request.timesteps = [1000]
        try await expectRefusal(of: request, SchedulerError.timestepOutOfRange(1000, trained: 1000))
        request.timesteps = []
        try await expectRefusal(of: request, SchedulerError.noTimesteps(given: 0, strength: 1))
    }

    @Test func longPromptsAreCutWithAWarning() async throws {
        let long = Array(repeating: "a green apple", count: 40).joined(separator: " and ") + " and a purple robot"
        var request = Small.request(prompts: ["a cat", long], steps: 1)
        request.promptMode = .plain
        var reported: [String] = []
        let result = try await pipeline.generate(request) { event in
            if case .warning(let text) = event { reported.append(text) }
        }
        #expect(result.pictures.count == 2)
        #expect(reported == result.warnings)
        #expect(result.warnings.count == 1)
        #expect(result.warnings.first?.contains("longer than 24 tokens") == true)
        #expect(result.warnings.first?.hasSuffix("and a purple robot'.") == true)
        // Unless they are encoded in chunks, which is so where nothing is asked for.
        request.promptMode = .weighted
        let chunked = try await pipeline.generate(request)
        #expect(chunked.warnings.isEmpty)
        #expect(chunked.images[1] != result.images[1])
        // One chunk of text is padded to as many as the other prompt has, which are seen too.
        request.prompts = ["a cat", "a (cat:1.5)"]
        let weighted = try await pipeline.generate(request)
        #expect(weighted.images[0] == result.images[0] && weighted.images[1] != weighted.images[0])
    }

    @Test func negativePromptsWithoutEffect() throws {
        func warnings(_ model: LatentDiffusionModel, _ negative: String?, scale: Double) throws -> [String] {
            var request = Small.request()
            (request.negativePrompt, request.guidanceScale) = (negative, scale)
            return try GenerationPlan(request, model).warnings
        }
        let atOne = try warnings(pipeline.model, "a dog", scale: 1)
        #expect(atOne.count == 1 && atOne[0].contains("guidance scale of 1 or less"))
        #expect(try warnings(pipeline.model, "a dog", scale: 1.5).isEmpty)
        #expect(try warnings(pipeline.model, nil, scale: 1).isEmpty)
        let consistency = try LatentDiffusionModel(ModelSource(GoldenRun.model("autoencoder-kl")))
        let told = try warnings(consistency, "a dog", scale: 8)
        #expect(told.count == 1 && told[0].contains("one prediction a step"))
        #expect(try warnings(consistency, "", scale: 8).isEmpty)
    }

    @Test func clipSkips() async throws {
        let layers = pipeline.model.textEncoders[0].config.numHiddenLayers
        var request = Small.request(steps: 1)
        request.clipSkip = try ClipSkip(layers + 1)
        try await expectRefusal(
            of: request,
            GenerationError.option(
                "clip_skip", value: "\(layers + 1)", expected: "at most \(layers) for a text encoder of \(layers) layers"))
        request.clipSkip = try ClipSkip(layers)
        #expect(try await pipeline.generate(request).images.count == 1)
    }

    @Test(arguments: [-0.1, 1.1, .nan]) func sharesOfGuidanceRescaleAndEta(_ value: Double) async throws {
        var request = Small.request()
        request.guidanceRescale = value
        await #expect(throws: GenerationError.self) { try await pipeline.generate(request) }
        request = Small.request()
        request.scheduler = .named("ddim")
        request.eta = value
        await #expect(throws: SchedulerError.self) { try await pipeline.generate(request) }
    }

    @Test func theModelsOwnSizeIsTheDefault() async throws {
        var request = Small.request(steps: 1)
        (request.width, request.height) = (nil, 72)
        let image = try await pipeline.generate(request).images[0]
        #expect((image.width, image.height) == (pipeline.defaultSize, 72))
    }
}
