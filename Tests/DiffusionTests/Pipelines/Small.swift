import Diffusion
import Foundation
import Imaging
import ModelLoading
import TensorStore
import TestSupport

/// The smallest model there is, by a scheduler of few steps: what is told of it does not depend on weights.
enum Small {
    static let folder = GoldenRun.model("sd15")

    static func pipeline(_ memory: MemoryPolicy = .resident) throws -> LatentDiffusionPipeline {
        try LatentDiffusionPipeline(contentsOf: folder, memory: memory)
    }

    static func request(
        prompts: [String] = ["a green apple"], images: Int = 1, steps: Int = 2,
        seed: UInt64 = 1,
        noise: GenerationRequest.Noise = .torch
    ) -> GenerationRequest {
        var request = GenerationRequest(
            prompts: prompts, width: 64, height: 64, numInferenceSteps: steps, guidanceScale: 1, imagesPerPrompt: images,
            seed: seed, noise: noise)
        request.scheduler = .config(SchedulerConfig(LCMSchedulerConfig()))
        return request
    }
}

/// What a request gave, and the steps on the way.
struct Drawn {
    let steps: [GenerationEvent.Step]
    let result: GenerationResult
}

/// Draws, and keeps what is reported.
func draw(_ request: GenerationRequest, with pipeline: LatentDiffusionPipeline) async throws -> Drawn {
    var steps: [GenerationEvent.Step] = []
    let result = try await pipeline.generate(request) { event in
        if case .step(let step) = event { steps.append(step) }
    }
    return Drawn(steps: steps, result: result)
}

/// What came of a request whose task was cancelled.
struct Cancelled: Sendable {
    /// The steps that were reported, by their numbers.
    var steps: [Int] = []
    var error: (any Error)?
    /// From cancelling to the end.
    var delay = Duration.zero
}

/// Draws in a task of its own, which is cancelled as step `last` is reported, or before all else where that is nil.
func drawCancelled(_ request: GenerationRequest, with pipeline: LatentDiffusionPipeline, after last: Int?) async
    -> Cancelled
{
    /// @unchecked: the one task uses it, and the caller waits for that.
    struct Box: @unchecked Sendable { let pipeline: LatentDiffusionPipeline }
    let box = Box(pipeline: pipeline)
    return await Task {
        var result = Cancelled()
        var start = ContinuousClock.now
        func cancel() {
            start = .now
            withUnsafeCurrentTask { $0?.cancel() }
        }
        if last == nil { cancel() }
        do {
            _ = try await box.pipeline.generate(request) { event in
                guard case .step(let step) = event else { return }
                result.steps.append(step.index)
                if step.index == last { cancel() }
            }
        } catch {
            result.error = error
        }
        result.delay = ContinuousClock.now - start
        return result
    }.value
}

extension GenerationResult {
    var images: [RGBImage] { pictures.map(\.image) }
}

extension Tensor {
    /// Whether type, shape and every bit are the same.
    func isEqual(to other: Tensor) -> Bool {
        elementType == other.elementType && shape == other.shape
            && withUnsafeBytes { mine in other.withUnsafeBytes { mine.elementsEqual($0) } }
    }
}
