@testable import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore
import TestSupport
import Testing

/// Where a request's noise comes from.
@Suite(.serialized) struct PictureNoiseTests {
    /// Loaded once: tests of a serialized suite run one after the other.
    private nonisolated(unsafe) static let shared = Result { try Small.pipeline() }
    private static let shape: Shape = [1, 4, 8, 8]
    private let pipeline: LatentDiffusionPipeline

    init() throws { pipeline = try Self.shared.get() }

    private func tensor(_ elements: [Float], _ shape: Shape) throws -> Tensor { try Tensor(elements, shape: shape) }

    /// `draws` of a seed one after the other.
    private func elements(seed: UInt64, draws: Int, shape: Shape = Self.shape) throws -> [[Float]] {
        var source = TorchNoise(seed: seed)
        return try (0..<draws).map { _ in try source.normal(shape).elements() }
    }

    private func images(
        _ noise: GenerationRequest.Noise = .torch, seed: UInt64 = 0, count: Int = 1, steps: Int = 3
    ) async throws -> [RGBImage] {
        try await pipeline.generate(Small.request(images: count, steps: steps, seed: seed, noise: noise)).images
    }

    /// Latents and every step's noise in one tensor draw what the seed that they came of draws.
    @Test func stackedDrawsReplaceTheGenerator() async throws {
        let seeded = try await images(seed: 5, count: 2)
        let (first, second) = (try elements(seed: 5, draws: 3), try elements(seed: 6, draws: 3))
        let stack = try tensor((0..<3).flatMap { first[$0] + second[$0] }, [3, 2, 4, 8, 8])
        let pictures = try await pipeline.generate(
            Small.request(images: 2, steps: 3, seed: 99, noise: .tensor(stack, name: "n.npy", steps: .numpy))
        ).pictures
        #expect(pictures.map(\.image) == seeded)
        #expect(pictures.map(\.seed) == [nil, nil])
        // More draws than steps need do no harm.
        let more = try tensor((0..<3).flatMap { first[$0] + second[$0] } + first[0] + second[0], [4, 2, 4, 8, 8])
        #expect(try await images(.tensor(more, name: "n.npy"), seed: 99, count: 2) == seeded)
    }

    /// As diffusers' `latents=`: a generator that did not draw the latents gives its first numbers to the first step.
    @Test func latentsAloneTakeTheStepsNoiseFromTheSeed() async throws {
        let (latents, steps) = (try elements(seed: 5, draws: 1)[0], try elements(seed: 8, draws: 2))
        let alone = GenerationRequest.Noise.tensor(try tensor(latents, Self.shape), name: "n.npy")
        let stack = GenerationRequest.Noise.tensor(
            try tensor(latents + steps[0] + steps[1], [3, 1, 4, 8, 8]), name: "n.npy")
        #expect(try await images(alone, seed: 8) == images(stack))
        // At one step nothing but the latents counts.
        let oneStep = try await images(seed: 5, steps: 1)
        #expect(try await images(alone, seed: 8, steps: 1) == oneStep)
    }

    @Test func goldenLatentsDrawTheGoldenPicture() async throws {
        let run = try #require(try GoldenRun.load("emoji-lcm").first { $0.name == "one-step" })
        let golden = try run.values()
        let model = try run.loadModel()
        var request = try run.request(model)
        request.noise = .tensor(try golden["latents.0"], name: "golden.safetensors")
        request.seed = 12345
        let image = try await LatentDiffusionPipeline(model).generate(request).images[0]
        #expect(psnr(image, try golden.images()[0]) >= 55)
    }

    @Test func oneGeneratorDrawsForAllPictures() async throws {
        let together = try elements(seed: 3, draws: 2, shape: [2, 4, 8, 8])
        let stack = try tensor(together[0] + together[1], [2, 2, 4, 8, 8])
        let expected = try await images(.tensor(stack, name: "n.npy"), count: 2, steps: 2)
        var request = Small.request(images: 2, seed: 3)
        request.sharesGenerator = true
        let found = try await pipeline.generate(request)
        #expect(found.images == expected)
        #expect(found.pictures.map(\.seed) == [nil, nil])
        // Batches change nothing in who gets which numbers.
        request.batchSize = 2
        let batched = try await pipeline.generate(request).images
        for (a, b) in zip(batched, expected) { #expect(largestDifference(a, b) <= 1) }
    }

    /// Files hold where pictures start from and what steps add; latents of a picture to begin with are drawn from the seed.
    @Test func filesLeaveTheFirstPictureToTheSeed() async throws {
        let shape: Shape = [1, 4, 5, 4]
        var request = Small.request(steps: 4, seed: 5)
        (request.width, request.height) = (nil, nil)
        request.image = .image(try GoldenRun.picture("scene.png"))
        request.strength = 0.8
        let seeded = try await pipeline.generate(request).images
        let stack = try tensor(elements(seed: 5, draws: 4, shape: shape)[1...].flatMap(\.self), [3, 1, 4, 5, 4])
        request.noise = .tensor(stack, name: "n.npy")
        #expect(try await pipeline.generate(request).images == seeded)
        request.seed = 6
        #expect(try await pipeline.generate(request).images != seeded)
    }

    @Test func numpysNumbers() async throws {
        var source = NumpyNoise(seed: 11)
        let draws = try (0..<3).flatMap { _ in try source.normal(Self.shape).elements(as: Float.self) }
        let stack = try tensor(draws, [3, 1, 4, 8, 8])
        #expect(
            try await images(.numpy, seed: 11) == images(.tensor(stack, name: "n.npy")))
        await #expect(throws: NoiseError.numpySeed("4294967296")) {
            try await images(.numpy, seed: 1 << 32)
        }
        // The second picture's seed is one too many.
        await #expect(throws: NoiseError.self) { try await images(.numpy, seed: (1 << 32) - 1, count: 2) }
    }

    @Test func wrongShapes() async throws {
        let wrong: [Shape] = [
            [4, 8, 8], [1, 3, 8, 8], [1, 4, 8, 9], [2, 4, 8, 8], [3, 2, 4, 8, 8], [0, 1, 4, 8, 8], [1, 1, 1, 4, 8, 8], [256], [],
        ]
        for shape in wrong {
            let zeros = try Tensor(zeros: shape)
            await #expect(throws: NoiseError.fileShape(file: "n.npy", latents: Self.shape, found: shape)) {
                try await images(.tensor(zeros, name: "n.npy"))
            }
        }
    }

    @Test func wrongContents() async throws {
        let words = try Tensor(Array(repeating: Int64(1), count: 256), shape: Self.shape)
        await #expect(throws: NoiseError.fileElementType(file: "n.npy", found: .i64)) {
            try await images(.tensor(words, name: "n.npy"))
        }
        let bad = try tensor(Array(repeating: 0, count: 255) + [.nan], Self.shape)
        await #expect(throws: NoiseError.fileValue(file: "n.npy", index: 255)) {
            try await images(.tensor(bad, name: "n.npy"))
        }
        // Latents and noise for one step, where two are needed.
        let short = try Tensor(zeros: [2, 1, 4, 8, 8])
        await #expect(throws: NoiseError.exhausted(file: "n.npy", draws: 2)) {
            try await images(.tensor(short, name: "n.npy"))
        }
    }
}
