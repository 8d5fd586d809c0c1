import Diffusion
import Foundation
import TestSupport

/// The smallest model there is, by a scheduler of few steps.
enum Small {
    static let model = Goldens.url("Diffusion/pipeline/sd15/model")

    static func request(seed: UInt64, steps: Int = 2) -> GenerationRequest {
        var request = GenerationRequest(
            prompts: ["a green apple"], width: 32, height: 40, numInferenceSteps: steps, guidanceScale: 1, seed: seed)
        request.scheduler = .named("ddim")
        return request
    }
}
